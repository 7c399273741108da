import { expect, test } from "bun:test";
import { ManualClock } from "../clock.ts";
import { patienceOf } from "../domain/thresholds.ts";
import { RegistryState } from "../state/registry-state.ts";
import { MemoryDatabase, openMemoryStore } from "../store/memory/memory-store.ts";
import type { ProposedChange } from "../store/store.ts";
import { LogFollower } from "./log-follower.ts";

/** A deletion of what is not there: the smallest change that takes a version. */
const burial = (agentId: string): ProposedChange => ({
  agentId,
  old: null,
  new: null,
  cause: "unregister",
  basedOn: null,
  beatMs: null,
  atMs: 0,
  reason: null,
  tombstone: true,
  health: null,
});

/** A follower whose reads a test lets through one by one, and another replica that writes. */
async function site() {
  const clock = new ManualClock();
  const database = new MemoryDatabase({ shared: { clock } });
  const writer = openMemoryStore(database, { replica: "writer", clock });
  const waiting: (() => void)[] = [];
  let reads = 0;
  let isHeld = false;
  const store = openMemoryStore(database, {
    replica: "follower",
    clock,
    delay: () => (isHeld ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    fault: () => {
      reads++;
      return null;
    },
  });
  const state = new RegistryState(await store.load(), {
    patienceOf,
    wallMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
  });
  reads = 0;
  isHeld = true;
  const follower = new LogFollower(store, state, () => {});
  /** Lets what waits on its way go on, be it there or back. */
  const step = async () => {
    for (const go of waiting.splice(0)) go();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { state, follower, writer, step, database, reads: () => reads };
}

test("whoever asks while a read is under way is shown what was written before he asked", async () => {
  const { state, follower, writer, step } = await site();
  const first = follower.catchUp();
  await step();
  await writer.commit([burial("late")]);
  let isShown = false;
  const second = follower.catchUp().then(() => {
    isShown = state.tombstones.has("late");
  });
  await step();
  await first;
  expect(state.tombstones.has("late")).toBe(false);
  await step();
  await step();
  await second;
  expect(isShown).toBe(true);
});

test("all who ask while a read is under way share the one after it", async () => {
  const { follower, step, reads } = await site();
  const asked = [follower.catchUp()];
  await step();
  for (let count = 0; count < 50; count++) asked.push(follower.catchUp());
  for (let turn = 0; turn < 4; turn++) await step();
  await Promise.all(asked);
  expect(reads()).toBe(2);
});

test("a read that fails tells who asked for it, and spoils none after it", async () => {
  const { follower, step, database } = await site();
  const failing = follower.catchUp();
  database.isDown = true;
  const waiting = follower.catchUp();
  const first = failing.catch(() => "failed");
  const second = waiting.catch(() => "failed");
  await step();
  expect(await first).toBe("failed");
  database.isDown = false;
  for (let turn = 0; turn < 3; turn++) await step();
  expect(await second).toBeUndefined();
});
