import { describe, expect, test } from "bun:test";
import { startHttpRegistry } from "../../support/http-registry.ts";

describe("GET /", () => {
  test("says what this is", async () => {
    await using registry = await startHttpRegistry();
    const { status, body } = await registry.get("/");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      service: "MCP Mesh Registry Service",
      version: "1.0.0",
      architecture: "Kubernetes API Server pattern (PASSIVE pull-based)",
      description: "Enhanced service registry for MCP agent mesh with advanced discovery capabilities",
    });
    expect(Object.keys(body.features).sort()).toEqual([
      "automatic_eviction",
      "caching",
      "configurable_timeouts",
      "fuzzy_matching",
      "health_monitoring",
      "label_selectors",
      "prometheus_metrics",
      "validation",
      "version_constraints",
    ]);
    for (const text of Object.values(body.features)) expect(text).toBeString();
  });

  test("lists the endpoints as `METHOD path - purpose` under the names that clients know", async () => {
    await using registry = await startHttpRegistry();
    const { endpoints } = (await registry.get("/")).body;
    expect(Object.keys(endpoints)).toEqual(
      expect.arrayContaining([
        "heartbeat",
        "register_agent",
        "agents",
        "capabilities",
        "health",
        "agent_health",
        "metrics",
        "prometheus",
        "health_monitoring",
        "register_capabilities",
      ]),
    );
    expect(endpoints.heartbeat).toBe("POST /heartbeat - Agent status updates");
    expect(endpoints.register_agent).toBe(
      "POST /agents/register_with_metadata - Agent registration with enhanced metadata",
    );
    expect(endpoints.agents).toBe("GET /agents - Service discovery with advanced filtering");
    expect(endpoints.capabilities).toBe("GET /capabilities - Capability discovery with search");
    expect(endpoints.health).toBe("GET /health - Health check");
    for (const text of Object.values(endpoints)) expect(text).toMatch(/^(GET|POST) \/\S* - \S.*$/);
  });

  test("shows REGISTRY_NAME, which /health's `service` does not", async () => {
    await using registry = await startHttpRegistry({ environment: { REGISTRY_NAME: "mesh of Team <A>" } });
    expect((await registry.get("/")).body.name).toBe("mesh of Team <A>");
    expect((await registry.get("/health")).body.service).toBe("mcp-mesh-registry");
  });

  test("leaves out what the configuration has switched off", async () => {
    await using registry = await startHttpRegistry({
      environment: { ENABLE_METRICS: "false", ENABLE_PROMETHEUS: "0" },
    });
    const { endpoints } = (await registry.get("/")).body;
    expect(endpoints.metrics).toBeUndefined();
    expect(endpoints.prometheus).toBeUndefined();
  });
});

describe("documentation", () => {
  test("/openapi.json is an OpenAPI 3.1 document with the name and version of the Python registry's", async () => {
    await using registry = await startHttpRegistry();
    const { status, headers, body } = await registry.get("/openapi.json");
    expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(body.openapi).toStartWith("3.1");
    expect(body.info).toMatchObject({ title: "MCP Mesh Registry Service", version: "1.0.0" });
  });

  test("/docs is one page without outside assets, and /redoc leads to it", async () => {
    await using registry = await startHttpRegistry();
    const docs = await registry.fetch("/docs");
    expect([docs.status, docs.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(docs.headers.get("content-length")).toMatch(/^[1-9]\d*$/);
    expect(await docs.text()).not.toMatch(/(src|href)\s*=\s*["']?(https?:)?\/\//i);
    const redoc = await registry.fetch("/redoc");
    expect([redoc.status, redoc.headers.get("location")]).toEqual([301, "/docs"]);
  });

  test("/docs/oauth2-redirect is not offered", async () => {
    await using registry = await startHttpRegistry();
    expect((await registry.get("/docs/oauth2-redirect")).status).toBe(404);
  });
});

test("paths that only documents of the older registries name are not served", async () => {
  await using registry = await startHttpRegistry();
  await registry.post("/agents/register_with_metadata", { agent_id: "a", metadata: {}, timestamp: "t" });
  const statusOf = async (method: string, path: string) => (await registry.fetch(path, { method })).status;
  expect(await statusOf("GET", "/dependencies/greeting")).toBe(404);
  expect(await statusOf("PUT", "/agents/a")).toBe(405);
  expect(await statusOf("GET", "/discovery/agents")).toBe(404);
  expect(await statusOf("GET", "/config")).toBe(404);
  // Looked up as an agent of that name.
  expect((await registry.get("/health/summary")).body.detail).toBe("Agent summary not found");
  expect(await statusOf("POST", "/health/a/check")).toBe(404);
});
