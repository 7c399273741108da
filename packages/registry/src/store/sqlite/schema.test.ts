import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { createSchema, missingParts } from "./schema.ts";
import { type Row, readFixture, rowsOf } from "./testing/scratch.ts";

const AT = "2025-07-01T12:00:00.000+00:00";

function newDatabase(): Database {
  const db = new Database(":memory:");
  createSchema(db, AT);
  return db;
}

const columns = (db: Database, table: string): Row[] =>
  rowsOf(db, `SELECT name, type, "notnull" AS required, dflt_value AS standard, pk FROM pragma_table_info('${table}')`);

const REFERENCE_TABLES = [
  "schema_version",
  "agents",
  "capabilities",
  "agent_health",
  "registry_events",
  "service_contracts",
  "method_metadata",
  "method_parameters",
  "method_capabilities",
  "capability_method_mapping",
];

test("the ten reference tables have Go's columns, in Go's order, with its defaults", () => {
  using ours = newDatabase();
  using go = new Database(":memory:");
  go.run(readFixture("go-v2"));
  for (const table of REFERENCE_TABLES) {
    const goColumns = columns(go, table);
    expect({ table, columns: columns(ours, table).slice(0, goColumns.length) }).toEqual({ table, columns: goColumns });
    if (table !== "capabilities") expect(columns(ours, table)).toHaveLength(goColumns.length);
  }
});

test("agents has exactly Go's 18 columns", () => {
  using db = newDatabase();
  expect(columns(db, "agents").map(({ name }) => name)).toEqual([
    "id",
    "name",
    "namespace",
    "endpoint",
    "status",
    "labels",
    "annotations",
    "created_at",
    "updated_at",
    "resource_version",
    "last_heartbeat",
    "health_interval",
    "timeout_threshold",
    "eviction_threshold",
    "agent_type",
    "config",
    "security_context",
    "dependencies",
  ]);
});

test("foreign keys are Go's", () => {
  const foreignKeys = (db: Database, table: string) =>
    rowsOf(db, `SELECT "table", "from", "to", on_delete FROM pragma_foreign_key_list('${table}') ORDER BY "from"`);
  using ours = newDatabase();
  using go = new Database(":memory:");
  go.run(readFixture("go-v2"));
  for (const table of REFERENCE_TABLES) expect(foreignKeys(ours, table)).toEqual(foreignKeys(go, table));
});

test("indexes are the 30 of the references, our three, and six unique ones", () => {
  const indexes = (db: Database, condition = "TRUE") =>
    rowsOf(
      db,
      `SELECT list.name, master.tbl_name AS "table",
              (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno)) AS columns
       FROM sqlite_master AS master JOIN pragma_index_list(master.name) AS list
       WHERE master.type = 'table' AND list.origin = 'c' AND ${condition} ORDER BY list.name`,
    );
  using ours = newDatabase();
  using go = new Database(":memory:");
  go.run(readFixture("go-v2"));
  const reference = indexes(go);
  expect(reference).toHaveLength(30);
  expect(indexes(ours)).toHaveLength(39);
  expect(indexes(ours)).toEqual(expect.arrayContaining(reference));
  expect(indexes(ours, 'list."unique" = 1')).toEqual([
    { name: "idx_cap_mapping_unique", table: "capability_method_mapping", columns: "capability_id,method_id" },
    { name: "idx_capabilities_unique", table: "capabilities", columns: "agent_id,name,version" },
    { name: "idx_contracts_unique", table: "service_contracts", columns: "agent_id,service_name,service_version" },
    { name: "idx_method_caps_unique", table: "method_capabilities", columns: "method_id,capability_name" },
    { name: "idx_methods_unique", table: "method_metadata", columns: "contract_id,method_name" },
    { name: "idx_parameters_unique", table: "method_parameters", columns: "method_id,parameter_name" },
  ]);
});

test("registry_head has one row, and never another", () => {
  using db = newDatabase();
  expect(rowsOf(db, "SELECT head, floor FROM registry_head")).toEqual([{ head: 0, floor: 0 }]);
  expect(() => db.run("INSERT INTO registry_head (head, floor) VALUES (1, 1)")).toThrow("CHECK");
  expect(() => db.run("INSERT INTO registry_head (head, floor, row) VALUES (1, 1, 1)")).toThrow("UNIQUE");
});

test("a new database says version 3, and has no table for orphans", () => {
  using db = newDatabase();
  expect(rowsOf(db, "SELECT * FROM schema_version")).toEqual([{ version: 3, applied_at: AT }]);
  expect(rowsOf(db, "SELECT name FROM sqlite_master WHERE name = 'migration_orphans'")).toEqual([]);
  expect(missingParts(db)).toEqual([]);
});

test("what a database lacks is named", () => {
  using db = newDatabase();
  db.run("ALTER TABLE agent_extensions DROP COLUMN providers");
  db.run("DROP TABLE lease_log");
  expect(missingParts(db)).toEqual(["agent_extensions.providers", "lease_log"]);
});

test("deleting an agent takes what belongs to it, and leaves its events", () => {
  using db = newDatabase();
  db.run("PRAGMA foreign_keys = ON");
  db.run(
    `INSERT INTO agents (id, name, endpoint, created_at, updated_at, resource_version) VALUES ('a', 'a', 'x', '', '', '1')`,
  );
  db.run("INSERT INTO capabilities (agent_id, name) VALUES ('a', 'c')");
  db.run("INSERT INTO agent_extensions (agent_id) VALUES ('a')");
  db.run("INSERT INTO registry_events (event_type, agent_id, resource_version) VALUES ('ADDED', 'a', '1')");
  expect(rowsOf(db, "SELECT * FROM agent_extensions")).toEqual([
    {
      agent_id: "a",
      version: "1.0.0",
      description: null,
      tags: "[]",
      transport: "[]",
      lifecycle_status: "active",
      lifecycle_since: null,
      reported_status: null,
      explicit_timeout: 0,
      explicit_eviction: 0,
      last_metadata: "{}",
      profile: "{}",
      providers: "{}",
      log_version: null,
    },
  ]);
  db.run("DELETE FROM agents");
  expect(rowsOf(db, "SELECT count(*) AS n FROM capabilities UNION ALL SELECT count(*) FROM agent_extensions")).toEqual([
    { n: 0 },
    { n: 0 },
  ]);
  expect(rowsOf(db, "SELECT count(*) AS n FROM registry_events")).toEqual([{ n: 1 }]);
});
