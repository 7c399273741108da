import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

/** Five agents, of which two report what ails them, and four beats. */
async function populate(registry: HttpRegistry): Promise<void> {
  const register = (id: string, metadata: Record<string, unknown>) =>
    registry.post(REGISTER, registrationBody(id, metadata));
  await register("a", {
    capabilities: [
      { name: "read", category: "files" },
      { name: "write", category: "files" },
    ],
  });
  await register("b", { namespace: "team", capabilities: [{ name: "read" }] });
  await register("c", { namespace: "team" });
  await register("d", {});
  await register("e", {});
  await register("e", { description: "again" });
  await registry.post("/heartbeat", heartbeatBody("a"));
  await registry.post("/heartbeat", heartbeatBody("b", {}, "offline"));
  await registry.post("/heartbeat", heartbeatBody("c", {}, "unhealthy"));
  await registry.post("/heartbeat", heartbeatBody("d", {}, "unknown"));
  await registry.post("/heartbeat", heartbeatBody("nobody"));
}

async function exposition(registry: HttpRegistry, path = "/metrics/prometheus", headers = {}): Promise<string[]> {
  const response = await registry.fetch(path, { headers });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
  ]);
  return (await response.text()).split("\n");
}

describe("GET /metrics", () => {
  test("counts agents, capabilities and what was processed since the start", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await populate(registry);
    await clock.advance(1_500);
    const { status, headers, body } = await registry.get("/metrics");
    expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"]);
    expect(body).toMatchObject({
      total_agents: 5,
      healthy_agents: 2,
      degraded_agents: 0,
      expired_agents: 0,
      offline_agents: 1,
      pending_agents: 0,
      unhealthy_agents: 1,
      unknown_agents: 1,
      total_capabilities: 3,
      unique_capability_types: 2,
      uptime_seconds: 1.5,
      heartbeats_processed: 4,
      registrations_processed: 5,
      updates_processed: 1,
      last_updated: "2025-06-11T12:00:01Z",
      agents_by_namespace: { default: 3, team: 2 },
      agents_by_status: { healthy: 2, offline: 1, unhealthy: 1, unknown: 1 },
      capabilities_by_category: { files: 2 },
      active_connections: 1,
      cache_hits: 0,
      cache_misses: 0,
    });
    expect(body.memory_usage_mb).toBeGreaterThan(1);
    for (const field of ["health_events_last_hour", "pruned_health_rows", "pruned_event_rows", "pruned_log_rows"]) {
      expect({ field, type: typeof body[field] }).toEqual({ field, type: "number" });
    }
  });

  test("is JSON unless a Prometheus scraper asks", async () => {
    await using registry = await startHttpRegistry();
    for (const Accept of ["*/*", "application/json", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8"]) {
      const response = await registry.fetch("/metrics", { headers: { Accept } });
      expect({ Accept, type: response.headers.get("content-type") }).toEqual({
        Accept,
        type: "application/json; charset=utf-8",
      });
    }
    const scrapers = [
      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
      "application/openmetrics-text",
    ];
    for (const Accept of scrapers) {
      expect(await exposition(registry, "/metrics", { Accept })).toContain("mcp_registry_agents_total 0");
    }
  });

  test("does not go back when the wall clock does", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await clock.advance(2_000);
    clock.setWall(clock.nowMs() - 3_600_000);
    expect((await registry.get("/metrics")).body.uptime_seconds).toBe(2);
    expect(await exposition(registry)).toContain("mcp_registry_uptime_seconds 2");
  });
});

