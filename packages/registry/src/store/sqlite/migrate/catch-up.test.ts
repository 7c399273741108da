import { expect, test } from "bun:test";
import { type Opened, rowsOf, scratch } from "../testing/scratch.ts";

const HEAD = 1_751_371_200_000;

/** A file of ours: agent `ours`, with what only we hold of it, and a log. */
function fill({ db }: Opened): void {
  db.run(
    `INSERT INTO agents (id, name, endpoint, status, created_at, updated_at, resource_version, last_heartbeat, timeout_threshold)
     VALUES ('ours', 'ours', 'http://localhost:1', 'healthy', '2025-07-01T11:00:00.000+00:00',
             '2025-07-01T12:00:00.000+00:00', '${HEAD}', '2025-07-01T12:00:00.000+00:00', 100)`,
  );
  db.run(
    `INSERT INTO agent_extensions (agent_id, version, description, tags, transport, lifecycle_status, reported_status,
       explicit_timeout, providers, log_version)
     VALUES ('ours', '2.0.0', 'kept', '["t"]', '["stdio","http"]', 'draining', 'healthy', 0, '{"d":"p"}', ${HEAD + 1})`,
  );
  db.run(
    "INSERT INTO capabilities (agent_id, name, category, created_at, updated_at) VALUES ('ours', 'c', 'data', 'x', 'x')",
  );
  db.run(`INSERT INTO registry_log (version, agent_id, new, cause) VALUES (${HEAD + 1}, 'ours', '{}', 'register')`);
  db.run("INSERT INTO lifecycle_tombstones VALUES ('theirs', 'deleted', '2025-07-01T12:00:00.000+00:00')");
  db.run(`UPDATE registry_head SET head = ${HEAD + 1}, floor = ${HEAD - 5}`);
}

/** What Go does after a rollback: beats, a registration, time in its own shape, capabilities replaced. */
const GO_WRITES = `
  UPDATE agents SET status = 'degraded', updated_at = '2025-07-01 13:00:00.5+00:00', last_heartbeat = '2025-07-01 12:59:00.123456789+00:00',
    resource_version = '${HEAD + 3_600_500}', labels = '["array","labels"]' WHERE id = 'ours';
  DELETE FROM capabilities WHERE agent_id = 'ours';
  INSERT INTO capabilities (agent_id, name, created_at, updated_at) VALUES ('ours', 'c', '0001-01-01 00:00:00+00:00', '0001-01-01 00:00:00+00:00');
  INSERT INTO agents VALUES ('theirs', 'theirs', 'default', 'stdio://theirs', 'healthy', '{"env":"x"}', '{}', '2025-07-01 13:00:00+00:00',
    '2025-07-01 13:00:01+00:00', '${HEAD + 3_601_000}', '2025-07-01 13:00:01+00:00', 30, 45, 90, 'worker', 'null', NULL, NULL);
  INSERT INTO agent_health (agent_id, status, timestamp) VALUES ('theirs', 'healthy', '2025-07-01 13:00:01.25+00:00'), ('nobody', 'healthy', '2025-07-01 13:00:01.25+00:00');
  INSERT INTO registry_events (event_type, agent_id, resource_version) VALUES ('MODIFIED', 'theirs', '${HEAD + 3_601_000}');`;

