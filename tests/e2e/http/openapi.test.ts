import { describe, expect, spyOn, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ENDPOINTS } from "@mcp-mesh/registry/http/endpoints";
import { healthRoutes } from "@mcp-mesh/registry/http/routes/health";
import { RequestMetrics } from "@mcp-mesh/registry/metrics/request-metrics";
import { Validator } from "@seriousme/openapi-schema-validator";
import { storeSwitch } from "../../support/failing-store.ts";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { Description, type OpenapiDocument } from "../../support/openapi.ts";

async function describedBy(registry: HttpRegistry): Promise<Description> {
  return new Description((await registry.get("/openapi.json")).body as OpenapiDocument);
}

const recorded = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dir, "..", "agent-life", "fixtures", `${name}.json`), "utf8")) as unknown;

describe("the served document", () => {
  test("is valid OpenAPI 3.1, and its references lead somewhere", async () => {
    await using registry = await startHttpRegistry();
    const { document } = await describedBy(registry);
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    expect([result.valid, result.errors]).toEqual([true, undefined]);
    expect(validator.version).toBe("3.1");
    expect(JSON.stringify(validator.resolveRefs())).not.toContain("$ref");
  });

  test("describes exactly the routes that the registry has", async () => {
    const route = spyOn(RequestMetrics.prototype, "route");
    await using registry = await startHttpRegistry();
    const served = route.mock.calls.map(([method, path]) => `${method} ${path}`).sort();
    route.mockRestore();
    const { document } = await describedBy(registry);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(served);
    expect(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served);
  });

  test("gives examples that are what they are examples of", async () => {
    await using registry = await startHttpRegistry();
    expect((await describedBy(registry)).exampleProblems()).toEqual([]);
  });

  test("allows the recorded bodies of existing agents, and forbids what the registry refuses", async () => {
    await using registry = await startHttpRegistry();
    const description = await describedBy(registry);
    const register = "/agents/register_with_metadata";
    const bodies: [string, unknown][] = [
      [register, recorded("register")],
      [register, recorded("register-generation-a")],
      ["/heartbeat", recorded("heartbeat")],
      [
        "/agents/heartbeat",
        { agent_name: "a", status: "healthy", capabilities: ["x"], timestamp: "2025-06-08T09:12:44" },
      ],
      [
        "/agents/register",
        { agent_name: "a", capabilities: ["x"], dependencies: [], security_context: null, timestamp: "t" },
      ],
      ["/agents/{id}/health", { agent_id: "x", health_data: { health_score: 0.9, current_load: 0.2 }, timestamp: "t" }],
    ];
    for (const [path, body] of bodies)
      expect([path, description.requestProblems("POST", path, body)]).toEqual([path, []]);
    const refused: [string, unknown][] = [
      [register, { agent_id: "a", metadata: {} }],
      [register, { agent_id: "", metadata: {}, timestamp: "t" }],
      [register, { agent_id: "a", metadata: { capabilities: [{ name: "1st" }] }, timestamp: "t" }],
      ["/heartbeat", { agent_id: 5 }],
    ];
    for (const [path, body] of refused) {
      expect((await registry.post(path, body)).status).toBe(400);
      expect(description.requestProblems("POST", path, body)).not.toEqual([]);
    }
  });
});

/** Every field that an agent or a capability can have, with texts and values of every kind. */
const RICH = {
  agent_id: "Rich_Agent",
  metadata: {
    name: "Rich_Agent",
    endpoint: "http://10.0.0.7:9001",
    capabilities: [
      {
        name: "everything",
        version: "1.2.0-beta.1+build",
        description: "<script>\u2028",
        parameters_schema: { type: "object", properties: { constructor: { type: "string" } } },
        security_requirements: ["authentication", { level: 3 }],
        category: "language",
        stability: "deprecated",
        tags: ["demo"],
        compatibility_versions: ["1.0.0"],
        parent_capabilities: ["communication"],
        performance_metrics: { latency_ms: 1.5 },
        security_level: "high",
        resource_requirements: { memory: "1G" },
        metadata: { constructor: 1 },
      },
      { name: "nothing" },
    ],
    dependencies: ["nothing", "nobody_offers_this"],
    health_interval: 300,
    security_context: "high_security",
    tags: { env: "production", constructor: "x" },
    labels: { team: "data", __proto__: "x" },
    annotations: { note: [1, null, { deep: true }] },
    metadata: { any: ["thing"] },
    transport: ["stdio", "http"],
  },
  timestamp: "2025-06-11T14:03:22.480121+00:00",
};

const POOR = { agent_id: "poor", metadata: {}, timestamp: "t" };

/** Not brought about here: each needs a client or a bug of its own, and its form is that of every error. */
const NOT_PROVOKED = / (403|408|413|500)$|^POST \/agents\/register_capabilities 400$/;

/** Asks a registry, and keeps whatever is not as described. */
class Visitor {
  readonly registry: HttpRegistry;
  readonly description: Description;
  readonly problems: string[] = [];

  constructor(registry: HttpRegistry, description: Description) {
    this.registry = registry;
    this.description = description;
  }

  /** @param sent what stands for the described path */
  async get(path: string, sent = path, headers: Record<string, string> = {}): Promise<Headers> {
    return await this.#ask("GET", path, sent, { headers });
  }

  async post(path: string, body: unknown, { sent = path, headers = {} as Record<string, string> } = {}): Promise<void> {
    await this.#ask("POST", path, sent, { headers, body: JSON.stringify(body) });
  }

