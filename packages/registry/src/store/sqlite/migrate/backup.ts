import type { Database } from "bun:sqlite";
import { renameSync, rmSync } from "node:fs";
import { StoreOpenError } from "../../store.ts";
import { errorText } from "../errors.ts";
import type { MigrationContext } from "./migration-context.ts";

/**
 * Copies a file before its first change (database, section 4, step 4).
 * @returns path of the copy, `<file>.v2-<UTC stamp>.bak`.
 * @throws StoreOpenError when there is no room: without a way back we do not migrate.
 */
export function backUp(db: Database, path: string, fromVersion: number, { nowMs, log }: MigrationContext): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, "");
  const backupPath = `${path}.v${fromVersion}-${stamp}.bak`;
  const partialPath = `${backupPath}.partial`;
  try {
    rmSync(partialPath, { force: true });
    db.run("VACUUM INTO ?", [partialPath]);
    // A backup that a killed process left half-way must not carry the name of a whole one.
    renameSync(partialPath, backupPath);
  } catch (error) {
    rmSync(partialPath, { force: true });
    throw new StoreOpenError(
      `cannot back up the database to ${backupPath} before migrating it: ${errorText(error)}. Make room beside it`,
      error,
    );
  }
  log("info", `backed up the database to ${backupPath}`);
  return backupPath;
}
