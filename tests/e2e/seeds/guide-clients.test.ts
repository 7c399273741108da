import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { getJson } from "../../support/json-client.ts";
import { pythonWith } from "../../support/python.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { registerGuideMesh, registerOverRest } from "./guide-mesh.ts";
import { letGo, startSnippet } from "./guide-snippets.ts";

// The snippets of seed 002 that ask the registry, run by Python with aiohttp. Each file in `python/` lists its mends.

const python = await pythonWith("clients");

/** Runs a snippet to its end against a registry with the guide's mesh. */
async function eventsOf(snippetName: string) {
  await using registry = await startRegistry();
  await registerGuideMesh(registry.url);
  await using snippet = startSnippet(python, snippetName, registry.url);
  return await snippet.finished();
}

/** Python's start takes real time. */
setDefaultTimeout(60_000);

describe.skipIf(python === null)("clients of seed 002", () => {
  test("service discovery finds what its filters say", async () => {
    expect(await eventsOf("service_discovery_pattern")).toEqual([
      { event: "processors", ids: ["my-agent-001", "reporter", "transformer-one", "transformer-two"] },
      { event: "capabilities", found: [["transformer-one", "transform_data", "stable"]] },
    ]);
  });

  test("load balancing spreads over the healthy agents", async () => {
    expect(await eventsOf("load_balancing_pattern")).toEqual([
      { event: "candidate", id: "my-agent-001", endpoint: "http://localhost:8001/mcp", capabilities: 1 },
      { event: "candidate", id: "staging-processor", endpoint: "stdio://staging-processor", capabilities: 1 },
      { event: "chosen", ids: ["my-agent-001", "staging-processor"] },
      { event: "unavailable", message: "No agents found with capability: nobody_offers_this" },
    ]);
  });

  test("the circuit breaker opens while the registry is down, serves stale answers, and closes when it is back", async () => {
    using folder = scratchFolder();
    await using registry = await startRegistry({ cwd: folder.path });
    await registerOverRest(registry.url, { id: "one" });
    await using snippet = startSnippet(python, "circuit_breaker_pattern", registry.url);
    await snippet.until("waiting");
    await registry.stop();
    await letGo(snippet, 1);
    await snippet.until("unavailable");
    await using again = await startRegistry({ cwd: folder.path, env: { PORT: String(registry.port) } });
    await registerOverRest(again.url, { id: "two" });
    await letGo(snippet, 2);
    const events = await snippet.finished();
    expect(events.filter(({ event }) => event !== "waiting")).toEqual([
      { event: "fresh", ids: ["one"], state: "CLOSED" },
      { event: "cached", ids: ["one"], state: "CLOSED" },
      { event: "broken", failures: 5, state: "OPEN" },
      { event: "log", level: "warning", message: "Registry unavailable, using stale cache" },
      { event: "stale", ids: ["one"] },
      { event: "unavailable", message: "Registry unavailable and no cached data" },
      { event: "recovered", ids: ["two", "one"], state: "CLOSED" },
    ]);
  });

  test("the service client calls the agent it found, also when the registry has gone since", async () => {
    await using registry = await startRegistry();
    await using snippet = startSnippet(python, "client_service_discovery", registry.url);
    await snippet.until("waiting");
    await registry.stop();
    await letGo(snippet);
    expect(await snippet.finished()).toEqual([
      { event: "answered", answer: { tool: "process_data", result: "Processed: one" } },
      { event: "unavailable", message: "No agent found with capability: nobody_offers_this" },
      { event: "waiting" },
      { event: "answered_without_registry", answer: { tool: "process_data", result: "Processed: three" } },
    ]);
  });

  test("an agent designed as advised is found by each of its labels", async () => {
    await using registry = await startRegistry();
    await using snippet = startSnippet(python, "agent_design", registry.url);
    expect(await snippet.finished()).toEqual([{ event: "registered", status: 201 }]);
    const labels = ["env=production", "team=platform", "zone=us-west-2a", "criticality=high", "version=1.2.3"];
    for (const selector of [...labels, "component=api-server", labels.join(",")]) {
      const { body } = await getJson(`${registry.url}/agents?label_selector=${encodeURIComponent(selector)}`);
      expect(body.agents.map((agent: { id: string }) => agent.id)).toEqual(["designed-agent"]);
    }
    const { body } = await getJson(
      `${registry.url}/capabilities?name=clear_descriptive_name&version_constraint=^1.2.0`,
    );
    expect(body.capabilities).toEqual([
      expect.objectContaining({
        parameters_schema: { type: "object", properties: {}, required: [] },
        category: "logical_grouping",
        tags: ["searchable", "keywords"],
      }),
    ]);
  });

  test("the good query is narrow and the poor one harmless", async () => {
    expect(await eventsOf("query_optimization")).toEqual([
      { event: "good", status: 200, ids: ["my-agent-001", "transformer-one"] },
      { event: "poor", status: 200, ids: [] },
    ]);
  });

  test("resilient calls degrade from registry to cache to fallback", async () => {
    await using registry = await startRegistry();
    await using snippet = startSnippet(python, "graceful_degradation", registry.url);
    await snippet.until("waiting");
    await registry.stop();
    await letGo(snippet);
    expect(await snippet.finished()).toEqual([
      { event: "up", answer: ["registry", { tool: "process_data", result: "Processed: one" }] },
      { event: "nobody", answer: ["fallback", "two"] },
      { event: "waiting" },
      { event: "down", answer: ["cache", { tool: "process_data", result: "Processed: three" }] },
    ]);
  });

  test("one session of the pooled client keeps one connection", async () => {
    expect(await eventsOf("connection_pooling")).toEqual([{ event: "done", opened: 1 }]);
  });

  test("the cached client asks again only when both its levels have aged", async () => {
    await using registry = await startRegistry();
    await registerOverRest(registry.url, { id: "one" });
    await using snippet = startSnippet(python, "caching_strategy", registry.url);
    expect(await snippet.finished()).toEqual([
      { event: "found", after: 0, ids: ["one"], queries: 1 },
      { event: "found", after: 4, ids: ["one"], queries: 1 },
      { event: "found", after: 20, ids: ["one"], queries: 1 },
      { event: "found", after: 40, ids: ["one"], queries: 2 },
    ]);
  });

  test("the monitor reads the metrics it names", async () => {
    expect(await eventsOf("registry_monitoring")).toEqual([
      { event: "metrics", agents: 8, memory: expect.any(Number) },
    ]);
  });

  test("a batch of 50 queries at once is answered like one by one", async () => {
    expect(await eventsOf("batch_operations")).toEqual([
      {
        event: "result",
        ids: ["legacy-processor", "my-agent-001", "reporter", "transformer-one", "transformer-two"],
      },
      { event: "result", ids: ["transformer-one"] },
      { event: "result", ids: ["my-agent-001", "staging-processor"] },
      { event: "result", ids: [] },
      {
        event: "result",
        ids: ["calendar", "my-agent-001", "sick-processor", "staging-processor", "transformer-one", "transformer-two"],
      },
      { event: "rounds", equal: true, count: 10 },
    ]);
  });

  test("the tuned connector gets every one of 200 requests answered", async () => {
    expect(await eventsOf("connection_management")).toEqual([{ event: "done", statuses: [200], requests: 200 }]);
  });

  test("an unknown agent's 404 has the guide's body", async () => {
    await using registry = await startRegistry();
    await using snippet = startSnippet(python, "agent_not_found", registry.url);
    expect(await snippet.finished()).toEqual([
      { event: "log", level: "warning", message: "Agent my-agent-001 not found in registry" },
      {
        event: "answered",
        expected: true,
        body: { detail: "Agent my-agent-001 not found", error: "Agent my-agent-001 not found" },
      },
    ]);
  });

  test("the guide's configuration is one the registry takes without a warning", async () => {
    await using snippet = startSnippet(python, "registry_configuration");
    const [reported] = await snippet.finished();
    const environment = {
      CACHE_TTL: "30",
      MAX_CACHE_SIZE: "10000",
      DATABASE_POOL_SIZE: "20",
      QUERY_TIMEOUT: "5.0",
      HEALTH_CHECK_INTERVAL: "60",
    };
    expect(reported).toEqual({ event: "environment", ...environment });
    await using registry = await startRegistry({ env: { ...environment, LOG_LEVEL: "warn" } });
    expect(registry.stderr).toBe("");
    const { body } = await getJson(`${registry.url}/health/monitoring`);
    expect(body.monitoring_interval_seconds).toBe(60);
  });
});
