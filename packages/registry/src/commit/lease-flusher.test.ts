import { describe, expect, test } from "bun:test";
import { ManualClock } from "../clock.ts";
import { patienceOf } from "../domain/thresholds.ts";
import { RegistryState } from "../state/registry-state.ts";
import { MemoryDatabase, openMemoryStore } from "../store/memory/memory-store.ts";
import { LeaseFlusher } from "./lease-flusher.ts";
import { StoreHealth } from "./store-health.ts";

async function site(isShared: boolean) {
  const clock = new ManualClock();
  const database = new MemoryDatabase(isShared ? { shared: { clock } } : {});
  const store = openMemoryStore(database, { replica: "one", clock });
  const state = new RegistryState(await store.load(), {
    patienceOf,
    wallMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
  });
  const health = new StoreHealth({ store, state, clock, onChange: () => undefined });
  return { clock, database, store, leases: new LeaseFlusher({ store, health, clock }) };
}

describe("a replica", () => {
  test("is cut off until the others can know of it, and whenever they may think it gone", async () => {
    const { clock, database, leases } = await site(true);
    expect(leases.isCutOff).toBe(true);
    await leases.flush();
    expect(leases.isCutOff).toBe(false);
    database.isDown = true;
    await clock.advance(4_000);
    await leases.flush();
    expect(leases.isCutOff).toBe(false);
    await clock.advance(1);
    expect(leases.isCutOff).toBe(true);
    database.isDown = false;
    await leases.flush();
    expect(leases.isCutOff).toBe(false);
  });

  test("says once a second that it is there, and says nothing alone with its database", async () => {
    for (const [isShared, rows] of [
      [true, 11],
      [false, 0],
    ] as const) {
      const { clock, store, leases } = await site(isShared);
      for (let flush = 0; flush <= 40; flush++) {
        await leases.flush();
        await clock.advance(250);
      }
      expect((await store.readLeases(0)).rows).toHaveLength(rows);
      expect(leases.isCutOff).toBe(false);
    }
  });

  test("that hears nothing leaves no more rows behind than can be read in a moment", async () => {
    const { clock, store, leases } = await site(true);
    for (let second = 0; second < 1_000; second++) {
      await leases.flush();
      await clock.advance(1_000);
    }
    expect((await store.readLeases(0)).rows.length).toBeLessThan(250);
  });
});

test("the age of a beat survives that the wall clock is set before it is written", async () => {
  const { clock, store, leases } = await site(true);
  leases.beat("agent", clock.monotonicMs());
  await clock.advance(200);
  clock.setWall(clock.nowMs() + 3_600_000);
  await leases.flush();
  const { rows, nowMs } = await store.readLeases(0);
  expect(nowMs - (rows[0]?.beats.get("agent") ?? 0)).toBe(200);
});
