import type { Database } from "bun:sqlite";
import type { AgentRecord, ResourceVersion } from "../../domain/agent.ts";
import type { Cause, LogEntry, PrunePolicy, PruneResult } from "../store.ts";
import type { ChangeRows } from "./change-rows.ts";
import { AGENT_EXTENSIONS, AGENTS, CAPABILITIES } from "./schema.ts";
import { formatStoredTimestamp } from "./timestamps.ts";

const PRUNE_BATCH = 2_000;
const EXTENSION_COLUMNS = Object.keys(AGENT_EXTENSIONS.columns).filter((column) => column !== "last_metadata");

export interface LogRow {
  readonly version: number;
  readonly agent_id: string;
  readonly old: string | null;
  readonly new: string | null;
  readonly cause: Cause;
  readonly beat: string | null;
  readonly tombstone: number;
}

export interface RowCounts {
  readonly agents: number;
  readonly capabilities: number;
  readonly healthEvents: number;
  readonly registryEvents: number;
  readonly logEntries: number;
  readonly sizeBytes: number;
}

/**
 * The one connection that writes: all SQL after opening is here. Synchronous, and speaks in texts and numbers only, so that
 * it works the same on the event loop and in a Worker.
 */
export class SqliteWriter {
  readonly #db: Database;
  readonly #replica: string;
  readonly #commit: (changes: readonly ChangeRows[]) => boolean[];
  readonly #appendLeases: (at: string, beats: string) => number;
  readonly #saveHeartbeats: (beats: readonly (readonly [string, string])[], foldedUpTo: number) => void;
  readonly #recordHealth: (rows: readonly (readonly (string | number | null)[])[]) => void;

  constructor(db: Database, replica: string) {
    this.#db = db;
    this.#replica = replica;
    const write = prepareChange(db);
    const setHead = db.query("UPDATE registry_head SET head = ?");
    this.#commit = db.transaction((changes: readonly ChangeRows[]) => {
      const won: boolean[] = [];
      for (const change of changes) {
        const follows = change.basedOnChange;
        // Must stand on exactly what that change left: of two that follow the same one, the second has lost.
        const basedOnVersion = follows === null ? change.basedOnVersion : (changes[follows]?.version ?? null);
        won.push((follows === null || won[follows] === true) && write({ ...change, basedOnVersion }));
      }
      const last = changes[won.lastIndexOf(true)];
      if (last) setHead.run(last.version);
      return won;
    }).immediate;
    const insertLease = db.query("INSERT INTO lease_log (replica, at, beats) VALUES (?, ?, ?)");
    this.#appendLeases = (at, beats) => Number(insertLease.run(this.#replica, at, beats).lastInsertRowid);
    this.#saveHeartbeats = prepareSaveHeartbeats(db, replica);
    const insertHealth = db.query(INSERT_HEALTH_IF_KNOWN);
    this.#recordHealth = db.transaction((rows: readonly (readonly (string | number | null)[])[]) => {
      for (const row of rows) insertHealth.run(...row, row[0] as string);
    }).immediate;
  }

  /** @returns which changes were written; the others were decided on an outdated version. */
  commit(changes: readonly ChangeRows[]): boolean[] {
    return this.#commit(changes);
  }

  head(): { head: number; floor: number } {
    return this.#db.query<{ head: number; floor: number }, []>("SELECT head, floor FROM registry_head").get() as {
      head: number;
      floor: number;
    };
  }

  readLog(after: ResourceVersion, limit: number): LogRow[] {
    return this.#db
      .query<LogRow, [number, number]>("SELECT * FROM registry_log WHERE version > ? ORDER BY version LIMIT ?")
      .all(after, limit);
  }

  appendLeases(at: string, beats: string): number {
    return this.#appendLeases(at, beats);
  }

  readLeases(afterId: number): { id: number; replica: string; at: string; beats: string }[] {
    return this.#db
      .query<{ id: number; replica: string; at: string; beats: string }, [number]>(
        "SELECT id, replica, at, beats FROM lease_log WHERE id > ? ORDER BY id",
      )
      .all(afterId);
  }

  saveHeartbeats(beats: readonly (readonly [string, string])[], foldedUpTo: number): void {
    this.#saveHeartbeats(beats, foldedUpTo);
  }

  recordHealth(rows: readonly (readonly (string | number | null)[])[]): void {
    this.#recordHealth(rows);
  }

  probe(): void {
    this.#db
      .transaction(() => {
        // There and back: SQLite does not write a page in which nothing changed, and a full or broken disk would not show.
        this.#db.query("UPDATE registry_head SET head = head + 1").run();
        this.#db.query("UPDATE registry_head SET head = head - 1").run();
      })
      .immediate();
  }

  prune(policy: PrunePolicy): PruneResult {
    return this.#db.transaction(() => pruneBatch(this.#db, policy)).immediate();
  }

  afterPrune(): void {
    this.#db.run("PRAGMA incremental_vacuum(200)");
    this.#db.run("PRAGMA wal_checkpoint(PASSIVE)");
  }

  count(): RowCounts {
    return this.#db.query<RowCounts, []>(COUNT_SQL).get() as RowCounts;
  }

  checkpoint(): void {
    this.#db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
}