  async remove(id: string, headers: Record<string, string> = {}): Promise<void> {
    await this.#ask("DELETE", "/agents/{id}", `/agents/${id}`, { headers });
  }

  async #ask(method: string, path: string, sent: string, init: RequestInit): Promise<Headers> {
    const response = await this.registry.fetch(sent, { method, ...init });
    this.problems.push(...(await this.description.problemsOf(method, path, response)));
    return response.headers;
  }
}

const STALE = { "If-Match": '"1"' };
const REGISTER = "/agents/register_with_metadata";
const OLD = { agent_name: "old", timestamp: "t" };

async function visitAgentRoutes(visitor: Visitor): Promise<void> {
  for (const body of [RICH, POOR, {}]) await visitor.post(REGISTER, body);
  await visitor.post(REGISTER, POOR, { headers: STALE });
  for (const body of [OLD, {}]) await visitor.post("/agents/register", body);
  await visitor.post("/agents/register", OLD, { headers: STALE });
  await visitor.post("/agents/register_capabilities", { agent_id: "poor", capabilities: [{ name: "late" }] });
  await visitor.post("/agents/register_capabilities", "nonsense");
  for (const body of [{ agent_id: "Rich_Agent" }, { agent_id: "nobody" }, {}]) await visitor.post("/heartbeat", body);
  for (const body of [{ agent_name: "old" }, { agent_name: "nobody" }, {}])
    await visitor.post("/agents/heartbeat", body);
  const report = "/agents/{id}/health";
  await visitor.post(report, { status: "offline" }, { sent: "/agents/poor/health" });
  await visitor.post(report, {}, { sent: "/agents/nobody/health" });
  await visitor.post(report, { health_data: 5 }, { sent: "/agents/poor/health" });
}

async function visitList(visitor: Visitor, list: string): Promise<void> {
  const etag = (await visitor.get(list)).get("etag") ?? "";
  await visitor.get(list, list, { "If-None-Match": etag });
  await visitor.get(list, `${list}?agent_status=any&include_deprecated=true`);
  await visitor.get(list, `${list}?fuzzy_match=maybe`);
  const page = `${list}?limit=1&agent_status=any`;
  await visitor.get(list, page);
  const { continue: token } = (await visitor.registry.get(page)).body;
  await visitor.get(list, `${page}&continue=${token}`);
  // The same place in the list as it was before anything was logged.
  const [, ...place] = JSON.parse(Buffer.from(token, "base64url").toString());
  await visitor.get(list, `${page}&continue=${Buffer.from(JSON.stringify([1, ...place])).toString("base64url")}`);
}

async function visitReads(visitor: Visitor): Promise<void> {
  for (const list of ["/agents", "/capabilities"]) await visitList(visitor, list);
  for (const id of ["Rich_Agent", "poor", "nobody"]) {
    await visitor.get("/agents/{id}", `/agents/${id}`);
    await visitor.get("/health/{id}", `/health/${id}`);
  }
  for (const path of ["/", "/health", "/health/monitoring", "/livez", "/ready", "/metrics", "/metrics/prometheus"]) {
    await visitor.get(path);
  }
  await visitor.get("/metrics", "/metrics", { Accept: "text/plain;version=0.0.4" });
  for (const path of ["/openapi.json", "/docs", "/redoc"]) await visitor.get(path);
}

/** Each of these writes has something to change. */
async function visitFullDisk(visitor: Visitor): Promise<void> {
  await visitor.post(REGISTER, POOR);
  await visitor.post("/agents/register", OLD);
  await visitor.post("/agents/register_capabilities", { agent_id: "poor", capabilities: [{ name: "later" }] });
  await visitor.post("/heartbeat", { agent_id: "Rich_Agent", status: "offline" });
  await visitor.post("/agents/heartbeat", { agent_name: "old", status: "offline" });
  await visitor.post("/agents/{id}/health", { status: "unhealthy" }, { sent: "/agents/poor/health" });
  await visitor.remove("poor");
  await visitor.get("/health");
  await visitor.get("/health/monitoring");
}

test("every answer of every route is as described: status, type, headers, and no field too few or too many", async () => {
  const store = storeSwitch();
  await using registry = await startHttpRegistry({ wrapStore: store.wrap });
  const description = await describedBy(registry);
  const visitor = new Visitor(registry, description);
  await visitAgentRoutes(visitor);
  await visitReads(visitor);
  await visitor.remove("poor", STALE);
  store.fail("database or disk is full");
  await visitFullDisk(visitor);
  store.fail(null);
  await visitor.remove("poor");

  await using bare = await startHttpRegistry({ environment: { ENABLE_METRICS: "false", ENABLE_PROMETHEUS: "false" } });
  const late = new Visitor(bare, description);
  for (const path of ["/", "/agents", "/capabilities", "/health", "/metrics", "/metrics/prometheus"])
    await late.get(path);
  expect([...visitor.problems, ...late.problems, ...(await drainingProblems(registry, description))]).toEqual([]);
  expect(description.answers.filter((name) => !description.seen.has(name) && !NOT_PROVOKED.test(name))).toEqual([]);
});

/** Asked without its server, which takes no new requests by then. */
async function drainingProblems({ core }: HttpRegistry, description: Description): Promise<string[]> {
  const ready = healthRoutes(core, () => true).find(({ path }) => path === "/ready");
  const request = new Request("http://localhost/ready");
  const answer = await ready?.handle({ request, id: "", query: "", target: "/ready" });
  if (answer === undefined) return ["/ready is no route"];
  const { body, ...init } = answer;
  return await description.problemsOf("GET", "/ready", new Response(body, init));
}
