import { describe, expect, test } from "bun:test";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

/** Every route that takes a body, and a body it takes for an agent that exists. */
const BODIES: Readonly<Record<string, Record<string, unknown>>> = {
  [REGISTER]: registrationBody("victim", {
    ...{ name: "n", agent_type: "worker", namespace: "ns", endpoint: "http://h:1", dependencies: ["d"], tags: ["t"] },
    ...{
      health_interval: 30,
      timeout_threshold: 60,
      eviction_threshold: 120,
      security_context: "s",
      labels: { a: "b" },
    },
    ...{ annotations: { a: 1 }, metadata: { c: 1 }, version: "1.0.0", description: "d", transport: ["stdio"] },
    ...{ performance_profile: { p: 1 }, resource_requirements: { r: 1 }, resource_version: "" },
    capabilities: [
      {
        ...{
          name: "skill",
          version: "1.0.0",
          description: "d",
          parameters_schema: {},
          input_schema: {},
          parameters: {},
        },
        ...{ security_requirements: ["s"], security_level: "l", category: "c", stability: "stable", tags: ["t"] },
        ...{ compatibility_versions: ["1.0.0"], parent_capabilities: ["p"], performance_metrics: {}, metadata: {} },
      },
    ],
  }),
  "/agents/register": {
    ...{ agent_name: "victim", capabilities: ["skill"], dependencies: ["d"], security_context: "s", timestamp: "t" },
  },
  "/agents/register_capabilities": { agent_id: "victim", capabilities: [{ name: "skill" }] },
  "/heartbeat": {
    ...{ agent_id: "victim", status: "healthy" },
    metadata: {
      endpoint: "http://h:1",
      agent_name: "victim",
      capabilities: ["skill"],
      health_interval: 30,
      tags: ["t"],
    },
  },
  "/agents/heartbeat": {
    ...{ agent_name: "victim", status: "healthy", capabilities: ["skill"], timestamp: "t", checks: {}, errors: [] },
    ...{ uptime_seconds: 1, version: "1.0.0", metadata: { endpoint: "http://h:1" } },
  },
  "/agents/victim/health": {
    agent_id: "victim",
    status: "healthy",
    health_data: { endpoint: "http://h:1" },
    timestamp: 1,
  },
};

const WRONG_VALUES: readonly string[] = [
  ...["null", "true", "false", "0", "-1", "1.5", "1e308", "1e999", "-0", '"text"', '""', '"\\u0000"', '"\\ud800"'],
  ...["[]", "{}", "[[]]", "[null]", '[{"name":5}]', '{"__proto__":{"endpoint":"http://evil"}}', '{"a":{"b":[1]}}'],
];

/** Every text that arises when one value somewhere in the body is replaced by another. */
function* withOneValueReplaced(body: unknown, replacement: string): Iterable<string> {
  if (typeof body !== "object" || body === null) return;
  const entries = Object.entries(body);
  for (const [key, value] of entries) {
    const printed = (text: string) => {
      const parts = entries.map(([other, kept]) => [other, other === key ? text : JSON.stringify(kept)] as const);
      if (Array.isArray(body)) return `[${parts.map(([, part]) => part).join()}]`;
      return `{${parts.map(([name, part]) => `${JSON.stringify(name)}:${part}`).join()}}`;
    };
    yield printed(replacement);
    for (const inner of withOneValueReplaced(value, replacement)) yield printed(inner);
  }
}

async function startWithVictim(): Promise<HttpRegistry> {
  // A kept list may show a beat a second late, which would look like a change.
  const registry = await startHttpRegistry({ environment: { ENABLE_RESPONSE_CACHE: "false" } });
  await registry.post(REGISTER, registrationBody("victim", { description: "unharmed", endpoint: "http://10.0.0.1:1" }));
  return registry;
}