describe("GET /metrics/prometheus", () => {
  test("begins with the Python registry's series, in its order, with its types", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await populate(registry);
    await clock.advance(1_500);
    const lines = (await exposition(registry)).filter((line) => !line.startsWith("# HELP"));
    expect(lines.slice(0, lines.indexOf("mcp_registry_heartbeats_total 4") + 1)).toEqual([
      "# TYPE mcp_registry_agents_total gauge",
      "mcp_registry_agents_total 5",
      "",
      "# TYPE mcp_registry_agents_by_status gauge",
      'mcp_registry_agents_by_status{status="healthy"} 2',
      'mcp_registry_agents_by_status{status="degraded"} 0',
      'mcp_registry_agents_by_status{status="expired"} 0',
      'mcp_registry_agents_by_status{status="offline"} 1',
      'mcp_registry_agents_by_status{status="pending"} 0',
      'mcp_registry_agents_by_status{status="unhealthy"} 1',
      'mcp_registry_agents_by_status{status="unknown"} 1',
      "",
      "# TYPE mcp_registry_capabilities_total gauge",
      "mcp_registry_capabilities_total 3",
      "",
      "# TYPE mcp_registry_capability_types_unique gauge",
      "mcp_registry_capability_types_unique 2",
      "",
      "# TYPE mcp_registry_uptime_seconds counter",
      "mcp_registry_uptime_seconds 1.5",
      "",
      "# TYPE mcp_registry_heartbeats_processed_total counter",
      "mcp_registry_heartbeats_processed_total 4",
      "",
      "# TYPE mcp_registry_registrations_processed_total counter",
      "mcp_registry_registrations_processed_total 5",
      "",
      "# TYPE mcp_registry_registrations_total counter",
      "mcp_registry_registrations_total 5",
      "",
      "# TYPE mcp_registry_heartbeats_total counter",
      "mcp_registry_heartbeats_total 4",
    ]);
  });

  test("has the same numbers as /metrics", async () => {
    await using registry = await startHttpRegistry();
    await populate(registry);
    const { body } = await registry.get("/metrics");
    const lines = await exposition(registry);
    expect(lines).toContain("mcp_registry_agents_total 5");
    expect(lines).toContain(`mcp_registry_agents_total ${body.total_agents}`);
    expect(lines).toContain(`mcp_registry_capabilities_total ${body.total_capabilities}`);
    expect(lines).toContain(`mcp_registry_heartbeats_total ${body.heartbeats_processed}`);
  });

  test("precedes every series by HELP and TYPE, and ends with a line break", async () => {
    await using registry = await startHttpRegistry();
    await populate(registry);
    const lines = await exposition(registry);
    expect(lines.at(-1)).toBe("");
    lines.forEach((line, index) => {
      if (!line.startsWith("# TYPE ")) return;
      const [, , name] = line.split(" ");
      expect(lines[index - 1]).toStartWith(`# HELP ${name} `);
      expect(lines[index + 1]).toStartWith(String(name));
    });
  });

  test("counts requests and their latencies by route, and strangers' paths as one", async () => {
    await using registry = await startHttpRegistry();
    await populate(registry);
    for (const path of ["/nowhere", "/elsewhere?x=1", '/"quotes"', "/agents/a", "/agents/b", "/agents/zzz"]) {
      await registry.get(path);
    }
    const lines = await exposition(registry);
    const requests = lines.filter((line) => line.startsWith("mcp_registry_http_requests_total{"));
    expect(requests).toContain(
      'mcp_registry_http_requests_total{method="POST",route="/agents/register_with_metadata",status="201"} 6',
    );
    expect(requests).toContain('mcp_registry_http_requests_total{method="POST",route="/heartbeat",status="200"} 4');
    expect(requests).toContain('mcp_registry_http_requests_total{method="POST",route="/heartbeat",status="404"} 1');
    expect(requests).toContain('mcp_registry_http_requests_total{method="GET",route="/agents/{id}",status="200"} 2');
    expect(requests).toContain('mcp_registry_http_requests_total{method="GET",route="/agents/{id}",status="404"} 1');
    expect(requests).toContain('mcp_registry_http_requests_total{method="other",route="other",status="404"} 3');
    expect(requests.join()).not.toContain("nowhere");
    const duration = "mcp_registry_http_request_duration_seconds";
    expect(lines).toContain(`${duration}_bucket{le="+Inf",method="POST",route="/heartbeat"} 5`);
    expect(lines).toContain(`${duration}_count{method="POST",route="/heartbeat"} 5`);
  });
});

describe("switched off", () => {
  test("ENABLE_METRICS=false makes /metrics 404, whoever asks, and leaves the other", async () => {
    await using registry = await startHttpRegistry({ environment: { ENABLE_METRICS: "false" } });
    expect((await registry.get("/metrics")).body).toEqual({ detail: "Not Found", error: "Not Found" });
    const scraper = await registry.fetch("/metrics", { headers: { Accept: "application/openmetrics-text" } });
    expect(scraper.status).toBe(404);
    expect((await registry.fetch("/metrics/prometheus")).status).toBe(200);
  });

  test("ENABLE_PROMETHEUS=false makes /metrics/prometheus 404, and /metrics JSON for everybody", async () => {
    await using registry = await startHttpRegistry({ environment: { ENABLE_PROMETHEUS: "false" } });
    expect((await registry.get("/metrics/prometheus")).body).toEqual({ detail: "Not Found", error: "Not Found" });
    const scraper = await registry.fetch("/metrics", { headers: { Accept: "application/openmetrics-text" } });
    expect(scraper.headers.get("content-type")).toBe("application/json; charset=utf-8");
  });
});
