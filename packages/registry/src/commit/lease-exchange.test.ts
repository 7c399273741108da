import { describe, expect, test } from "bun:test";
import { ManualClock } from "../clock.ts";
import { patienceOf } from "../domain/thresholds.ts";
import { RegistryState } from "../state/registry-state.ts";
import { MemoryDatabase, openMemoryStore } from "../store/memory/memory-store.ts";
import { LeaseExchange } from "./lease-exchange.ts";

/** How long a replica listens before it knows of everybody, and how long another may be silent before it is gone. */
const LISTENING_MS = 5_000;

/** The sweeper's replica, and the stores of two others. */
async function site(holder: "sweeper" | "other" = "sweeper") {
  const clock = new ManualClock();
  const database = new MemoryDatabase({ shared: { clock } });
  const open = (replica: string) => openMemoryStore(database, { replica, clock });
  const [store, other] = [open("sweeper"), open("other")];
  if (holder === "other") await other.holdOffice();
  const state = new RegistryState(await store.load(), {
    patienceOf,
    wallMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
  });
  const forgiven: number[] = [];
  const forgive = state.forgiveSilence.bind(state);
  state.forgiveSilence = () => {
    forgiven.push(clock.monotonicMs());
    forgive();
  };
  const exchange = new LeaseExchange({ store, state, clock, lastLeaseId: 0 });
  await exchange.seekOffice();
  const report = (from: typeof store) => from.appendLeases(new Map(), clock.nowMs());
  /** Lets time pass while the given replicas report every 250 ms and the sweeper reads. */
  const pass = async (ms: number, replicas: readonly (typeof store)[]) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 250) {
      await clock.advance(250);
      for (const replica of replicas) await report(replica);
      await exchange.poll();
    }
  };
  return { clock, exchange, store, other, third: open("third"), report, pass, forgiven };
}

describe("the lease horizon", () => {
  test("is where the row before a replica's last was written: beats were heard while the last was on its way", async () => {
    const { clock, exchange, store, other, report, pass } = await site();
    await pass(LISTENING_MS + 250, [store, other]);
    const lastRowMs = clock.monotonicMs();
    await clock.advance(100);
    await report(store);
    await exchange.poll();
    expect(exchange.horizonMs()).toBe(lastRowMs - 250);
    await report(other);
    await exchange.poll();
    expect(exchange.horizonMs()).toBe(lastRowMs);
  });

  test("is none until a new replica's second row: its first proves nothing", async () => {
    const { clock, exchange, store, third, report, pass } = await site();
    await pass(LISTENING_MS + 500, [store]);
    expect(exchange.horizonMs()).not.toBeNull();
    await report(third);
    await exchange.poll();
    expect(exchange.horizonMs()).toBeNull();
    const firstRowMs = clock.monotonicMs();
    await pass(250, [store, third]);
    expect(exchange.horizonMs()).toBe(firstRowMs);
  });

  test("is none before everybody who lives must have reported, and then all are forgiven", async () => {
    const { clock, exchange, store, pass, forgiven } = await site();
    await pass(LISTENING_MS, [store]);
    expect([exchange.horizonMs(), forgiven]).toEqual([null, []]);
    await pass(500, [store]);
    expect(exchange.horizonMs()).toBe(clock.monotonicMs() - 250);
    expect(forgiven).toHaveLength(1);
  });

  test("stands still while a replica is silent; when it is gone, all are forgiven and it goes on without", async () => {
    const { clock, exchange, store, other, pass, forgiven } = await site();
    await pass(LISTENING_MS + 500, [store, other]);
    const lastHeardMs = clock.monotonicMs() - 250;
    await pass(5_000, [store]);
    expect(exchange.horizonMs()).toBe(lastHeardMs);
    expect(forgiven).toHaveLength(1);
    await pass(250, [store]);
    expect(exchange.horizonMs()).toBe(clock.monotonicMs() - 250);
    expect(forgiven).toHaveLength(2);
  });

  test("does not trust a database whose clock is set back", async () => {
    const { clock, exchange, store, other, pass } = await site();
    await pass(LISTENING_MS + 500, [store, other]);
    clock.setWall(clock.nowMs() - 3_600_000);
    const lastHeardMs = clock.monotonicMs() - 250;
    await pass(1_000, [store]);
    expect(exchange.horizonMs()).toBe(lastHeardMs);
  });

  test("is none for a replica that does not hold the office", async () => {
    const { exchange, store, other, pass } = await site("other");
    await pass(LISTENING_MS + 500, [store, other]);
    expect(exchange.horizonMs()).toBeNull();
    other.kill();
    await exchange.seekOffice();
    expect(exchange.horizonMs()).not.toBeNull();
  });
});

test("what is pruned goes by the database's clock, however wrong one's own is", async () => {
  const truth = new ManualClock();
  const own = new ManualClock(truth.nowMs() + 3_600_000);
  const store = openMemoryStore(new MemoryDatabase({ shared: { clock: truth } }), { replica: "one", clock: own });
  const state = new RegistryState(await store.load(), {
    patienceOf,
    wallMs: () => own.nowMs(),
    monotonicMs: () => own.monotonicMs(),
  });
  const exchange = new LeaseExchange({ store, state, clock: own, lastLeaseId: 0 });
  await exchange.poll();
  own.setWall(own.nowMs() + 3_600_000);
  await own.advance(70);
  expect(exchange.storeNowMs()).toBe(truth.nowMs() + 70);
});
