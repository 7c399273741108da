import { expect, test } from "bun:test";
import { jsonOf, rowById, rowsOf, scratch } from "../testing/scratch.ts";

test("a file of the Python registry becomes version 3, with every value in our shape", () => {
  using files = scratch();
  const { db, migrated: report, isNew } = files.openFixture("python-v2");
  expect(isNew).toBe(false);
  expect(report).toMatchObject({
    origin: "python",
    fromVersion: 2,
    counts: { agents: 5, capabilities: 6, unreadableColumns: 5, orphans: {}, duplicates: {}, extraColumns: [] },
  });
  expect(rowById(db, "agents", "6f0c8d2e-4a54-4f0e-9f3e-2f6a1c9b7d10")).toEqual({
    id: "6f0c8d2e-4a54-4f0e-9f3e-2f6a1c9b7d10",
    name: "greeter",
    namespace: "default",
    endpoint: "http://localhost:0/greeter",
    status: "healthy",
    labels: '{"env":"production","team":"platform","primary":"true","replicas":"3"}',
    annotations:
      '{"registered_via":"register_with_metadata","timestamp":"2025-06-08T10:00:00.123456","original_name":"greeter","original_agent_type":"mesh_agent","original_endpoint":"stdio://greeter"}',
    created_at: "2025-06-08T10:00:00.123+00:00",
    updated_at: "2025-06-08T10:05:30.000+00:00",
    resource_version: "1749377130000",
    last_heartbeat: "2025-06-08T10:05:30.000+00:00",
    health_interval: 30,
    timeout_threshold: 60,
    eviction_threshold: 120,
    agent_type: "mesh-agent",
    config:
      '{"max_concurrent":10,"nested":{"list":[1,2.5,-3],"pair":["a","b"],"one":[1],"none":[]},"debug":false,"owner":null}',
    security_context: null,
    dependencies: '["date_service","weather_service"]',
  });
  expect(rowById(db, "agent_extensions", "6f0c8d2e-4a54-4f0e-9f3e-2f6a1c9b7d10")).toEqual({
    agent_id: "6f0c8d2e-4a54-4f0e-9f3e-2f6a1c9b7d10",
    version: "1.0.0",
    description: null,
    tags: "[]",
    transport: '["stdio","http"]',
    lifecycle_status: "active",
    lifecycle_since: null,
    reported_status: "healthy",
    explicit_timeout: 0,
    explicit_eviction: 0,
    last_metadata: "{}",
    profile: "{}",
    providers: "{}",
    log_version: null,
  });
});

test("the migration keeps quotes, line breaks and every alphabet of its literals", () => {
  using files = scratch();
  const { db } = files.openFixture("python-v2");
  const worker = rowById(db, "agents", "worker-1");
  expect(jsonOf(worker, "labels")).toEqual({
    "it's": 'a "quoted" word',
    both: `it's "both"`,
    stadt: "Zürich",
    greeting: "こんにちは 🚀",
    path: "C:\\temp\\new",
    lines: "one\ntwo\ttabbed",
    escaped: "\x1b[0m € 🚀",
  });
  expect(jsonOf(worker, "annotations")).toEqual({ registered_via: "register_with_metadata", note: "don't panic" });
});

test("agents get from the events what no table holds", () => {
  using files = scratch();
  const { db } = files.openFixture("python-v2");
  const thresholds = "SELECT id, agent_type, timeout_threshold AS timeout, eviction_threshold AS eviction FROM agents";
  expect(rowsOf(db, `${thresholds} WHERE id LIKE 'worker%' ORDER BY id`)).toEqual([
    { id: "worker-1", agent_type: "worker", timeout: 45, eviction: 90 },
    // Its newest event is cut off; the one before says this.
    { id: "worker-2", agent_type: "worker", timeout: 40, eviction: 80 },
  ]);
  expect(
    rowsOf(
      db,
      "SELECT id, category, stability, tags, compatibility_versions AS compatible FROM capabilities ORDER BY id",
    ),
  ).toEqual([
    { id: 4, category: "social", stability: "beta", tags: '["hello","friendly"]', compatible: '["0.9.0"]' },
    { id: 5, category: null, stability: "stable", tags: "[]", compatible: "[]" },
    {
      id: 6,
      category: "batch",
      stability: "experimental",
      tags: '["queue","größe"]',
      compatible: '["1.0.0","1.1.0"]',
    },
    { id: 7, category: null, stability: "stable", tags: "[]", compatible: "[]" },
    { id: 8, category: null, stability: "stable", tags: "[]", compatible: "[]" },
    { id: 9, category: null, stability: "stable", tags: "[]", compatible: "[]" },
  ]);
});

test("there are defaults for what is NULL, and a version for what is none", () => {
  using files = scratch();
  const { db } = files.openFixture("python-v2");
  expect(rowById(db, "agents", "quiet")).toMatchObject({
    status: "pending",
    labels: "{}",
    annotations: "{}",
    config: "{}",
    dependencies: "[]",
    health_interval: 30,
    resource_version: String(Date.parse("2025-06-08T12:00:00Z")),
    last_heartbeat: null,
  });
  expect(rowById(db, "agent_extensions", "quiet")).toMatchObject({ reported_status: null });
  expect(rowById(db, "capabilities", 8)).toMatchObject({
    version: "1.0.0",
    created_at: "2025-06-08T12:00:00.000+00:00",
    updated_at: "2025-06-08T12:00:00.000+00:00",
  });
  expect(rowById(db, "agent_health", 3)).toMatchObject({ checks: "{}", errors: "[]", metadata: "{}" });
});

test("what cannot be read is kept as text, and nothing is evaluated", () => {
  using files = scratch();
  const { db } = files.openFixture("python-v2");
  const hostile = rowById(db, "agents", "hostile");
  expect(hostile).toMatchObject({
    status: "unknown",
    labels: "{}",
    config: "{}",
    dependencies: "[]",
    created_at: "2025-06-08T13:00:00.000+00:00",
    last_heartbeat: null,
  });
  expect(jsonOf(hostile, "annotations")).toEqual({
    kept: "yes",
    "migration.raw.labels": "__import__('os').system('true')",
    "migration.raw.config": "{'broken': [1, 2",
    "migration.raw.dependencies": "<generator object>",
    "migration.raw.parameters_schema.mischief": "{'handler': <function f at 0x7f>}",
    "migration.raw.security_requirements.mischief": "'not a list'",
  });
  expect(rowById(db, "capabilities", 9)).toMatchObject({ parameters_schema: null, security_requirements: null });
});

test("row numbers stay, and none is given out twice", () => {
  using files = scratch();
  const { db } = files.openFixture("python-v2");
  expect(rowsOf(db, "SELECT capability_id FROM method_capabilities")).toEqual([{ capability_id: 4 }]);
  db.run("INSERT INTO capabilities (agent_id, name) VALUES ('quiet', 'new')");
  expect(rowsOf(db, "SELECT max(id) AS id FROM capabilities")).toEqual([{ id: 42 }]);
});

test("a name may occur more than once in a namespace", () => {
  using files = scratch();
  const { db } = files.openFixture("python-v2");
  db.run(`INSERT INTO agents (id, name, namespace, endpoint, created_at, updated_at, resource_version)
          VALUES ('other', 'worker-1', 'jobs', 'x', '', '', '1')`);
});
