import type { Database } from "bun:sqlite";
import { StoreOpenError } from "../../store.ts";
import {
  AGENTS,
  CAPABILITIES,
  createIndexSql,
  createTableSql,
  INDEXES,
  missingParts,
  SCHEMA_VERSION,
  TABLES,
  UNIQUE_INDEXES,
} from "../schema.ts";
import { formatStoredTimestamp } from "../timestamps.ts";
import type { FileContent } from "./detect.ts";
import { removeDuplicates } from "./duplicates.ts";
import type { MigrationContext } from "./migration-context.ts";
import { moveOrphans, moveRows } from "./orphans.ts";
import { addedObjects, extraColumns, rebuildTable, restoreAddedObjects, rowAsJson } from "./rebuild.ts";
import type { Origin } from "./repair-agent.ts";
import { repairAgents } from "./repair-agents.ts";
import { repairRows } from "./repair-rows.ts";

export interface MigrationReport {
  readonly origin: Origin;
  readonly fromVersion: 1 | 2;
  /** null: in memory, or where nothing can be written. */
  readonly backupPath: string | null;
  /** What was found and done; also the data of the MIGRATED event. */
  readonly counts: MigrationCounts;
}

export interface MigrationCounts {
  readonly agents: number;
  readonly capabilities: number;
  /** Rows of other tables whose values were rewritten. */
  readonly rewrittenRows: number;
  /** Columns that nothing could read; their text is in the annotations. */
  readonly unreadableColumns: number;
  /** Table -> rows. */
  readonly orphans: Readonly<Record<string, number>>;
  readonly duplicates: Readonly<Record<string, number>>;
  /** Columns of agents and capabilities beyond ours, kept in agent_extensions.profile and capabilities.extra. */
  readonly extraColumns: readonly string[];
}

/** Indexes the repair needs while it runs; the others are made after it, which is faster than keeping them up to date. */
const EARLY_INDEXES = new Set(["idx_capabilities_agent", "idx_events_agent"]);

/** Indexes over columns that the repair rewrites in every row. */
const LATE_INDEXES = ["idx_health_timestamp", "idx_health_status", "idx_events_timestamp", "idx_events_type"];

/**
 * Turns a database of version 1 or 2, made by the Python or the Go registry, into version 3 (database, section 4, steps 5
 * to 7). One transaction: when it fails, or the process ends within it, the database is as it was.
 * @throws StoreOpenError if the result would not hold together.
 */
export function migrate(
  db: Database,
  content: FileContent & { readonly kind: "old" },
  backupPath: string | null,
  context: MigrationContext,
): MigrationReport {
  const { origin, fromVersion } = content;
  context.log(
    "info",
    `migrating the database from ${describeOrigin(origin)} version ${fromVersion} to version ${SCHEMA_VERSION}`,
  );
  if (backupPath === null) context.log("warn", "migration: no backup is made, for it happens in memory only");
  // SQLite ignores this switch within a transaction.
  db.run("PRAGMA foreign_keys = OFF");
  db.run("PRAGMA legacy_alter_table = ON");
  db.run("BEGIN IMMEDIATE");
  try {
    const counts = migrateTables(db, origin, context);
    recordMigration(db, { origin, fromVersion, counts }, context.nowMs);
    requireSoundReferences(db);
    db.run("COMMIT");
    context.log("info", `migrated the database to version ${SCHEMA_VERSION}: ${describeCounts(counts)}`);
    return { origin, fromVersion, backupPath, counts };
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  } finally {
    db.run("PRAGMA legacy_alter_table = OFF");
  }
}

function migrateTables(db: Database, origin: Origin, context: MigrationContext): MigrationCounts {
  const at = formatStoredTimestamp(context.nowMs);
  for (const table of TABLES) db.run(createTableSql(table));
  // An agent without an id could not be addressed; SQLite lets a text key be NULL.
  const namelessAgents = moveRows(db, AGENTS.name, "id IS NULL", at);
  const extra = rebuildAgentTables(db, context);
  requireColumns(db);
  for (const name of LATE_INDEXES) db.run(`DROP INDEX IF EXISTS ${name}`);
  for (const definition of INDEXES) if (EARLY_INDEXES.has(definition.name)) db.run(createIndexSql(definition, false));

  const repaired = repairAgents(db, { origin, nowMs: context.nowMs, condition: "TRUE", lastKnownExtension: 0 });
  const orphans = new Map(moveOrphans(db, at));
  if (namelessAgents > 0) orphans.set(AGENTS.name, namelessAgents);
  warnOf("rows that belong to nobody were moved to migration_orphans", orphans, context);
  const rewrittenRows = repairRows(db, context.nowMs);
  const duplicates = removeDuplicates(db);
  warnOf("duplicates were removed, the newest of each kept", duplicates, context);
  for (const definition of INDEXES) db.run(createIndexSql(definition, false));
  for (const definition of UNIQUE_INDEXES) db.run(createIndexSql(definition, true));
  return {
    ...repaired,
    capabilities: countRows(db, CAPABILITIES.name),
    rewrittenRows,
    orphans: Object.fromEntries(orphans),
    duplicates: Object.fromEntries(duplicates),
    extraColumns: extra,
  };
}