describe("JSON that is none", () => {
  test.each(Object.keys(BODIES).filter((path) => path !== "/agents/register_capabilities"))(
    "is 400 on %s and changes nothing",
    async (path) => {
      await using registry = await startWithVictim();
      const whole = JSON.stringify(BODIES[path]);
      const texts = [
        ...[
          "",
          " ",
          "\n",
          "nul",
          "{",
          "}",
          "[",
          '"',
          '{"',
          "{,}",
          '{"agent_id"',
          "{}{}",
          "NaN",
          "Infinity",
          "undefined",
        ],
        ...["'single'", "// comment\n{}", "\ufeff", "\u0000", '{"a":1,}', '{"a":01}', '{"a":"\n"}', '{"a":"\\x41"}'],
        ...Array.from({ length: 20 }, (_, index) => whole.slice(0, Math.floor((whole.length * index) / 20))),
        ...["[".repeat(100_000), '{"a":'.repeat(100_000), `{"metadata":${"[".repeat(501)}${"]".repeat(501)}}`],
      ];
      const before = (await registry.get("/agents")).body;
      for (const text of texts) {
        const { status, body } = await registry.post(path, text);
        expect({ text: text.slice(0, 40), status }).toEqual({ text: text.slice(0, 40), status: 400 });
        expect(body.detail.length).toBeLessThan(500);
      }
      const five = await registry.post(path, `{"agent_id":"${"x".repeat(5_000_000)}"}`);
      expect(five.status).toBe(413);
      expect((await registry.get("/agents")).body.agents).toEqual(before.agents);
    },
  );

  test("is acknowledged by register_capabilities, and stores nothing", async () => {
    await using registry = await startWithVictim();
    for (const text of ["", "{", "[".repeat(100_000), "\u0000", "NaN"]) {
      const { status, body } = await registry.post("/agents/register_capabilities", text);
      expect([status, body.status]).toEqual([200, "success"]);
      expect(body.warning).toStartWith("Nothing stored: ");
    }
    expect((await registry.get("/capabilities")).body.count).toBe(0);
  });

  test("may hold bytes that are no UTF-8: they become U+FFFD", async () => {
    await using registry = await startWithVictim();
    const bytes = Buffer.concat([
      Buffer.from('{"agent_id":"bytes","timestamp":"t","metadata":{"description":"'),
      Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from('"}}'),
    ]);
    const head = rawRequest("POST", REGISTER, [`Content-Length: ${bytes.length}`]);
    expect((await exchange(registry.port, [head, bytes])).status).toBe(201);
    expect((await registry.get("/agents/bytes")).body.description).toMatch(/^\ufffd+$/);
  });
});

test("of a key given twice the last counts", async () => {
  await using registry = await startWithVictim();
  const body =
    '{"agent_id":"first","agent_id":"second","timestamp":"t","metadata":{"name":"x"},"metadata":{"description":"a","description":"b"}}';
  expect((await registry.post(REGISTER, body)).body.agent_id).toBe("second");
  expect((await registry.get("/agents/second")).body).toMatchObject({ name: "second", description: "b" });
  expect((await registry.get("/agents/first")).status).toBe(404);
});

test("nesting is taken up to 500 levels, and comes back whole", async () => {
  await using registry = await startWithVictim();
  const depth = 500 - 3;
  const nested = `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const body = `{"agent_id":"deep","timestamp":"t","metadata":{"metadata":{"b":${nested}}}}`;
  expect((await registry.post(REGISTER, body)).status).toBe(201);
  expect(JSON.stringify((await registry.get("/agents/deep")).body.config)).toBe(`{"b":${nested}}`);
  const deeper = await registry.post(REGISTER, body.replace('{"b":', '{"b":{"c":').replace("}}}}", "}}}}}"));
  expect([deeper.status, deeper.body.detail]).toEqual([400, "invalid JSON: nested deeper than 500 levels"]);
});

describe("a wrong value anywhere in a body", () => {
  test.each(Object.entries(BODIES))(
    "of %s is never our failure, and a refused one changes nothing",
    async (path, body) => {
      await using registry = await startWithVictim();
      let shown = (await registry.get("/agents")).body.agents;
      for (const replacement of WRONG_VALUES) {
        for (const text of withOneValueReplaced(body, replacement)) {
          const { status, body: answer } = await registry.post(path, text);
          expect({ text, isExpected: [200, 201, 400, 404, 409].includes(status) }).toEqual({ text, isExpected: true });
          const { agents } = (await registry.get("/agents")).body;
          const isRefused = status >= 400 || answer.warning?.startsWith("Nothing stored");
          if (isRefused) expect({ text, agents }).toEqual({ text, agents: shown });
          shown = agents;
        }
      }
      for (const agent of shown) {
        expect(agent.endpoint).toMatch(/^(https?|stdio):\/\//);
        for (const value of Object.values(agent.labels)) expect(value).toBeString();
      }
      expect((await registry.get("/livez")).status).toBe(200);
    },
  );
});