const placeholders = (count: number): string => new Array(count).fill("?").join(", ");

const INSERT_HEALTH = `
  INSERT INTO agent_health (agent_id, status, timestamp, checks, errors, uptime_seconds, metadata)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;

// A sample of an agent that was deleted meanwhile belongs to nobody.
const INSERT_HEALTH_IF_KNOWN = `
  INSERT INTO agent_health (agent_id, status, timestamp, checks, errors, uptime_seconds, metadata)
  SELECT ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM agents WHERE id = ?)`;

const COUNT_SQL = `
  SELECT (SELECT count(*) FROM agents) AS agents,
         (SELECT count(*) FROM capabilities) AS capabilities,
         (SELECT count(*) FROM agent_health) AS healthEvents,
         (SELECT count(*) FROM registry_events) AS registryEvents,
         (SELECT count(*) FROM registry_log) AS logEntries,
         (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS sizeBytes`;

/** Upserts never replace: a replaced row would take its children with it (database, section 2, D14). */
function upsertSql(table: string, columns: readonly string[], key: readonly string[]): string {
  const updates = columns.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${placeholders(columns.length)})
    ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${updates.join(", ")}`;
}

/** Writes one change, or nothing and `false` where it was decided on an outdated version. */
function prepareChange(db: Database): (change: ChangeRows) => boolean {
  const current = db.query<{ version: number }, [string]>(`
    SELECT coalesce(e.log_version, CAST(a.resource_version AS INTEGER)) AS version
    FROM agents a LEFT JOIN agent_extensions e ON e.agent_id = a.id WHERE a.id = ?`);
  const isBuried = db.query("SELECT 1 FROM lifecycle_tombstones WHERE agent_id = ?");
  const upsertAgent = db.query(upsertSql("agents", Object.keys(AGENTS.columns), ["id"]));
  const upsertExtension = db.query(upsertSql("agent_extensions", EXTENSION_COLUMNS, ["agent_id"]));
  const setChoice = db.query("UPDATE agent_extensions SET providers = ?, log_version = ? WHERE agent_id = ?");
  const setBeat = db.query("UPDATE agents SET last_heartbeat = ? WHERE id = ?");
  const upsertCapability = db.query(
    upsertSql("capabilities", Object.keys(CAPABILITIES.columns), ["agent_id", "name", "version"]),
  );
  const removeCapability = db.query("DELETE FROM capabilities WHERE agent_id = ? AND name = ? AND version = ?");
  // Children go explicitly: DB_ENABLE_FOREIGN_KEYS=false switches the cascade off.
  const removals = [
    "DELETE FROM agent_extensions WHERE agent_id = ?",
    "DELETE FROM capabilities WHERE agent_id = ?",
    "DELETE FROM agent_health WHERE agent_id = ?",
    "DELETE FROM service_contracts WHERE agent_id = ?",
    "DELETE FROM selection_weights WHERE agent_id = ?",
    "DELETE FROM agents WHERE id = ?",
  ].map((sql) => db.query(sql));
  const bury = db.query(
    "INSERT INTO lifecycle_tombstones (agent_id, status, at) VALUES (?, 'removed', ?) ON CONFLICT (agent_id) DO UPDATE SET at = excluded.at",
  );
  const unbury = db.query("DELETE FROM lifecycle_tombstones WHERE agent_id = ?");
  const insertLog = db.query(
    "INSERT INTO registry_log (version, agent_id, old, new, cause, beat, tombstone) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const insertEvent = db.query(
    "INSERT INTO registry_events (event_type, agent_id, timestamp, resource_version, data, source, metadata) VALUES (?, ?, ?, ?, ?, 'registry', ?)",
  );
  const insertHealth = db.query(INSERT_HEALTH);

  return (change) => {
    const { agentId, version, cause } = change;
    if ((current.get(agentId)?.version ?? null) !== change.basedOnVersion) return false;
    if (cause === "adopt" && isBuried.get(agentId) !== null) return false;
    if (change.agent === null || change.extension === null) {
      for (const removal of removals) removal.run(agentId);
      if (change.tombstone) bury.run(agentId, change.at);
    } else if (cause === "resolution") {
      setChoice.run(change.extension[11] as string, version, agentId);
      setBeat.run(change.beat, agentId);
    } else {
      upsertAgent.run(...change.agent);
      upsertExtension.run(...change.extension);
      for (const [name, capabilityVersion] of change.removed) removeCapability.run(agentId, name, capabilityVersion);
      for (const row of change.written) upsertCapability.run(...row);
      if (cause === "register") unbury.run(agentId);
    }
    insertLog.run(version, agentId, change.oldJson, change.newJson, cause, change.beat, Number(change.tombstone));
    const { event, health } = change;
    if (event) insertEvent.run(event.type, agentId, change.at, String(version), event.data, event.metadata);
    if (health) insertHealth.run(...health);
    return true;
  };
}

