import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { quickCheck } from "./open.ts";
import { DEFAULT_SQLITE_SETTINGS } from "./settings.ts";
import { openInChild, startChild } from "./testing/children.ts";
import { dumpFile, rowsOf, type Scratch, scratch } from "./testing/scratch.ts";

const AGENT = `INSERT INTO agents (id, name, endpoint, created_at, updated_at, resource_version)
  VALUES ('a', 'a', 'http://localhost:1', '2025-07-01T12:00:00.000+00:00', '2025-07-01T12:00:00.000+00:00', '0')`;

/** A closed file of version 3 with one agent. */
function makeCurrent(files: Scratch, name = "registry.db"): string {
  const opened = files.open(files.path(name));
  opened.db.run(AGENT);
  opened.close();
  return opened.path;
}

const filesIn = (files: Scratch): string[] => readdirSync(files.folder).sort();

describe("a new file", () => {
  test("is made with its folder, and has version 3", () => {
    using files = scratch();
    const path = files.path("some/where/registry.db");
    const opened = files.open(path);
    expect(opened).toMatchObject({ path, isNew: true, isReadOnly: false, migrated: null });
    expect(rowsOf(opened.db, "SELECT version FROM schema_version")).toEqual([{ version: 3 }]);
    expect(rowsOf(opened.db, "PRAGMA auto_vacuum")).toEqual([{ auto_vacuum: 2 }]);
    expect(rowsOf(opened.db, "PRAGMA journal_mode")).toEqual([{ journal_mode: "wal" }]);
    expect(rowsOf(opened.db, "PRAGMA foreign_keys")).toEqual([{ foreign_keys: 1 }]);
    expect(opened.logged).toEqual([]);
  });

  test("may be an empty one that is there already, or a link to nothing", () => {
    using files = scratch();
    writeFileSync(files.path("empty.db"), "");
    symlinkSync("target.db", files.path("link.db"));
    expect(files.open(files.path("empty.db")).isNew).toBe(true);
    expect(files.open(files.path("link.db"))).toMatchObject({ isNew: true, path: files.path("target.db") });
  });

  test("is not made when it must exist", () => {
    using files = scratch();
    expect(() => files.open(files.path("registry.db"), { mustExist: true })).toThrow(
      `${files.path("registry.db")} does not exist, and mode=rw in DATABASE_URL says not to make it`,
    );
    expect(filesIn(files)).toEqual([]);
  });

  test("goes into a database that holds something else, but not over tables of our names", () => {
    using files = scratch();
    const mixed = files.open(
      files.make("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('kept')", "mixed.db"),
    );
    expect(mixed.isNew).toBe(true);
    expect(rowsOf(mixed.db, "SELECT text FROM notes")).toEqual([{ text: "kept" }]);

    const foreign = files.make("CREATE TABLE capabilities (title TEXT, name TEXT)", "foreign.db");
    const before = dumpFile(foreign);
    expect(() => files.open(foreign)).toThrow(
      `${foreign} belongs to something else: it has tables of our names without capabilities.id, capabilities.agent_id, `,
    );
    expect(dumpFile(foreign)).toEqual(before);
  });

  test("is removed from use when it cannot be one", () => {
    using files = scratch();
    expect(() => files.open(files.folder)).toThrow(`${files.folder} is a folder. Name a file in it as the database`);
    writeFileSync(files.path("file"), "");
    expect(() => files.open(files.path("file/registry.db"))).toThrow(`cannot use the folder ${files.path("file")}`);
    symlinkSync("round", files.path("round"));
    expect(() => files.open(files.path("round"))).toThrow("too many symbolic links");
  });
});

test("in memory there is no lock and no file", () => {
  using files = scratch();
  const first = files.open(":memory:");
  const second = files.open(":memory:");
  first.db.run(AGENT);
  expect(first).toMatchObject({ path: ":memory:", isNew: true, isReadOnly: false, lock: null });
  expect(rowsOf(second.db, "SELECT count(*) AS n FROM agents")).toEqual([{ n: 0 }]);
  expect(filesIn(files)).toEqual([]);
});

