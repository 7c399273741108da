import { Database } from "bun:sqlite";
import type { Clock } from "../../clock.ts";
import { StoreOpenError } from "../store.ts";
import { errorCode, errorText } from "./errors.ts";
import { fileExists, fileSize, realDatabasePath, unwritablePart } from "./file-path.ts";
import { acquireLock, databaseInUse, type FileLock, lockPathOf, requireUnlocked } from "./lock.ts";
import { backUp } from "./migrate/backup.ts";
import { catchUpWithForeignWrites, hasForeignWrites } from "./migrate/catch-up.ts";
import { detectContent, type FileContent } from "./migrate/detect.ts";
import { type MigrationReport, migrate } from "./migrate/migrate.ts";
import { copyToMemory, openForReading } from "./read-only.ts";
import {
  AGENT_EXTENSIONS,
  AGENTS,
  CAPABILITIES,
  createSchema,
  LEASE_LOG,
  LIFECYCLE_TOMBSTONES,
  missingParts,
  REGISTRY_HEAD,
  REGISTRY_LOG,
} from "./schema.ts";
import { applySettings, type SqliteSettings } from "./settings.ts";
import { formatStoredTimestamp } from "./timestamps.ts";

/** How opening reports what an operator should know; one call, one line. */
export type OpenLog = (level: "info" | "warn", text: string) => void;

/** Everything, or the tables that a start reads (at 100,000 agents some 0.2 s; the rest may take a second). */
export type CheckScope = "whole" | "loaded";

const LOADED_TABLES = [
  AGENTS,
  CAPABILITIES,
  AGENT_EXTENSIONS,
  LIFECYCLE_TOMBSTONES,
  REGISTRY_LOG,
  LEASE_LOG,
  REGISTRY_HEAD,
].map(({ name }) => name);

export interface OpenOptions {
  /** `:memory:`, or a file; its folder is created. */
  readonly path: string;
  /** Refuse instead of making a new file (`mode=rw` of a `file:` URL). */
  readonly mustExist?: boolean;
  readonly settings: SqliteSettings;
  /**
   * What is checked before a file of version 3 is used; whole by default. With less, the caller runs `quickCheck` itself, on
   * another thread, and ends with its error: most of a big file is samples and audit trail, which a start does not read,
   * and whose check takes longer than a start should. A file that has to be migrated is checked whole all the same.
   */
  readonly check?: CheckScope | "none";
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: OpenLog;
}

export interface OpenedFile {
  /** Set up with the settings. The only connection that may be asked when `path` is `:memory:`. */
  readonly db: Database;
  /** Real path, or `:memory:`. */
  readonly path: string;
  /** The folder or the file does not let us write. `db` then refuses every write, and may be a migrated copy in memory. */
  readonly isReadOnly: boolean;
  /** There was no registry in it before. */
  readonly isNew: boolean;
  /** Held until released; null in memory, and where nothing is written. */
  readonly lock: FileLock | null;
  readonly migrated: MigrationReport | null;
}

/**
 * Opens a registry database, and makes, checks or migrates it as needed (database, section 4). A file of version 3 is not
 * written to, unless another registry changed it meanwhile.
 * @throws StoreOpenError when it cannot be used: in use, damaged, too new, not ours. Nothing stays open or locked then.
 */
export function openSqliteFile(options: OpenOptions): OpenedFile {
  if (options.path === ":memory:") return openMemory(options);
  const path = realDatabasePath(options.path);
  if (options.mustExist === true && !fileExists(path)) {
    throw new StoreOpenError(`${path} does not exist, and mode=rw in DATABASE_URL says not to make it`);
  }
  const lock = acquireLock(path);
  try {
    // The folder counts as well, even when file and lock are there and can be written: SQLite makes its journal in it.
    if (lock !== null && unwritablePart(path, lockPathOf(path)) === null) return openWritable(options, path, lock);
    if (lock === null) requireUnlocked(path);
    // Whoever only reads leaves the lock to one that can write, be it this process when it tries again.
    lock?.release();
    return openUnwritable(options, path);
  } catch (error) {
    lock?.release();
    throw toOpenError(error, path);
  }
}

function openMemory({ settings, clock }: OpenOptions): OpenedFile {
  const db = new Database(":memory:");
  applySettings(db, settings);
  transaction(db, () => createSchema(db, formatStoredTimestamp(clock.nowMs())));
  return { db, path: ":memory:", isReadOnly: false, isNew: true, lock: null, migrated: null };
}