test("what Go wrote after a rollback is taken in", () => {
  using files = scratch();
  const first = files.open(files.path("registry.db"));
  fill(first);
  first.db.run("PRAGMA foreign_keys = OFF");
  first.db.run(GO_WRITES);
  first.close();

  const { db, migrated, logged } = files.open(first.path);
  expect(migrated).toBeNull();
  expect(rowsOf(db, "PRAGMA foreign_keys")).toEqual([{ foreign_keys: 1 }]);
  expect(logged).toEqual(["info another registry wrote to the database since: took in its changes to 2 agents"]);
  const head = HEAD + 3_601_000;
  expect(rowsOf(db, "SELECT head, floor FROM registry_head")).toEqual([{ head, floor: head }]);
  expect(
    rowsOf(db, "SELECT id, labels, updated_at, last_heartbeat AS beat, config, dependencies FROM agents ORDER BY id"),
  ).toEqual([
    {
      id: "ours",
      labels: "{}",
      updated_at: "2025-07-01T13:00:00.500+00:00",
      beat: "2025-07-01T12:59:00.123+00:00",
      config: "{}",
      dependencies: "[]",
    },
    {
      id: "theirs",
      labels: '{"env":"x"}',
      updated_at: "2025-07-01T13:00:01.000+00:00",
      beat: "2025-07-01T13:00:01.000+00:00",
      config: "{}",
      dependencies: "[]",
    },
  ]);
  expect(
    rowsOf(
      db,
      `SELECT agent_id, version, description, tags, transport, lifecycle_status AS lifecycle, reported_status AS said,
              explicit_timeout, providers, log_version FROM agent_extensions ORDER BY agent_id`,
    ),
  ).toEqual([
    {
      agent_id: "ours",
      version: "2.0.0",
      description: "kept",
      tags: '["array","labels"]',
      transport: '["stdio","http"]',
      lifecycle: "draining",
      said: "healthy",
      explicit_timeout: 0,
      providers: '{"d":"p"}',
      log_version: null,
    },
    {
      agent_id: "theirs",
      version: "1.0.0",
      description: null,
      tags: "[]",
      transport: '["stdio"]',
      lifecycle: "active",
      said: "healthy",
      explicit_timeout: 0,
      providers: "{}",
      log_version: null,
    },
  ]);
  expect(rowsOf(db, "SELECT created_at, updated_at FROM capabilities")).toEqual([
    { created_at: "2025-07-01T11:00:00.000+00:00", updated_at: "2025-07-01T13:00:00.500+00:00" },
  ]);
  expect(rowsOf(db, "SELECT agent_id, timestamp FROM agent_health")).toEqual([
    { agent_id: "theirs", timestamp: "2025-07-01T13:00:01.250+00:00" },
  ]);
  expect(rowsOf(db, "SELECT table_name FROM migration_orphans")).toEqual([{ table_name: "agent_health" }]);
  expect(rowsOf(db, "SELECT * FROM lifecycle_tombstones")).toEqual([]);
});

test("after that the file is opened without a write", () => {
  using files = scratch();
  const first = files.open(files.path("registry.db"));
  fill(first);
  first.db.run("PRAGMA foreign_keys = OFF");
  first.db.run(GO_WRITES);
  first.close();
  files.open(first.path).close();

  const again = files.open(first.path);
  expect(again.logged).toEqual([]);
  expect(rowsOf(again.db, "SELECT total_changes() AS n")).toEqual([{ n: 0 }]);
});

test("a version beyond what a number can hold is not believed, and the head never moves back", () => {
  using files = scratch();
  const first = files.open(files.path("registry.db"));
  fill(first);
  first.db.run("UPDATE agents SET resource_version = '1751371200000123456'");
  first.close();
  const { db } = files.open(first.path);
  expect(rowsOf(db, "SELECT resource_version AS version FROM agents")).toEqual([{ version: String(HEAD) }]);
  expect(rowsOf(db, "SELECT head, floor FROM registry_head")).toEqual([{ head: HEAD + 1, floor: HEAD + 1 }]);
});

test("our own file is not touched", () => {
  using files = scratch();
  const first = files.open(files.path("registry.db"));
  fill(first);
  first.close();
  const { db, logged } = files.open(first.path);
  expect(logged).toEqual([]);
  expect(rowsOf(db, "SELECT head, floor FROM registry_head")).toEqual([{ head: HEAD + 1, floor: HEAD - 5 }]);
});

test("a head that was lost is found again", () => {
  using files = scratch();
  const first = files.open(files.path("registry.db"));
  fill(first);
  first.db.run("DELETE FROM registry_head");
  first.close();
  const { db } = files.open(first.path);
  expect(rowsOf(db, "SELECT head, floor FROM registry_head")).toEqual([{ head: HEAD, floor: HEAD }]);
});
