import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { ManualClock } from "../clock.ts";
import { Spool } from "./spool.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a spooled answer is read whole, compressed too, and goes after a minute", async () => {
  const clock = new ManualClock();
  const spool = new Spool(clock);
  const file = spool.create();
  file.write(bytes('{"agents":['));
  file.write(bytes("]}"));
  file.end();

  expect(await file.blob.text()).toBe('{"agents":[]}');
  const compressed = await file.compressed(4);
  expect(new TextDecoder().decode(Bun.gunzipSync(await compressed.bytes()))).toBe('{"agents":[]}');
  expect(await file.compressed(4)).toBe(compressed);

  await clock.advance(59_999);
  expect(existsSync(file.path)).toBe(true);
  await clock.advance(1);
  expect([existsSync(file.path), existsSync(`${file.path}.gz`), spool.files]).toEqual([false, false, 0]);
  spool.close();
});

test("closing removes the folder with everything in it", () => {
  const spool = new Spool(new ManualClock());
  const file = spool.create();
  file.end();
  spool.close();
  expect(existsSync(dirname(file.path))).toBe(false);
});

test("others on the machine cannot read what is spooled", async () => {
  const spool = new Spool(new ManualClock());
  const file = spool.create();
  file.end();
  const { mode } = await Bun.file(file.path).stat();
  expect(mode & 0o077).toBe(0);
  spool.close();
});

test("a folder that a cleaner removed is made again", () => {
  const spool = new Spool(new ManualClock());
  const first = spool.create();
  first.end();
  rmSync(dirname(first.path), { recursive: true });
  const second = spool.create();
  second.end();
  expect([first.exists, second.exists]).toEqual([false, true]);
  spool.close();
});

test("a file that a newer one has replaced goes after a few seconds", async () => {
  const clock = new ManualClock();
  const spool = new Spool(clock);
  const file = spool.create();
  file.end();
  spool.retire(file);
  await clock.advance(5_000);
  expect([file.exists, spool.files]).toEqual([false, 0]);
  spool.close();
});