function prepareSaveHeartbeats(db: Database, replica: string) {
  const save = db.query(
    "UPDATE agents SET last_heartbeat = ?1 WHERE id = ?2 AND (last_heartbeat IS NULL OR last_heartbeat < ?1)",
  );
  const fold = db.query("DELETE FROM lease_log WHERE replica = ? AND id <= ?");
  return db.transaction((beats: readonly (readonly [string, string])[], foldedUpTo: number) => {
    for (const [id, beat] of beats) save.run(beat, id);
    if (foldedUpTo > 0) fold.run(replica, foldedUpTo);
  }).immediate;
}

/** One batch: at most 2,000 rows a table, oldest first (database, section 7). */
function pruneBatch(db: Database, policy: PrunePolicy): PruneResult {
  const healthRows = pruneHealth(db, policy);
  const eventRows = pruneEvents(db, policy);
  const { logRows, floor } = pruneLog(db, policy);
  db.query("DELETE FROM lifecycle_tombstones WHERE at < ?").run(
    formatStoredTimestamp(policy.nowMs - policy.tombstoneRetentionMs),
  );
  const isDone = healthRows < PRUNE_BATCH && eventRows < PRUNE_BATCH && logRows < PRUNE_BATCH;
  return { healthRows, eventRows, logRows, isDone, floor };
}

