import { constants, Database } from "bun:sqlite";
import { dirname } from "node:path";
import { StoreOpenError } from "../store.ts";
import { errorCode, errorText } from "./errors.ts";
import { fileExists, isWritable } from "./file-path.ts";

/**
 * Keeps a second registry off a database file, for the life of the process. The lock is SQLite's own exclusive lock on an
 * empty database `<file>.lock`: the operating system lets go of it however the process ends, and it works wherever SQLite
 * does. The database file itself stays readable by other tools. The lock file stays on disk: removing it would let one
 * process lock a file that another has just unlinked.
 *
 * No code in this process may open the lock file by other means: closing any descriptor of it gives up a POSIX lock.
 */
export interface FileLock {
  readonly path: string;
  /** Idempotent. */
  release(): void;
}

/** The lock would go with a collected connection, so its holder must be reachable as long as it is held. */
const held = new Set<Database>();

export const lockPathOf = (databasePath: string): string => `${databasePath}.lock`;

export const databaseInUse = (databasePath: string): StoreOpenError =>
  new StoreOpenError(
    `database is in use by another process: ${databasePath}. Stop the other registry, or give this one another DATABASE_URL`,
  );

/**
 * @param databasePath real path of the database, so that two names of one file meet at one lock.
 * @returns null where the folder does not let us write a lock.
 * @throws StoreOpenError `database is in use by another process` when it is held.
 */
export function acquireLock(databasePath: string): FileLock | null {
  const path = lockPathOf(databasePath);
  let db: Database | undefined;
  try {
    db = new Database(path, { readwrite: true, create: true });
    db.run("PRAGMA busy_timeout = 0");
    // The lock alone counts; a journal would be one more file in the folder.
    db.run("PRAGMA journal_mode = MEMORY");
    db.run("BEGIN EXCLUSIVE");
    // On a file it may only read, SQLite takes BEGIN EXCLUSIVE for a plain BEGIN, which locks nothing. This shows it, and is
    // never committed.
    db.run("PRAGMA user_version = 0");
  } catch (error) {
    db?.close();
    if (errorCode(error) === "SQLITE_BUSY") throw databaseInUse(databasePath);
    if (!isWritable(fileExists(path) ? path : dirname(path))) return null;
    throw new StoreOpenError(
      `cannot lock the database with ${path}: ${errorText(error)}. Remove that file if no registry runs, or move the database`,
      error,
    );
  }
  const holder = db;
  held.add(holder);
  return {
    path,
    release() {
      if (!held.delete(holder)) return;
      holder.run("ROLLBACK");
      holder.close();
    },
  };
}

/**
 * Whether another process holds the lock, for those who can only look: an exclusive lock keeps readers out too.
 * @throws StoreOpenError `database is in use by another process` when it does.
 */
export function requireUnlocked(databasePath: string): void {
  let db: Database | undefined;
  try {
    db = new Database(lockPathOf(databasePath), constants.SQLITE_OPEN_READONLY);
    db.run("PRAGMA busy_timeout = 0");
    db.query("SELECT count(*) FROM sqlite_master").get();
  } catch (error) {
    // A lock file that is not there, or cannot be read, tells nothing.
    if (errorCode(error) === "SQLITE_BUSY") throw databaseInUse(databasePath);
  } finally {
    db?.close();
  }
}
