import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { StoreOpenError } from "../store.ts";
import { applySettings, DEFAULT_SQLITE_SETTINGS, readSettings } from "./settings.ts";
import { scratch } from "./testing/scratch.ts";

const pragma = (db: Database, name: string): unknown => Object.values(db.query(`PRAGMA ${name}`).get() as object)[0];

test("settings reach the connection, the page cache in KiB", () => {
  using files = scratch();
  using db = new Database(files.path("x.db"), { create: true });
  const mode = applySettings(db, {
    journalMode: "PERSIST",
    synchronous: "EXTRA",
    busyTimeoutMs: 1234,
    cacheSizeKib: 4321,
    foreignKeys: true,
    connectTimeoutMs: 30_000,
  });
  expect(mode).toBe("PERSIST");
  expect(pragma(db, "journal_mode")).toBe("persist");
  expect(pragma(db, "synchronous")).toBe(3);
  expect(pragma(db, "busy_timeout")).toBe(1234);
  expect(pragma(db, "cache_size")).toBe(-4321);
  expect(pragma(db, "foreign_keys")).toBe(1);
  expect(pragma(db, "temp_store")).toBe(2);

  applySettings(db, { ...DEFAULT_SQLITE_SETTINGS, foreignKeys: false });
  expect(pragma(db, "journal_mode")).toBe("wal");
  expect(pragma(db, "synchronous")).toBe(1);
  expect(pragma(db, "foreign_keys")).toBe(0);
});

test("a database in memory keeps the journal mode it can have", () => {
  using db = new Database(":memory:");
  expect(applySettings(db, DEFAULT_SQLITE_SETTINGS)).toBe("MEMORY");
});

test("words are read in any case", () => {
  const { journalMode, synchronous } = readSettings({
    ...DEFAULT_SQLITE_SETTINGS,
    journalMode: " truncate ",
    synchronous: "Full",
  });
  expect([journalMode, synchronous]).toEqual(["TRUNCATE", "FULL"]);
});

test("a wrong value names the variable and what is allowed", () => {
  expect(() => readSettings({ ...DEFAULT_SQLITE_SETTINGS, journalMode: "WAL; DROP TABLE agents" })).toThrow(
    'DB_JOURNAL_MODE must be one of DELETE, TRUNCATE, PERSIST, MEMORY, WAL, OFF, not "WAL; DROP TABLE agents"',
  );
  expect(() => readSettings({ ...DEFAULT_SQLITE_SETTINGS, synchronous: "2" })).toThrow(
    'DB_SYNCHRONOUS must be one of OFF, NORMAL, FULL, EXTRA, not "2"',
  );
  expect(() => readSettings({ ...DEFAULT_SQLITE_SETTINGS, cacheSizeKib: -1 })).toThrow(
    "DB_CACHE_SIZE must be a whole number from 0 to 2147483647, not -1",
  );
  expect(() => readSettings({ ...DEFAULT_SQLITE_SETTINGS, busyTimeoutMs: Number.NaN })).toThrow("DB_BUSY_TIMEOUT");
  expect(() => readSettings({ ...DEFAULT_SQLITE_SETTINGS, connectTimeoutMs: 0.5 })).toThrow("DB_CONNECTION_TIMEOUT");
});

test("no text of an operator reaches a statement", () => {
  using db = new Database(":memory:");
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.double(), fc.string()), (word, number) => {
      fc.pre(!["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"].includes(word.trim().toUpperCase()));
      const settings = { ...DEFAULT_SQLITE_SETTINGS, journalMode: word, cacheSizeKib: number };
      expect(() => applySettings(db, settings as never)).toThrow(StoreOpenError);
    }),
  );
});