function openWritable(options: OpenOptions, path: string, lock: FileLock): OpenedFile {
  const { settings, log } = options;
  const isEmptyFile = fileSize(path) === 0;
  const db = new Database(path, { readwrite: true, create: true });
  try {
    db.run(`PRAGMA busy_timeout = ${settings.connectTimeoutMs}`);
    const content = inspect(db, path, options.check);
    // Both are laid down with the first page, and the journal mode writes that.
    if (isEmptyFile) db.run("PRAGMA auto_vacuum = INCREMENTAL");
    const migrated = content.kind === "old" ? migrateFile(db, path, content, options) : null;
    if (content.kind === "current" && hasForeignWrites(db)) catchUpWithForeignWrites(db, contextOf(options));
    // Afterwards, for a migration switches foreign keys off.
    const journalMode = applySettings(db, settings);
    if (journalMode !== settings.journalMode) {
      log("warn", `the database keeps journal mode ${journalMode}; ${settings.journalMode} is not possible here`);
    }
    if (content.kind === "empty") createTables(db, path, options);
    return { db, path, isReadOnly: false, isNew: content.kind === "empty", lock, migrated };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Nothing can be laid down on disk, so what a migration would write is made in memory, and only read. */
function openUnwritable(options: OpenOptions, path: string): OpenedFile {
  const { settings, log } = options;
  if (!fileExists(path)) {
    throw new StoreOpenError(
      `cannot make the database ${path}: its folder cannot be written. Change its permissions, or use another DATABASE_URL`,
    );
  }
  let db = openForReading(path, settings.connectTimeoutMs);
  try {
    const content = inspect(db, path, options.check);
    if (content.kind === "empty") {
      throw new StoreOpenError(`${path} holds no registry and cannot be written. Change its permissions`);
    }
    let migrated: MigrationReport | null = null;
    if (content.kind === "old" || hasForeignWrites(db)) {
      db = copyToMemory(db);
      if (content.kind === "old") migrated = migrate(db, content, null, contextOf(options));
      else catchUpWithForeignWrites(db, contextOf(options));
    }
    applySettings(db, settings, true);
    db.run("PRAGMA query_only = ON");
    log(
      "warn",
      `${unwritablePart(path, lockPathOf(path)) ?? path} cannot be written: the registry serves what is in it, read-only, and refuses changes. Give this user write access to the file and its folder`,
    );
    return { db, path, isReadOnly: true, isNew: false, lock: null, migrated };
  } catch (error) {
    db.close();
    throw error;
  }
}

function inspect(db: Database, path: string, check: OpenOptions["check"] = "whole"): FileContent {
  // First where it can be: what a damaged file seems to hold means nothing.
  if (check === "whole") quickCheck(db, path);
  const content = detectContent(db, path);
  if (check === "none" && content.kind === "current") return content;
  if (check !== "whole") quickCheck(db, path, content.kind === "current" ? "loaded" : "whole");
  return content;
}

function createTables(db: Database, path: string, { clock }: OpenOptions): void {
  transaction(db, () => {
    const foreign = missingParts(db).filter((part) => part.includes("."));
    if (foreign.length > 0) {
      throw new StoreOpenError(
        `${path} belongs to something else: it has tables of our names without ${foreign.slice(0, 5).join(", ")}. Use another DATABASE_URL`,
      );
    }
    createSchema(db, formatStoredTimestamp(clock.nowMs()));
  });
}

function migrateFile(
  db: Database,
  path: string,
  content: FileContent & { kind: "old" },
  options: OpenOptions,
): MigrationReport {
  // Keeps out registries that do not know our lock, from here to the end: a transaction cannot, for the backup may not run
  // inside one (database, section 4, step 2).
  db.run("PRAGMA locking_mode = EXCLUSIVE");
  db.run("BEGIN EXCLUSIVE");
  db.run("COMMIT");
  const context = contextOf(options);
  const report = migrate(db, content, backUp(db, path, content.fromVersion, context), context);
  db.run("PRAGMA locking_mode = NORMAL");
  // SQLite lets go of the lock with the next statement that reads the file.
  db.query("SELECT count(*) FROM schema_version").get();
  return report;
}

/**
 * Whether the pages and records of a file are sound (not whether indexes match their tables: that takes far longer).
 * @throws StoreOpenError naming the file and the first damage.
 */
export function quickCheck(db: Database, path: string, scope: CheckScope = "whole"): void {
  // The argument is a table, or how many problems are enough.
  for (const argument of scope === "whole" ? ["1"] : LOADED_TABLES) {
    const found = firstProblem(db, path, argument);
    if (found !== "ok") throw damaged(path, found);
  }
}

function firstProblem(db: Database, path: string, argument: string): string {
  try {
    return db.query<{ quick_check: string }, []>(`PRAGMA quick_check(${argument})`).get()?.quick_check ?? "no answer";
  } catch (error) {
    throw toOpenError(error, path);
  }
}

const damaged = (path: string, what: string, cause?: unknown): StoreOpenError =>
  new StoreOpenError(`${path} is damaged: ${what}. Restore a backup, or move the file away to start empty`, cause);

const contextOf = ({ clock, log }: OpenOptions) => ({ nowMs: clock.nowMs(), log });

function transaction(db: Database, run: () => void): void {
  db.run("BEGIN IMMEDIATE");
  try {
    run();
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

function toOpenError(error: unknown, path: string): StoreOpenError {
  if (error instanceof StoreOpenError) return error;
  const code = errorCode(error);
  if (code.startsWith("SQLITE_BUSY")) return databaseInUse(path);
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) return damaged(path, errorText(error), error);
  return new StoreOpenError(`cannot open the database ${path}: ${errorText(error)}`, error);
}
