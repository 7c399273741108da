import { expect, test } from "bun:test";
import { ManualClock } from "../clock.ts";
import { startMemoryKeeper } from "./memory-keeper.ts";

function keeper(agents: number) {
  const clock = new ManualClock();
  const seen = { collections: 0, releases: 0, bytes: 100, isQuiet: true };
  startMemoryKeeper({
    clock,
    timers: clock,
    agentCount: () => agents,
    isQuiet: () => seen.isQuiet,
    residentBytes: () => seen.bytes,
    collectGarbage() {
      seen.collections++;
      seen.bytes = 100;
    },
    releaseCodePages: () => void seen.releases++,
  });
  return { clock, seen };
}

test("a small registry gives back code pages once a second, and never collects", async () => {
  const { clock, seen } = keeper(10);
  await clock.advance(10_000);
  expect([seen.releases, seen.collections]).toEqual([10, 0]);
});

test("a large one collects when memory has grown, at most every 30 seconds", async () => {
  const { clock, seen } = keeper(10_000);
  await clock.advance(1_000);
  expect(seen.collections).toBe(1);
  seen.bytes = 114;
  await clock.advance(60_000);
  expect(seen.collections).toBe(1);
  seen.bytes = 116;
  await clock.advance(1_000);
  expect(seen.collections).toBe(2);
  seen.bytes = 200;
  await clock.advance(29_000);
  expect(seen.collections).toBe(2);
  await clock.advance(1_000);
  expect([seen.collections, seen.releases]).toEqual([3, 0]);
});

test("it waits while something is being written", async () => {
  const { clock, seen } = keeper(10_000);
  seen.isQuiet = false;
  await clock.advance(60_000);
  expect(seen.collections).toBe(0);
  seen.isQuiet = true;
  await clock.advance(1_000);
  expect(seen.collections).toBe(1);
});