describe("a file of version 3", () => {
  test("is opened without a write", () => {
    using files = scratch();
    const path = makeCurrent(files);
    const before = readFileSync(path);
    const opened = files.open(path);
    expect(opened).toMatchObject({ isNew: false, isReadOnly: false, migrated: null, logged: [] });
    expect(rowsOf(opened.db, "SELECT total_changes() AS n")).toEqual([{ n: 0 }]);
    expect(readFileSync(`${path}-wal`)).toHaveLength(0);
    opened.close();
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(filesIn(files)).toEqual(["registry.db", "registry.db.lock"]);
  });

  test("that lost a table is refused", () => {
    using files = scratch();
    const opened = files.open(files.path("registry.db"));
    opened.db.run("DROP TABLE registry_log");
    opened.close();
    expect(() => files.open(opened.path)).toThrow(
      `${opened.path} says schema version 3 but lacks registry_log. Restore a backup of it`,
    );
  });

  test("changes its journal mode when told to", () => {
    using files = scratch();
    const path = makeCurrent(files);
    const opened = files.open(path, { settings: { ...DEFAULT_SQLITE_SETTINGS, journalMode: "DELETE" } });
    expect(rowsOf(opened.db, "PRAGMA journal_mode")).toEqual([{ journal_mode: "delete" }]);
  });
});

test("a newer version is refused and left alone", () => {
  using files = scratch();
  const path = makeCurrent(files);
  const opened = files.open(path);
  opened.db.run("INSERT INTO schema_version (version) VALUES (4)");
  opened.close();
  const before = readFileSync(path);
  expect(() => files.open(path)).toThrow("database schema version 4 is newer than supported version 3");
  expect(readFileSync(path).equals(before)).toBe(true);
});

describe("a damaged file", () => {
  const overwrite = (path: string, position: number, text: string): void => {
    const file = openSync(path, "r+");
    writeSync(file, text, position);
    closeSync(file);
  };

  test("is refused by name, and lets go of the lock", () => {
    using files = scratch();
    const path = makeCurrent(files);
    for (let page = 2; page < 20; page++) overwrite(path, (page - 1) * 4096 + 8, "damage".repeat(20));
    expect(() => files.open(path)).toThrow(`${path} is damaged: `);
    rmSync(path);
    expect(files.open(path).isNew).toBe(true);
  });

  test("that is no database at all is refused by name", () => {
    using files = scratch();
    const path = files.path("registry.db");
    writeFileSync(path, "this is a letter, not a database\n".repeat(100));
    expect(() => files.open(path)).toThrow(
      `${path} is damaged: file is not a database. Restore a backup, or move the file away to start empty`,
    );
  });

  test("is found in the tables a start reads, or left to the caller's own check, when less is asked for", () => {
    using files = scratch();
    const rootPage = (path: string, table: string): number => {
      using db = new Database(path, { readonly: true });
      return Number(rowsOf(db, `SELECT rootpage AS page FROM sqlite_master WHERE name = '${table}'`)[0]?.["page"]);
    };
    const makeDamaged = (name: string, table: string): string => {
      const path = makeCurrent(files, name);
      overwrite(path, (rootPage(path, table) - 1) * 4096, "damage".repeat(20));
      return path;
    };
    const audit = makeDamaged("audit.db", "registry_events");
    expect(() => files.open(audit)).toThrow(`${audit} is damaged`);
    expect(files.open(audit, { check: "loaded" }).isNew).toBe(false);

    const log = makeDamaged("log.db", "registry_log");
    expect(() => files.open(log, { check: "loaded" })).toThrow(`${log} is damaged`);
    const { db } = files.open(log, { check: "none" });
    expect(() => quickCheck(db, log)).toThrow(`${log} is damaged`);
  });
});

test("a database of something else that has agents too is refused", () => {
  using files = scratch();
  const path = files.make("CREATE TABLE agents (number INTEGER, name TEXT)");
  expect(() => files.open(path)).toThrow(
    `${path} is not a registry database: its table agents has no column id, endpoint. Use another DATABASE_URL`,
  );
});

test("a database that another program keeps locked is in use, after the time to wait", () => {
  using files = scratch();
  const path = files.load("go-v2", "registry.db", "DELETE");
  using other = new Database(path);
  other.run("BEGIN EXCLUSIVE");
  const settings = { ...DEFAULT_SQLITE_SETTINGS, connectTimeoutMs: 20 };
  expect(() => files.open(path, { settings })).toThrow(`database is in use by another process: ${path}`);
  other.run("ROLLBACK");
  expect(files.open(path, { settings }).migrated?.origin).toBe("go");
});

