import { expect, test } from "bun:test";
import fc from "fast-check";
import { effort } from "../../support/effort.ts";
import { hostileText } from "../../support/hostile-text.ts";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

/** Registered before; nothing generated here is meant for them, whatever it says. */
const BYSTANDERS = ["bystander-1", "bystander-2", "bystander-3"];

const KEYS = [
  ...["agent_id", "agent_name", "metadata", "timestamp", "status", "health_data", "capabilities", "dependencies"],
  ...["name", "namespace", "endpoint", "health_interval", "timeout_threshold", "eviction_threshold", "tags", "labels"],
  ...["annotations", "version", "description", "transport", "agent_type", "security_context", "resource_version"],
  ...["performance_profile", "category", "stability", "parameters", "security_level", "__proto__", "constructor"],
];
const PARAMETERS = [
  ...[
    "namespace",
    "status",
    "capability",
    "capabilities",
    "capability_category",
    "stability",
    "tags",
    "label_selector",
  ],
  ...["labelSelector", "fuzzy_match", "version_constraint", "limit", "continue", "offset", "agent_id", "name"],
  ...["description_contains", "include_deprecated", "agent_namespace", "agent_status", "watch", "resource_version"],
];
const PATHS = [
  ...[
    "/",
    "/agents",
    "/capabilities",
    "/health",
    "/health/monitoring",
    "/metrics",
    "/metrics/prometheus",
    "/heartbeat",
  ],
  ...[
    REGISTER,
    "/agents/register",
    "/agents/register_capabilities",
    "/agents/heartbeat",
    "/agents/{}",
    "/agents/{}/health",
  ],
  ...["/health/{}", "/livez", "/ready", "/openapi.json", "/docs", "/{}"],
];

const BODY_PATHS = [REGISTER, REGISTER, "/heartbeat", "/agents/register", "/agents/register_capabilities"];

