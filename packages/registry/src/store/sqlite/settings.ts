import type { Database } from "bun:sqlite";
import { StoreOpenError } from "../store.ts";

/** Values go into PRAGMA statements, which take no parameters: they come from these lists or are numbers, never raw text. */
export const JOURNAL_MODES = ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"] as const;
export type JournalMode = (typeof JOURNAL_MODES)[number];

export const SYNCHRONOUS_LEVELS = ["OFF", "NORMAL", "FULL", "EXTRA"] as const;
export type SynchronousLevel = (typeof SYNCHRONOUS_LEVELS)[number];

/** SQLite holds both numbers in 32 bits. */
const LARGEST_PRAGMA_NUMBER = 2 ** 31 - 1;

/** Database, section 5. Made by `readSettings` from what the operator wrote. */
export interface SqliteSettings {
  readonly journalMode: JournalMode;
  readonly synchronous: SynchronousLevel;
  /** How long a statement waits for a lock of another process. */
  readonly busyTimeoutMs: number;
  /** Page cache of one connection, in KiB. */
  readonly cacheSizeKib: number;
  readonly foreignKeys: boolean;
  /** How long opening waits for another process to let go of the file. */
  readonly connectTimeoutMs: number;
}

export const DEFAULT_SQLITE_SETTINGS: SqliteSettings = {
  journalMode: "WAL",
  synchronous: "NORMAL",
  busyTimeoutMs: 5_000,
  cacheSizeKib: 10_000,
  foreignKeys: true,
  connectTimeoutMs: 30_000,
};

/** The settings with the two words as the operator wrote them, in any case. */
export interface SettingsInput extends Omit<SqliteSettings, "journalMode" | "synchronous"> {
  readonly journalMode: string;
  readonly synchronous: string;
}

/** @throws StoreOpenError naming the variable, the value and what is allowed. */
export function readSettings(input: SettingsInput): SqliteSettings {
  return {
    journalMode: oneOf("DB_JOURNAL_MODE", input.journalMode, JOURNAL_MODES),
    synchronous: oneOf("DB_SYNCHRONOUS", input.synchronous, SYNCHRONOUS_LEVELS),
    busyTimeoutMs: wholeNumber("DB_BUSY_TIMEOUT", input.busyTimeoutMs),
    cacheSizeKib: wholeNumber("DB_CACHE_SIZE", input.cacheSizeKib),
    foreignKeys: input.foreignKeys === true,
    connectTimeoutMs: wholeNumber("DB_CONNECTION_TIMEOUT", input.connectTimeoutMs),
  };
}

/**
 * Sets up a connection; every connection needs it, since only the journal mode is kept in the file. Leaves the journal mode
 * alone on a connection that cannot write.
 * @returns the journal mode the file really has: SQLite keeps the old one where the wished one is impossible.
 * @throws StoreOpenError for values `readSettings` would refuse.
 */
export function applySettings(db: Database, input: SqliteSettings, isReadOnly = false): JournalMode {
  const settings = readSettings(input);
  db.run(`PRAGMA busy_timeout = ${settings.busyTimeoutMs}`);
  const journalMode = isReadOnly ? currentJournalMode(db) : changeJournalMode(db, settings.journalMode);
  db.run(`PRAGMA synchronous = ${settings.synchronous}`);
  // Negative means KiB; positive would mean pages.
  db.run(`PRAGMA cache_size = ${-settings.cacheSizeKib}`);
  db.run(`PRAGMA foreign_keys = ${settings.foreignKeys ? "ON" : "OFF"}`);
  db.run("PRAGMA temp_store = MEMORY");
  return journalMode;
}

function changeJournalMode(db: Database, wished: JournalMode): JournalMode {
  const row = db.query<{ journal_mode: string }, []>(`PRAGMA journal_mode = ${wished}`).get();
  return (row?.journal_mode ?? wished).toUpperCase() as JournalMode;
}

export function currentJournalMode(db: Database): JournalMode {
  const row = db.query<{ journal_mode: string }, []>("PRAGMA journal_mode").get();
  return (row?.journal_mode ?? "DELETE").toUpperCase() as JournalMode;
}

function oneOf<T extends string>(variable: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === String(value).trim().toUpperCase());
  if (found === undefined) {
    throw new StoreOpenError(`${variable} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`);
  }
  return found;
}

function wholeNumber(variable: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > LARGEST_PRAGMA_NUMBER) {
    throw new StoreOpenError(`${variable} must be a whole number from 0 to ${LARGEST_PRAGMA_NUMBER}, not ${value}`);
  }
  return value;
}
