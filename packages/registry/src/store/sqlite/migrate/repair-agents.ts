import type { Database } from "bun:sqlite";
import { type Origin, type RepairedAgent, type RepairedColumns, repairAgent, type StoredRow } from "./repair-agent.ts";
import { newestSnapshot } from "./snapshot.ts";

/** Agents held in memory at once, with their capabilities. */
const AGENTS_PER_STEP = 200;

export interface AgentRepairCounts {
  readonly agents: number;
  readonly capabilities: number;
  readonly unreadableColumns: number;
}

export interface AgentRepair {
  readonly origin: Origin;
  readonly nowMs: number;
  /** SQL over `agents` and its `extension`: which agents. */
  readonly condition: string;
  /** Rows of agent_extensions up to this one are ours: what they say of an agent is more than its row can tell. */
  readonly lastKnownExtension: number;
}

interface AgentRow extends StoredRow {
  readonly agent_row: number;
  readonly extension_row: number;
}

/** Repairs the values of agents and their capabilities, and completes their rows in agent_extensions, which must be there. */
export function repairAgents(db: Database, repair: AgentRepair): AgentRepairCounts {
  const { origin, nowMs, condition, lastKnownExtension } = repair;
  const select = db.query<AgentRow, [number, number]>(
    `SELECT agents.*, agents.rowid AS agent_row, extension.rowid AS extension_row
     FROM agents JOIN agent_extensions AS extension ON extension.agent_id = agents.id
     WHERE agents.rowid > ? AND (${condition}) ORDER BY agents.rowid LIMIT ?`,
  );
  const selectCapabilities = db.query<StoredRow & { readonly id: number }, [string]>(
    "SELECT * FROM capabilities WHERE agent_id = ? ORDER BY id",
  );
  const counts = { agents: 0, capabilities: 0, unreadableColumns: 0 };
  let after = Number.MIN_SAFE_INTEGER;
  for (let rows = select.all(after, AGENTS_PER_STEP); rows.length > 0; rows = select.all(after, AGENTS_PER_STEP)) {
    for (const row of rows) {
      after = row.agent_row;
      const id = row["id"] as string;
      const capabilityRows = selectCapabilities.all(id);
      const snapshot = origin === "python" ? newestSnapshot(db, id) : null;
      const repaired = repairAgent(row, capabilityRows, origin, snapshot, nowMs);
      update(db, "agents", "id", id, repaired.agent);
      capabilityRows.forEach((capability, index) => {
        update(db, "capabilities", "id", capability.id, repaired.capabilities[index] ?? {});
      });
      const isKnown = row.extension_row <= lastKnownExtension;
      update(db, "agent_extensions", "agent_id", id, extensionColumns(repaired.extension, isKnown));
      counts.agents++;
      counts.capabilities += capabilityRows.length;
      counts.unreadableColumns += repaired.unreadableColumns;
    }
  }
  return counts;
}

function extensionColumns(extension: RepairedAgent["extension"], isKnown: boolean): RepairedColumns {
  return {
    ...(extension.tags === null ? {} : { tags: JSON.stringify(extension.tags) }),
    reported_status: extension.reportedStatus,
    log_version: null,
    ...(isKnown
      ? {}
      : {
          transport: JSON.stringify(extension.transport),
          explicit_timeout: Number(extension.isTimeoutExplicit),
          explicit_eviction: Number(extension.isEvictionExplicit),
        }),
  };
}

function update(db: Database, table: string, key: string, id: string | number, columns: RepairedColumns): void {
  const names = Object.keys(columns);
  if (names.length === 0) return;
  // The names are those of `repairAgent`, so there are few texts, and the database keeps their statements.
  db.query(`UPDATE ${table} SET ${names.map((name) => `${name} = ?`).join(", ")} WHERE ${key} = ?`).run(
    ...names.map((name) => columns[name] ?? null),
    id,
  );
}
