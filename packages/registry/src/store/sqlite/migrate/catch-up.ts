import type { Database } from "bun:sqlite";
import { formatStoredTimestamp } from "../timestamps.ts";
import { setHead } from "./migrate.ts";
import type { MigrationContext } from "./migration-context.ts";
import { moveOrphans } from "./orphans.ts";
import { repairAgents } from "./repair-agents.ts";
import { repairRows } from "./repair-rows.ts";

/**
 * Whether another registry wrote to a file of version 3, as Go can after a rollback. It gives out versions by the clock,
 * without our head, and with every change and every beat.
 */
export function hasForeignWrites(db: Database): boolean {
  const row = db
    .query<{ isAhead: number }, []>(
      `SELECT coalesce(max(CAST(resource_version AS INTEGER)), 0) > coalesce((SELECT head FROM registry_head), -1) AS isAhead
       FROM agents`,
    )
    .get();
  return row?.isAhead === 1;
}

/**
 * Takes in what that registry wrote: its value shapes are repaired, its agents get their extension rows, its versions become
 * the head, and the log starts anew, for it holds nothing of all that.
 */
export function catchUpWithForeignWrites(db: Database, { nowMs, log }: MigrationContext): void {
  db.run("PRAGMA foreign_keys = OFF");
  db.run("BEGIN IMMEDIATE");
  try {
    const lastKnownExtension = newestExtension(db);
    db.run("INSERT OR IGNORE INTO agent_extensions (agent_id) SELECT id FROM agents");
    // Lets go of extensions whose agents somebody deleted without foreign keys.
    db.run("DELETE FROM agent_extensions WHERE agent_id NOT IN (SELECT id FROM agents)");
    db.run("DELETE FROM lifecycle_tombstones WHERE agent_id IN (SELECT id FROM agents)");
    const condition = "CAST(agents.resource_version AS INTEGER) > (SELECT head FROM registry_head)";
    const { agents } = repairAgents(db, { origin: "go", nowMs, condition, lastKnownExtension });
    moveOrphans(db, formatStoredTimestamp(nowMs));
    repairRows(db, nowMs);
    setHead(db);
    db.run("COMMIT");
    log("info", `another registry wrote to the database since: took in its changes to ${agents} agents`);
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

function newestExtension(db: Database): number {
  return db.query<{ row: number | null }, []>("SELECT max(rowid) AS row FROM agent_extensions").get()?.row ?? 0;
}