describe("where nothing can be written", () => {
  /** Nobody but the superuser may write in the folder; anyone may look. */
  const forbidWriting = (files: Scratch): void => {
    for (const name of filesIn(files)) chmodSync(files.path(name), 0o444);
    chmodSync(files.folder, 0o555);
  };
  const allowWriting = (files: Scratch): void => chmodSync(files.folder, 0o755);

  test("a file is served read-only, and says so", async () => {
    using files = scratch();
    const path = makeCurrent(files);
    forbidWriting(files);
    const report = await openInChild({ path, isUnprivileged: true });
    allowWriting(files);
    expect(report).toEqual({
      isReadOnly: true,
      origin: null,
      agents: 1,
      writeError: "SQLiteError: attempt to write a readonly database",
      logged: [
        `warn ${path} cannot be written: the registry serves what is in it, read-only, and refuses changes. Give this user write access to the file and its folder`,
      ],
    });
    expect(filesIn(files)).toEqual(["registry.db", "registry.db.lock"]);
  });

  test("changes that a killed registry left in the write-ahead log are served too", async () => {
    using files = scratch();
    const opened = files.open(files.path("registry.db"));
    opened.db.run(AGENT);
    for (const ending of ["", "-wal", "-shm"]) copyFileSync(opened.path + ending, files.path(`killed.db${ending}`));
    forbidWriting(files);
    const report = await openInChild({ path: files.path("killed.db"), isUnprivileged: true });
    allowWriting(files);
    expect(report).toMatchObject({ isReadOnly: true, agents: 1 });
  });

  test("a write-ahead log that cannot be read is not passed over", async () => {
    using files = scratch();
    const opened = files.open(files.path("registry.db"));
    opened.db.run(AGENT);
    for (const ending of ["", "-wal"]) copyFileSync(opened.path + ending, files.path(`killed.db${ending}`));
    forbidWriting(files);
    const path = files.path("killed.db");
    const report = await openInChild({ path, isUnprivileged: true });
    allowWriting(files);
    expect(report.error).toContain(`${path} cannot be read as it is: ${path}-wal holds changes`);
  });

  test("an old file is migrated in memory, and stays as it is on disk", async () => {
    using files = scratch();
    const path = files.load("go-v2");
    const before = readFileSync(path);
    forbidWriting(files);
    const report = await openInChild({ path, isUnprivileged: true });
    allowWriting(files);
    expect(report).toMatchObject({ isReadOnly: true, origin: "go", agents: 5 });
    expect(report.writeError).toContain("attempt to write a readonly database");
    expect(report.logged).toContain("warn migration: no backup is made, for it happens in memory only");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(filesIn(files)).toEqual(["registry.db"]);
  });

  test("no file means no start", async () => {
    using files = scratch();
    forbidWriting(files);
    const path = files.path("registry.db");
    const direct = await openInChild({ path, isUnprivileged: true });
    const nested = await openInChild({ path: files.path("new/registry.db"), isUnprivileged: true });
    allowWriting(files);
    expect(direct.error).toBe(
      `StoreOpenError: cannot make the database ${path}: its folder cannot be written. Change its permissions, or use another DATABASE_URL`,
    );
    expect(nested.error).toContain(`cannot use the folder ${files.path("new")} for the database: EACCES`);
  });

  test("a file that only another user may write is served read-only, without a lock", async () => {
    using files = scratch();
    const path = makeCurrent(files);
    rmSync(`${path}.lock`);
    chmodSync(path, 0o444);
    chmodSync(files.folder, 0o777);
    const report = await openInChild({ path, isUnprivileged: true, isTwice: true });
    expect(report).toMatchObject({ isReadOnly: true, agents: 1 });
    chmodSync(path, 0o644);
    chmodSync(`${path}.lock`, 0o644);
    expect(files.open(path).isReadOnly).toBe(false);
  });

  test("a registry that can write is not read beside", async () => {
    using files = scratch();
    const path = makeCurrent(files);
    await using _writer = await startChild({ path, task: "hold" });
    forbidWriting(files);
    const report = await openInChild({ path, isUnprivileged: true });
    allowWriting(files);
    expect(report.error).toContain("database is in use by another process");
  });
});