const id = fc.oneof(fc.constantFrom("a", "b", "__proto__", "constructor"), hostileText);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, 1e308, 30, 4_000));
const value = fc.oneof(
  { weight: 3, arbitrary: id },
  { weight: 2, arbitrary: number },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, "healthy", "1.0.0", "http://h:1", "stdio://x") },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const { tree } = fc.letrec<{ tree: unknown; object: unknown }>((tie) => ({
  tree: fc.oneof({ maxDepth: 4, depthSize: "small" }, value, fc.array(tie("tree"), { maxLength: 3 }), tie("object")),
  object: fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...KEYS), hostileText), tie("tree")), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries)),
}));
const capability = fc.record(
  {
    name: fc.oneof(fc.constantFrom("skill", "date"), hostileText),
    version: tree,
    description: tree,
    tags: tree,
    category: tree,
  },
  { requiredKeys: ["name"] },
);
/** Taken by some route or other, whatever the texts. */
const fineBody = fc.record({
  agent_id: fc.constantFrom("a", "b", "__proto__", "constructor"),
  agent_name: fc.constantFrom("a", "b"),
  timestamp: fc.constantFrom("t", "now"),
  status: fc.constantFrom("healthy", "offline", null),
  metadata: fc.record(
    {
      ...{
        labels: tree,
        annotations: tree,
        tags: tree,
        metadata: tree,
        description: tree,
        dependencies: fc.array(hostileText),
      },
      capabilities: fc.constantFrom(["skill"], [{ name: "skill", tags: ["x"] }], []),
      agent_name: fc.constantFrom("a", "b", "c"),
      health_interval: fc.constantFrom(1, 30.5, null),
    },
    { requiredKeys: [] },
  ),
  capabilities: fc.array(capability, { maxLength: 3 }),
});
/** Close to what is expected, with something wrong somewhere. */
const likelyBody = fc.record({
  agent_id: id,
  agent_name: id,
  timestamp: fc.constantFrom("t", "", 5),
  status: fc.oneof(fc.constantFrom("healthy", "offline", null), tree),
  metadata: fc.record(
    {
      ...Object.fromEntries(KEYS.map((key) => [key, tree])),
      agent_name: id,
      capabilities: fc.array(fc.oneof(capability, fc.constantFrom("skill"), tree), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  ),
  capabilities: fc.array(capability, { maxLength: 3 }),
});
const bodyText = fc.oneof(
  { weight: 4, arbitrary: fineBody.map((body) => JSON.stringify(body)) },
  { weight: 3, arbitrary: likelyBody.map((body) => JSON.stringify(body)) },
  { weight: 2, arbitrary: tree.map((body) => JSON.stringify(body) ?? "") },
  { weight: 1, arbitrary: hostileText },
  {
    weight: 1,
    arbitrary: fc.tuple(likelyBody, fc.nat(200)).map(([body, length]) => JSON.stringify(body).slice(0, length)),
  },
);
const query = fc
  .array(
    fc.tuple(
      fc.oneof(fc.constantFrom(...PARAMETERS), hostileText),
      fc.oneof(hostileText, fc.constantFrom("", "true", "a=b", "a in (b)", "^1.0.0", ">=", "1", "healthy")),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([key, text]) => `${encode(key)}=${encode(text)}`).join("&"));
const anyPath = fc.tuple(fc.constantFrom(...PATHS), id).map(([path, name]) => path.replace("{}", () => encode(name)));
const request = fc.record({
  target: fc.oneof(
    fc.tuple(fc.constantFrom("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"), anyPath),
    fc.tuple(fc.constant("POST"), fc.constantFrom(...BODY_PATHS)),
  ),
  query,
  body: bodyText,
  ifMatch: fc.option(fc.constantFrom('"1"', "*", "nonsense", 'W/"5"'), { freq: 5 }),
});

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** All that a client can see, but for what only time moves. */
async function everything(registry: HttpRegistry): Promise<unknown> {
  const { agents, resource_version } = (await registry.get("/agents")).body;
  return { agents, resource_version };
}

test(
  "no request whatever is our failure, and one that is refused leaves every agent as it was",
  async () => {
    // A kept list may show a beat a second late, which would look like a change.
    await using registry = await startHttpRegistry({ environment: { ENABLE_RESPONSE_CACHE: "false" } });
    for (const bystander of BYSTANDERS) {
      const body = registrationBody(bystander, { labels: { kept: "yes" }, capabilities: [{ name: "skill" }] });
      await registry.post(REGISTER, body);
    }
    const bystanders = () => Promise.all(BYSTANDERS.map(async (name) => (await registry.get(`/agents/${name}`)).body));
    const before = await bystanders();
    let shown = await everything(registry);
    const answered = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ target: [method, path], query: parameters, body, ifMatch }) => {
        const response = await registry.fetch(`${path}?${parameters}`, {
          method,
          headers: { Origin: "http://localhost:3000", ...(ifMatch === null ? {} : { "If-Match": ifMatch }) },
          ...(method === "GET" || method === "HEAD" ? {} : { body }),
        });
        answered.set(response.status, (answered.get(response.status) ?? 0) + 1);
        expect(response.status).toBeLessThan(500);
        const text = await response.text();
        if (response.headers.get("content-type")?.startsWith("application/json") && method !== "HEAD") JSON.parse(text);
        const now = await everything(registry);
        const mayChange = response.status < 300 && (method === "POST" || method === "DELETE");
        if (!mayChange) expect(now).toEqual(shown);
        shown = now;
      }),
      { numRuns: effort({ short: 800, long: 30_000 }) },
    );
    expect(await bystanders()).toEqual(before);
    expect((await registry.get("/health")).status).toBe(200);
    // The generator has to get through, or nothing was shown.
    expect([...answered.keys()]).toEqual(expect.arrayContaining([200, 201, 204, 400, 404, 405, 409]));
  },
  effort({ short: 30_000, long: 600_000 }),
);
