import { Database } from "bun:sqlite";
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenedFile, type OpenOptions, openSqliteFile } from "../open.ts";
import { DEFAULT_SQLITE_SETTINGS } from "../settings.ts";

/** Fixed, so that tests can expect what is derived from it. */
export const NOW = "2025-07-01T12:00:00.000+00:00";
export const NOW_MS = Date.parse(NOW);

export type Fixture = "python-v2" | "go-v2" | "version-1";

/** A folder of its own, removed at the end of the block. */
export interface Scratch extends Disposable {
  readonly folder: string;
  path(name: string): string;
  /** Fills a new database file from a checked-in dump. */
  load(fixture: Fixture, name?: string, journalMode?: "WAL" | "DELETE"): string;
  /** Fills a new database file from SQL. */
  make(sql: string, name?: string): string;
  /** Opens a new file with what a dump and some more SQL put into it. */
  openFixture(fixture: Fixture, sql?: string): Opened;
  /** Opens with the defaults; closed at the end of the block. */
  open(path: string, options?: Partial<OpenOptions>): Opened;
}

export interface Opened extends OpenedFile {
  readonly logged: readonly string[];
  close(): void;
}

export function scratch(): Scratch {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "registry-store-")));
  const opened: Opened[] = [];
  const path = (name: string): string => join(folder, name);
  const make = (sql: string, name = "registry.db"): string => {
    using db = new Database(path(name), { create: true });
    db.run(sql);
    return path(name);
  };
  const open = (file: string, options: Partial<OpenOptions> = {}): Opened => {
    const one = openForTest(file, options);
    opened.push(one);
    return one;
  };
  return {
    folder,
    path,
    make,
    load(fixture, name, journalMode = "WAL") {
      return make(`PRAGMA journal_mode = ${journalMode};\n${readFixture(fixture)}`, name);
    },
    open,
    openFixture: (fixture, sql = "") => open(make(readFixture(fixture) + sql)),
    [Symbol.dispose]() {
      for (const one of opened) one.close();
      // A test that failed may have left it without the right to write.
      chmodSync(folder, 0o755);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openForTest(path: string, options: Partial<OpenOptions>): Opened {
  const logged: string[] = [];
  const file = openSqliteFile({
    path,
    settings: DEFAULT_SQLITE_SETTINGS,
    clock: { nowMs: () => NOW_MS },
    log: (level, text) => logged.push(`${level} ${text}`),
    ...options,
  });
  return {
    ...file,
    logged,
    close() {
      file.db.close();
      file.lock?.release();
    },
  };
}

export function readFixture(fixture: Fixture): string {
  return readFileSync(new URL(`../../../../../../tests/fixtures/databases/${fixture}.sql`, import.meta.url), "utf8");
}

export type Row = Record<string, unknown>;

export const rowsOf = (db: Database, sql: string): Row[] => db.query<Row, []>(sql).all();

export function rowById(db: Database, table: string, id: string | number): Row | null {
  const key = table === "agent_extensions" ? "agent_id" : "id";
  return db.query<Row, [string | number]>(`SELECT * FROM ${table} WHERE ${key} = ?`).get(id);
}

export const jsonOf = (row: Row | null | undefined, column: string): unknown => JSON.parse(String(row?.[column]));

/** Everything a database holds, its definitions included. */
export function dump(db: Database): Record<string, unknown> {
  const objects = rowsOf(db, "SELECT type, name, sql FROM sqlite_master ORDER BY type, name");
  const tables = objects.filter(({ type }) => type === "table").map(({ name }) => String(name));
  return { objects, ...Object.fromEntries(tables.map((table) => [table, rowsOf(db, `SELECT * FROM "${table}"`)])) };
}

export function dumpFile(path: string): Record<string, unknown> {
  using db = new Database(path);
  return dump(db);
}
