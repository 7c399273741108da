import { expect, test } from "bun:test";
import { jsonOf, NOW, type Row, rowById, rowsOf, scratch } from "../testing/scratch.ts";

test("a file of the Go registry becomes version 3, with every value in our shape", () => {
  using files = scratch();
  const { db, migrated: report } = files.openFixture("go-v2");
  expect(report).toMatchObject({ origin: "go", fromVersion: 2, counts: { agents: 5, capabilities: 5 } });
  expect(rowById(db, "agents", "hello-world-1")).toMatchObject({
    labels: "{}",
    created_at: "2025-06-11T14:33:12.123+00:00",
    updated_at: "2025-06-11T14:40:42.500+00:00",
    last_heartbeat: "2025-06-11T14:40:42.500+00:00",
    config: '{"max_concurrent":10,"note":"it\'s \\"fine\\" – Grüße 🚀"}',
  });
  expect(rowById(db, "agent_extensions", "hello-world-1")).toMatchObject({
    tags: '["greeting","demo"]',
    transport: '["stdio"]',
  });
});

test("labels become an object of strings, JSON null a default", () => {
  using files = scratch();
  const { db } = files.openFixture("go-v2");
  expect(rowById(db, "agents", "system-agent")).toMatchObject({
    labels: '{"env":"prod","tier":"1","canary":"false","zones":"[\\"a\\",\\"b\\"]"}',
    config: "{}",
    dependencies: "[]",
    security_context: null,
  });
  expect(rowById(db, "agents", "worker-b")).toMatchObject({ labels: "{}", annotations: "{}" });
  expect(rowById(db, "capabilities", 14)).toMatchObject({ parameters_schema: null, security_requirements: null });
});

test("capabilities get their agent's times for Go's zero time", () => {
  using files = scratch();
  const { db } = files.openFixture("go-v2");
  expect(rowById(db, "capabilities", 15)).toMatchObject({
    created_at: "2025-06-11T12:00:00.100+00:00",
    updated_at: "2025-06-11T12:10:00.000+00:00",
  });
});

test("thresholds that are not the type's were asked for", () => {
  using files = scratch();
  const { db } = files.openFixture("go-v2");
  const explicit = (id: string) => {
    const row = rowById(db, "agent_extensions", id);
    return [row?.["explicit_timeout"], row?.["explicit_eviction"]];
  };
  expect(explicit("worker-a")).toEqual([0, 0]);
  expect(explicit("worker-b")).toEqual([1, 1]);
  expect(rowById(db, "agents", "worker-b")).toMatchObject({ timeout_threshold: 300, eviction_threshold: 600 });
});

test("odd times, statuses, versions and thresholds are made usable", () => {
  using files = scratch();
  const { db } = files.openFixture("go-v2");
  expect(rowById(db, "agents", "odd-times")).toMatchObject({
    status: "unknown",
    created_at: "2025-06-11T13:53:20.000+00:00",
    updated_at: "2025-06-11T13:53:20.000+00:00",
    last_heartbeat: "2025-06-11T13:53:20.123+00:00",
    resource_version: "1749650000000",
    health_interval: 30,
    timeout_threshold: 60,
    eviction_threshold: 120,
    agent_type: "mesh-agent",
  });
});

test("what an agent said last is told from its status, unless silence made that", () => {
  using files = scratch();
  const { db } = files.openFixture("go-v2");
  expect(rowsOf(db, "SELECT agent_id, reported_status AS said FROM agent_extensions ORDER BY agent_id")).toEqual([
    { agent_id: "hello-world-1", said: "healthy" },
    { agent_id: "odd-times", said: "unknown" },
    { agent_id: "system-agent", said: "healthy" },
    { agent_id: "worker-a", said: "healthy" },
    { agent_id: "worker-b", said: "offline" },
  ]);
});

test("of duplicates the newest stays, and takes the children of the others", () => {
  using files = scratch();
  const { db, migrated: report, logged } = files.openFixture("go-v2");
  expect(rowsOf(db, "SELECT id, version FROM capabilities WHERE name = 'greeting' ORDER BY id")).toEqual([
    { id: 12, version: "1.0.0" },
    { id: 13, version: "2.0.0" },
  ]);
  expect(rowsOf(db, "SELECT id FROM service_contracts")).toEqual([{ id: 2 }]);
  expect(rowsOf(db, "SELECT id, contract_id, method_name FROM method_metadata ORDER BY id")).toEqual([
    { id: 2, contract_id: 2, method_name: "tomorrow" },
    { id: 3, contract_id: 2, method_name: "today" },
  ]);
  expect(rowsOf(db, "SELECT id, method_id, parameter_name FROM method_parameters ORDER BY id")).toEqual([
    { id: 2, method_id: 3, parameter_name: "zone" },
    { id: 3, method_id: 3, parameter_name: "format" },
  ]);
  expect(rowsOf(db, "SELECT id, method_id, capability_id FROM method_capabilities")).toEqual([
    { id: 2, method_id: 3, capability_id: 14 },
  ]);
  expect(report?.counts.duplicates).toEqual({
    capabilities: 1,
    service_contracts: 1,
    method_metadata: 1,
    method_parameters: 1,
    method_capabilities: 1,
    capability_method_mapping: 1,
  });
  expect(logged).toContain(
    "warn migration: duplicates were removed, the newest of each kept: 1 of capabilities, 1 of service_contracts, 1 of method_metadata, 1 of method_parameters, 1 of method_capabilities, 1 of capability_method_mapping",
  );
});

test("rows that belong to nobody are kept apart, with all that hangs on them", () => {
  using files = scratch();
  const { db, migrated: report } = files.openFixture("go-v2");
  expect(report?.counts.orphans).toEqual({
    capabilities: 1,
    agent_health: 1,
    service_contracts: 1,
    method_metadata: 1,
    method_parameters: 1,
    capability_method_mapping: 1,
  });
  const orphans = rowsOf(db, "SELECT table_name, row_json, at FROM migration_orphans");
  expect(orphans.map((row) => [row["table_name"], (jsonOf(row, "row_json") as Row)["id"], row["at"]])).toEqual([
    ["capabilities", 17, NOW],
    ["agent_health", 4, NOW],
    ["service_contracts", 3, NOW],
    ["method_metadata", 4, NOW],
    ["method_parameters", 4, NOW],
    ["capability_method_mapping", 3, NOW],
  ]);
  expect(jsonOf(orphans[1], "row_json")).toEqual({
    id: 4,
    agent_id: "removed-agent",
    status: "healthy",
    timestamp: "2025-06-10 08:00:00.5+00:00",
    checks: "{}",
    errors: "[]",
    uptime_seconds: 0,
    metadata: '{"source":"heartbeat"}',
  });
});

test("health rows keep what cannot be read in their metadata", () => {
  using files = scratch();
  const { db } = files.openFixture("go-v2");
  expect(rowById(db, "agent_health", 3)).toMatchObject({
    timestamp: "2025-06-11T12:10:00.000+00:00",
    checks: "{}",
    errors: "[]",
    metadata: '{"migration.raw.errors":"oops ["}',
  });
});