/** @returns the columns beyond ours, as `table.column`. */
function rebuildAgentTables(db: Database, context: MigrationContext): readonly string[] {
  const added = addedObjects(db, [AGENTS, CAPABILITIES]);
  const agentExtras = extraColumns(db, AGENTS);
  const capabilityExtras = extraColumns(db, CAPABILITIES);
  const profile = agentExtras.length === 0 ? "'{}'" : rowAsJson(agentExtras);
  db.run(`INSERT OR IGNORE INTO agent_extensions (agent_id, profile) SELECT CAST(id AS TEXT), ${profile} FROM agents`);
  rebuildTable(db, AGENTS, { id: "CAST(id AS TEXT)" });
  rebuildTable(db, CAPABILITIES, capabilityExtras.length === 0 ? {} : { extra: rowAsJson(capabilityExtras) });
  restoreAddedObjects(db, added, context);

  const extras = [
    ...agentExtras.map((column) => `agents.${column}`),
    ...capabilityExtras.map((column) => `capabilities.${column}`),
  ];
  if (extras.length > 0) {
    context.log(
      "warn",
      `migration: columns this registry does not know were kept as additional data: ${extras.join(", ")}`,
    );
  }
  return extras;
}

/** The newest version that any row carries becomes the head, which never moves back, and nobody may resume from before it. */
export function setHead(db: Database): number {
  const usable = "resource_version NOT GLOB '*[^0-9]*' AND length(resource_version) BETWEEN 1 AND 16";
  const newestOf = (table: string) =>
    `SELECT max(CAST(resource_version AS INTEGER)) AS version FROM ${table}
     WHERE ${usable} AND CAST(resource_version AS INTEGER) <= ${Number.MAX_SAFE_INTEGER}`;
  const row = db
    .query<{ head: number }, []>(
      `SELECT coalesce(max(version), 0) AS head FROM (
         ${newestOf("agents")} UNION ALL ${newestOf("registry_events")} UNION ALL SELECT head FROM registry_head)`,
    )
    .get();
  const head = row?.head ?? 0;
  db.run("INSERT OR REPLACE INTO registry_head (row, head, floor) VALUES (1, ?, ?)", [head, head]);
  return head;
}

function recordMigration(db: Database, data: Omit<MigrationReport, "backupPath">, nowMs: number): void {
  const at = formatStoredTimestamp(nowMs);
  const head = setHead(db);
  db.run("INSERT INTO schema_version (version, applied_at) VALUES (?, ?)", [SCHEMA_VERSION, at]);
  db.run(
    `INSERT INTO registry_events (event_type, agent_id, timestamp, resource_version, data, source, metadata)
     VALUES ('MIGRATED', '', ?, ?, ?, 'registry', '{}')`,
    [at, String(head), JSON.stringify(data)],
  );
}

/** Every reference file has the columns of the tables that are not rebuilt. */
function requireColumns(db: Database): void {
  const missing = missingParts(db);
  if (missing.length === 0) return;
  throw new StoreOpenError(
    `cannot migrate the database: it lacks ${missing.slice(0, 5).join(", ")}. Nothing was changed; add them, or start with a new file`,
  );
}

function requireSoundReferences(db: Database): void {
  const violation = db
    .query<{ table: string; rowid: number | null; parent: string }, []>("PRAGMA foreign_key_check")
    .get();
  if (violation !== null) {
    throw new StoreOpenError(
      `cannot migrate the database: row ${violation.rowid} of ${violation.table} refers to a missing row of ${violation.parent}. Nothing was changed; remove that row`,
    );
  }
}

function warnOf(what: string, counts: ReadonlyMap<string, number>, { log }: MigrationContext): void {
  if (counts.size === 0) return;
  log("warn", `migration: ${what}: ${[...counts].map(([table, count]) => `${count} of ${table}`).join(", ")}`);
}

function countRows(db: Database, table: string): number {
  return db.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`).get()?.count ?? 0;
}

const describeOrigin = (origin: Origin): string => (origin === "python" ? "Python" : "Go");

function describeCounts(counts: MigrationCounts): string {
  return `${counts.agents} agents, ${counts.capabilities} capabilities, ${counts.rewrittenRows} other rows rewritten`;
}
