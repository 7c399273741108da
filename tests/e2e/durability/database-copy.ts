import { Database } from "bun:sqlite";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import { readAgents } from "@mcp-mesh/registry/store/sqlite/stored-records";

/** What a database file holds, read without the registry's own start. */
export interface DatabaseContent {
  /** `["ok"]` when the file is sound. */
  readonly integrity: readonly string[];
  readonly brokenReferences: number;
  readonly head: number;
  /** Oldest first. */
  readonly log: readonly LogRow[];
  /** As the tables say, by id. */
  readonly records: ReadonlyMap<string, AgentRecord>;
  readonly lastHeartbeatMs: ReadonlyMap<string, number | null>;
}

export interface LogRow {
  readonly version: number;
  readonly agentId: string;
  readonly old: AgentRecord | null;
  readonly new: AgentRecord | null;
}

/**
 * Reads a copy of the file and of the changes that wait beside it, so that the registry finds exactly what a killed process
 * left. No registry may be running on it.
 */
export function readDatabaseCopy(path: string, scratch: string): DatabaseContent {
  const copy = join(scratch, "copy.db");
  for (const ending of ["", "-wal", "-shm"]) rmSync(copy + ending, { force: true });
  copyFileSync(path, copy);
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
  return readDatabase(copy);
}

export function readDatabase(path: string): DatabaseContent {
  const db = new Database(path);
  try {
    const agents = [...readAgents(db, (text) => expectNothing(text))];
    return {
      integrity: db
        .query<{ integrity_check: string }, []>("PRAGMA integrity_check")
        .all()
        .map((row) => row.integrity_check),
      brokenReferences: db.query("PRAGMA foreign_key_check").all().length,
      head: db.query<{ head: number }, []>("SELECT head FROM registry_head").get()?.head ?? 0,
      log: db
        .query<StoredLogRow, []>("SELECT version, agent_id, old, new FROM registry_log ORDER BY version")
        .all()
        .map(toLogRow),
      records: new Map(agents.map(({ record }) => [record.id, record])),
      lastHeartbeatMs: new Map(agents.map(({ record, lastHeartbeatMs }) => [record.id, lastHeartbeatMs])),
    };
  } finally {
    db.close();
  }
}

/** The agents that the log says there are. The log must be whole: nothing of it pruned. */
export function foldLog(log: readonly LogRow[]): Map<string, AgentRecord> {
  const records = new Map<string, AgentRecord>();
  for (const { version, agentId, old, new: record } of log) {
    const before = records.get(agentId) ?? null;
    if (!Bun.deepEquals(old, before))
      throw new Error(`log entry ${version} of ${agentId} does not follow the one before`);
    if (record === null) records.delete(agentId);
    else records.set(agentId, record);
  }
  return records;
}

interface StoredLogRow {
  readonly version: number;
  readonly agent_id: string;
  readonly old: string | null;
  readonly new: string | null;
}

const toLogRow = (row: StoredLogRow): LogRow => ({
  version: row.version,
  agentId: row.agent_id,
  old: row.old === null ? null : (JSON.parse(row.old) as AgentRecord),
  new: row.new === null ? null : (JSON.parse(row.new) as AgentRecord),
});

function expectNothing(text: string): never {
  throw new Error(`the registry would complain about what is stored: ${text}`);
}
