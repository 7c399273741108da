import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { startChild } from "../testing/children.ts";
import { dump, dumpFile, type Fixture, NOW, readFixture, rowById, rowsOf, scratch } from "../testing/scratch.ts";

const FIXTURES: Fixture[] = ["python-v2", "go-v2", "version-1"];

test("a file of version 1 gets the tables it lacks", () => {
  using files = scratch();
  const { db, migrated: report } = files.openFixture("version-1");
  expect(report).toMatchObject({ origin: "python", fromVersion: 1, counts: { agents: 2, capabilities: 1 } });
  expect(report?.backupPath).toEndWith("registry.db.v1-20250701T120000000Z.bak");
  expect(rowById(db, "agents", "first-agent")).toMatchObject({ agent_type: "file-agent", timeout_threshold: 90 });
  expect(rowsOf(db, "SELECT count(*) AS n FROM capability_method_mapping")).toEqual([{ n: 0 }]);
});

describe.each(FIXTURES)("%s", (fixture) => {
  test("has the tables, columns and indexes of a new file", () => {
    const shape = (db: Database) =>
      rowsOf(
        db,
        `SELECT type, name, tbl_name, CASE type WHEN 'index' THEN sql END AS sql,
                (SELECT group_concat(name) FROM pragma_table_info(sqlite_master.name)) AS columns
         FROM sqlite_master
         WHERE name NOT IN ('migration_orphans', 'sqlite_sequence') AND (type = 'table' OR sql IS NOT NULL) ORDER BY name`,
      ).map((row) => ({ ...row, sql: String(row["sql"]).replace(/^CREATE (UNIQUE )?INDEX |[" ]/g, "") }));
    using files = scratch();
    const old = files.openFixture(fixture);
    const fresh = files.open(":memory:");
    expect(shape(old.db)).toEqual(shape(fresh.db));
    expect(rowsOf(old.db, "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    expect(rowsOf(old.db, "PRAGMA foreign_key_check")).toEqual([]);
    expect(rowsOf(old.db, "PRAGMA foreign_keys")).toEqual([{ foreign_keys: 1 }]);
    for (const table of ["agents", "capabilities"]) {
      const definition = `SELECT sql FROM sqlite_master WHERE name = '${table}'`;
      expect(rowsOf(old.db, definition)).toEqual(rowsOf(fresh.db, definition));
    }
  });

  test("is backed up before the first change", () => {
    using files = scratch();
    const path = files.load(fixture);
    const before = dumpFile(path);
    const { migrated: report, logged } = files.open(path);
    expect(readdirSync(files.folder).filter((name) => name.endsWith(".bak"))).toHaveLength(1);
    expect(dumpFile(String(report?.backupPath))).toEqual(before);
    expect(logged[0]).toBe(`info backed up the database to ${report?.backupPath}`);
  });

  test("records the migration and the newest version of all rows", () => {
    using files = scratch();
    const { db, migrated: report } = files.openFixture(fixture);
    const head = { "python-v2": 1749385800000, "go-v2": 1749652999999, "version-1": 1747728060000 }[fixture];
    expect(rowsOf(db, "SELECT head, floor FROM registry_head")).toEqual([{ head, floor: head }]);
    expect(rowsOf(db, "SELECT max(version) AS version, max(applied_at) AS at FROM schema_version")).toEqual([
      { version: 3, at: NOW },
    ]);
    const event = rowsOf(db, "SELECT * FROM registry_events WHERE event_type = 'MIGRATED'");
    expect(event).toEqual([
      {
        id: expect.any(Number),
        event_type: "MIGRATED",
        agent_id: "",
        timestamp: NOW,
        resource_version: String(head),
        data: JSON.stringify({ origin: report?.origin, fromVersion: report?.fromVersion, counts: report?.counts }),
        source: "registry",
        metadata: "{}",
      },
    ]);
  });

  test("has timestamps of one shape only", () => {
    using files = scratch();
    const { db } = files.openFixture(fixture);
    const timestamps = rowsOf(
      db,
      `SELECT created_at AS at FROM agents UNION ALL SELECT updated_at FROM agents
       UNION ALL SELECT last_heartbeat FROM agents WHERE last_heartbeat IS NOT NULL
       UNION ALL SELECT created_at FROM capabilities UNION ALL SELECT updated_at FROM capabilities
       UNION ALL SELECT timestamp FROM agent_health UNION ALL SELECT timestamp FROM registry_events
       UNION ALL SELECT created_at FROM service_contracts UNION ALL SELECT updated_at FROM method_metadata
       UNION ALL SELECT created_at FROM capability_method_mapping UNION ALL SELECT applied_at FROM schema_version`,
    );
    for (const { at } of timestamps) expect(at).toMatch(/^2025-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
  });

  test("is opened again without a write", () => {
    using files = scratch();
    const first = files.openFixture(fixture);
    const before = dump(first.db);
    first.close();
    const second = files.open(first.path);
    expect(second).toMatchObject({ isNew: false, migrated: null, logged: [] });
    expect(rowsOf(second.db, "SELECT total_changes() AS n")).toEqual([{ n: 0 }]);
    expect(dump(second.db)).toEqual(before);
    expect(readdirSync(files.folder).filter((name) => name.endsWith(".bak"))).toHaveLength(1);
  });

  test("is as it was when the last step fails", () => {
    using files = scratch();
    const path = files.load(fixture);
    const before = dumpFile(path);
    const run = (sql: string): void => {
      using db = new Database(path);
      db.run(sql);
    };
    run("CREATE TRIGGER stop BEFORE INSERT ON schema_version BEGIN SELECT RAISE(ABORT, 'stopped'); END");
    expect(() => files.open(path)).toThrow(`cannot open the database ${path}: stopped`);
    run("DROP TRIGGER stop");
    expect(dumpFile(path)).toEqual(before);
  });
});

test.each(["WAL", "DELETE"] as const)(
  "a process killed within the migration leaves the file as it was, journal mode %s",
  async (mode) => {
    // More than the page cache holds, so that changed pages have reached the files by then.
    const manyAgents = `
    WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000)
    INSERT INTO agents SELECT 'many-' || n, 'many-' || n, 'default', 'http://localhost:1', 'healthy', '["a"]',
      '{"text":"' || hex(zeroblob(200)) || '"}', '2025-06-11 12:00:00+00:00', '2025-06-11 12:00:00+00:00', '1749643200000',
      '2025-06-11 12:00:00+00:00', 30, 60, 120, 'mesh-agent', '{}', NULL, '[]' FROM numbers;`;
    using files = scratch();
    const sql = `PRAGMA journal_mode = ${mode}; ${readFixture("go-v2")} ${manyAgents}`;
    const path = files.make(sql);
    const before = dumpFile(path);
    const untouched = files.open(files.make(sql, "untouched.db"));

    const bytes = readFileSync(path);
    await using child = await startChild({ path, task: "stall", at: "duplicates were removed" });
    await child.kill();
    // A write-ahead log takes the changes beside the file, a rollback journal lets them into it.
    expect(statSync(`${path}-${mode === "WAL" ? "wal" : "journal"}`).size).toBeGreaterThan(100_000);
    expect(readFileSync(path).equals(bytes)).toBe(mode === "WAL");

    expect(dumpFile(path)).toEqual(before);
    expect(dump(files.open(path).db)).toEqual(dump(untouched.db));
  },
);

test("registries that do not know our lock are kept out from the backup to the end", () => {
  for (const mode of ["WAL", "DELETE"] as const) {
    using files = scratch();
    const path = files.load("go-v2", "registry.db", mode);
    using other = new Database(path);
    const answers: string[] = [];
    const opened = files.open(path, {
      log: (_level, text) => {
        try {
          other.run("UPDATE agents SET status = 'healthy'");
          answers.push(`wrote at: ${text}`);
        } catch (error) {
          answers.push(String(error));
        }
      },
    });
    expect(answers.length).toBeGreaterThan(3);
    expect(new Set(answers)).toEqual(new Set(["SQLiteError: database is locked"]));
    other.run("UPDATE agents SET status = 'healthy'");
    expect(opened.migrated?.counts.agents).toBe(5);
  }
});

test("columns of others are kept as additional data, and named", () => {
  using files = scratch();
  const {
    db,
    migrated: report,
    logged,
  } = files.openFixture(
    "go-v2",
    `ALTER TABLE agents ADD COLUMN region TEXT;
     ALTER TABLE agents ADD COLUMN "odd ""name'" BLOB;
     UPDATE agents SET region = 'eu', "odd ""name'" = x'c0ffee' WHERE id = 'worker-a';
     ALTER TABLE capabilities ADD COLUMN cost REAL;
     UPDATE capabilities SET cost = 0.25 WHERE id = 15;`,
  );
  expect(rowById(db, "agent_extensions", "worker-a")).toMatchObject({
    profile: `{"region":"eu","odd \\"name'":"C0FFEE"}`,
  });
  expect(rowById(db, "capabilities", 15)).toMatchObject({ extra: '{"cost":0.25}' });
  expect(report?.counts.extraColumns).toEqual(["agents.region", `agents.odd "name'`, "capabilities.cost"]);
  expect(logged).toContain(
    `warn migration: columns this registry does not know were kept as additional data: agents.region, agents.odd "name', capabilities.cost`,
  );
});

test("indexes, triggers and views of others survive", () => {
  using files = scratch();
  const { db } = files.openFixture(
    "python-v2",
    `CREATE INDEX my_index ON agents (endpoint);
     CREATE VIEW my_view AS SELECT agents.name, capabilities.name AS capability FROM agents JOIN capabilities ON agent_id = agents.id;
     CREATE TABLE my_log (text TEXT);
     CREATE TRIGGER my_trigger AFTER DELETE ON agents BEGIN INSERT INTO my_log VALUES (old.id); END;`,
  );
  expect(rowsOf(db, "SELECT count(*) AS n FROM my_view")).toEqual([{ n: 6 }]);
  db.run("DELETE FROM agents WHERE id = 'quiet'");
  expect(rowsOf(db, "SELECT text FROM my_log")).toEqual([{ text: "quiet" }]);
  expect(rowsOf(db, "SELECT name FROM sqlite_master WHERE name = 'my_index'")).toHaveLength(1);
});

test("an agent without an id is kept apart", () => {
  using files = scratch();
  const { db, migrated: report } = files.openFixture(
    "go-v2",
    `INSERT INTO agents (name, endpoint, created_at, updated_at, resource_version) VALUES ('nameless', 'x', '', '', '1');`,
  );
  expect(report?.counts.orphans).toMatchObject({ agents: 1 });
  expect(rowsOf(db, "SELECT count(*) AS n FROM agents")).toEqual([{ n: 5 }]);
});

test("a version beyond what a number can hold is not believed", () => {
  using files = scratch();
  const { db } = files.openFixture(
    "go-v2",
    "UPDATE agents SET resource_version = '1749652860250123456' WHERE id = 'worker-a';",
  );
  expect(rowById(db, "agents", "worker-a")).toMatchObject({
    resource_version: String(Date.parse("2025-06-11T12:10:00Z")),
  });
  expect(rowsOf(db, "SELECT head FROM registry_head")).toEqual([{ head: 1749652999999 }]);
});

test("a table that lacks a column stops the migration, and nothing is changed", () => {
  using files = scratch();
  const path = files.make(`${readFixture("go-v2")} ALTER TABLE agent_health DROP COLUMN checks;`);
  const before = dumpFile(path);
  expect(() => files.open(path)).toThrow(
    "cannot migrate the database: it lacks agent_health.checks. Nothing was changed; add them, or start with a new file",
  );
  expect(dumpFile(path)).toEqual(before);
});

test("ten thousand agents are migrated", () => {
  using files = scratch();
  const path = files.make(
    `${readFixture("python-v2")}
     DELETE FROM agents; DELETE FROM capabilities; DELETE FROM registry_events; DELETE FROM agent_health;
     DELETE FROM service_contracts; DELETE FROM method_metadata; DELETE FROM method_parameters;
     DELETE FROM method_capabilities; DELETE FROM capability_method_mapping;
     WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
     INSERT INTO agents SELECT 'agent-' || n, 'agent-' || n, 'default', 'http://10.0.0.1:' || n, 'healthy',
       '{''n'': ' || n || ', ''it''''s'': True}', '{}', '2025-06-08T10:00:00.000001+00:00', '2025-06-08T10:00:00.000001+00:00',
       1749376800000 + n, '2025-06-08 10:00:00', 30, '{}', NULL, '[''a'']' FROM numbers;
     INSERT INTO capabilities (agent_id, name) SELECT id, 'capability' FROM agents;
     INSERT INTO registry_events (event_type, agent_id, resource_version, data) SELECT 'MODIFIED', id, resource_version,
       '{"agent_type": "worker", "timeout_threshold": 45, "eviction_threshold": 90, "capabilities": [{"name": "capability", "tags": ["x"]}]}'
       FROM agents;
     INSERT INTO agent_health (agent_id, status) SELECT id, 'healthy' FROM agents;`.replaceAll("it''''s", "its"),
  );
  const { db, migrated: report } = files.open(path);
  expect(report?.counts).toMatchObject({ agents: 10_000, capabilities: 10_000 });
  expect(
    rowsOf(
      db,
      `SELECT count(*) AS n, count(DISTINCT labels) AS labels FROM agents JOIN capabilities ON agent_id = agents.id
       WHERE agent_type = 'worker' AND dependencies = '["a"]' AND tags = '["x"]'`,
    ),
  ).toEqual([{ n: 10_000, labels: 10_000 }]);
  expect(rowsOf(db, "SELECT head FROM registry_head")).toEqual([{ head: 1749376810000 }]);
});