/** Rows past their time or beyond an agent's cap, but never its newest one. */
function pruneHealth(db: Database, policy: PrunePolicy): number {
  const cutoff = policy.healthRetentionMs === 0 ? "" : formatStoredTimestamp(policy.nowMs - policy.healthRetentionMs);
  const old = db
    .query(`DELETE FROM agent_health WHERE id IN (
        SELECT h.id FROM agent_health h WHERE h.timestamp < ?
          AND EXISTS (SELECT 1 FROM agent_health newer WHERE newer.agent_id = h.agent_id AND newer.id > h.id)
        ORDER BY h.timestamp LIMIT ?)`)
    .run(cutoff, PRUNE_BATCH).changes;
  if (old >= PRUNE_BATCH) return old;
  const excess = db
    .query(`DELETE FROM agent_health WHERE id IN (
        SELECT id FROM (
          SELECT id, row_number() OVER (PARTITION BY agent_id ORDER BY id DESC) AS place FROM agent_health
          WHERE agent_id IN (SELECT agent_id FROM agent_health GROUP BY agent_id HAVING count(*) > ?1))
        WHERE place > ?1 LIMIT ?2)`)
    .run(Math.max(1, policy.healthMaxPerAgent), PRUNE_BATCH - old).changes;
  return old + excess;
}

/** Events past their time or beyond the cap, but never an agent's newest ADDED or MODIFIED. */
function pruneEvents(db: Database, policy: PrunePolicy): number {
  const cutoff = policy.eventsRetentionMs === 0 ? "" : formatStoredTimestamp(policy.nowMs - policy.eventsRetentionMs);
  const beyondCap = db
    .query<{ id: number }, [number]>("SELECT id FROM registry_events ORDER BY id DESC LIMIT 1 OFFSET ?")
    .get(policy.eventsMax);
  return db
    .query(`DELETE FROM registry_events WHERE id IN (
        SELECT e.id FROM registry_events e WHERE (e.timestamp < ? OR e.id <= ?)
          AND (e.event_type NOT IN ('ADDED', 'MODIFIED') OR EXISTS (
            SELECT 1 FROM registry_events newer WHERE newer.agent_id = e.agent_id AND newer.id > e.id))
        ORDER BY e.id LIMIT ?)`)
    .run(cutoff, beyondCap?.id ?? 0, PRUNE_BATCH).changes;
}

/**
 * Entries past their time or beyond the cap, but never the newest of a registered agent; the floor moves with them. The last
 * entry of an agent that is gone does go: ids that never come back (one per container) must not pile up.
 */
function pruneLog(db: Database, policy: PrunePolicy): { logRows: number; floor: number } {
  const byAge = policy.logRetentionMs === 0 ? 0 : policy.nowMs - policy.logRetentionMs;
  const beyondCap = db
    .query<{ version: number }, [number]>("SELECT version FROM registry_log ORDER BY version DESC LIMIT 1 OFFSET ?")
    .get(policy.logMax);
  const { floor } = db.query<{ floor: number }, []>("SELECT floor FROM registry_head").get() as { floor: number };
  // Versions are epoch milliseconds or later, so an age is a version.
  const cutoff = Math.max(byAge, beyondCap?.version ?? 0);
  const rows = db
    .query<{ version: number }, [number, number]>(`
      DELETE FROM registry_log WHERE version IN (
        SELECT l.version FROM registry_log l
        WHERE l.version <= ? AND NOT EXISTS (
          SELECT 1 FROM agent_extensions e WHERE e.agent_id = l.agent_id AND e.log_version = l.version)
        ORDER BY l.version LIMIT ?)
      RETURNING version`)
    .all(cutoff, PRUNE_BATCH);
  if (rows.length === 0) return { logRows: 0, floor };
  // Up to the last one removed there are gaps: one may resume from there, not from before.
  const newFloor = rows.reduce((highest, { version }) => Math.max(highest, version), floor);
  db.query("UPDATE registry_head SET floor = ?").run(newFloor);
  return { logRows: rows.length, floor: newFloor };
}

export function toLogEntry(row: LogRow): LogEntry {
  return {
    version: row.version,
    agentId: row.agent_id,
    old: row.old === null ? null : (JSON.parse(row.old) as AgentRecord),
    new: row.new === null ? null : (JSON.parse(row.new) as AgentRecord),
    cause: row.cause,
    beatMs: row.beat === null ? null : Date.parse(row.beat),
    tombstone: row.tombstone === 1,
  };
}
