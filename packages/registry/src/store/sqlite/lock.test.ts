import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { acquireLock } from "./lock.ts";
import { openInChild, startChild } from "./testing/children.ts";
import { scratch } from "./testing/scratch.ts";

test("a second registry in the same process is refused, with the file and what to do", () => {
  using files = scratch();
  const path = files.path("registry.db");
  files.open(path);
  expect(() => files.open(path)).toThrow(
    `database is in use by another process: ${path}. Stop the other registry, or give this one another DATABASE_URL`,
  );
});

test("a second process is refused while the first lives, and gets in when it was killed", async () => {
  using files = scratch();
  const path = files.path("registry.db");
  await using first = await startChild({ path, task: "hold" });
  expect(() => files.open(path)).toThrow(`database is in use by another process: ${path}`);
  expect((await openInChild({ path })).error).toContain("database is in use by another process");

  await first.kill();
  expect(files.open(path).isNew).toBe(false);
});

test("a link and the file itself are one database", () => {
  using files = scratch();
  mkdirSync(files.path("real"));
  symlinkSync("real", files.path("linked-folder"));
  symlinkSync("real/registry.db", files.path("linked.db"));
  const opened = files.open(files.path("linked.db"));
  expect(opened.path).toBe(files.path("real/registry.db"));
  expect(() => files.open(files.path("real/registry.db"))).toThrow("in use by another process");
  expect(() => files.open(files.path("linked-folder/registry.db"))).toThrow("in use by another process");
});

test("the locked database stays readable by other tools", async () => {
  using files = scratch();
  const path = files.path("registry.db");
  files.open(path).db.run("INSERT INTO registry_log (version, agent_id, cause) VALUES (1, 'a', 'register')");
  using reader = new Database(path, { readonly: true });
  expect(reader.query("SELECT version FROM registry_log").all()).toEqual([{ version: 1 }]);
});

test("the lock survives a collection of garbage", () => {
  using files = scratch();
  const path = files.path("registry.db");
  acquireLock(path);
  Bun.gc(true);
  expect(() => acquireLock(path)).toThrow("in use by another process");
});

test("a released lock is free, stays on disk and holds nothing", () => {
  using files = scratch();
  const path = files.path("registry.db");
  const lock = acquireLock(path);
  expect(lock?.path).toBe(`${path}.lock`);
  lock?.release();
  lock?.release();
  expect(statSync(`${path}.lock`).size).toBe(0);
  acquireLock(path)?.release();
});

test("a lock file that is something else is named", () => {
  using files = scratch();
  const path = files.path("registry.db");
  writeFileSync(`${path}.lock`, "process 4711".repeat(200));
  expect(() => acquireLock(path)).toThrow(`cannot lock the database with ${path}.lock: file is not a database`);
});
