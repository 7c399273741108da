import { expect, test } from "bun:test";
import { ok, type Result } from "@mcp-mesh/protocol";
import { ManualClock } from "../clock.ts";
import { patienceOf } from "../domain/thresholds.ts";
import { RegistryState } from "../state/registry-state.ts";
import { MemoryDatabase, type MemoryStore, openMemoryStore } from "../store/memory/memory-store.ts";
import { type ChangeDraft, ChangeWriter } from "./change-writer.ts";
import { LogFollower } from "./log-follower.ts";
import { StoreHealth } from "./store-health.ts";

const clock = new ManualClock();

/** A writer over an embedded database, whose commits fail as `fault` says. */
async function openWriter(fault: () => "not-written" | "unknown" | null = () => null) {
  const store: MemoryStore = openMemoryStore(new MemoryDatabase(), {
    replica: "one",
    clock,
    fault: (operation) => (operation === "commit" ? fault() : null),
  });
  const state = new RegistryState(await store.load(), {
    patienceOf,
    wallMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
  });
  const onApplied = (): void => undefined;
  const follower = new LogFollower(store, state, onApplied);
  const health = new StoreHealth({ store, state, clock, onChange: () => undefined });
  const writer = new ChangeWriter({
    store,
    state,
    follower,
    health,
    defer: (run) => void setImmediate(run),
    onApplied,
  });
  return { writer, state, health };
}

/** Deletes an agent that need not be there: the smallest change that takes a version. */
const burial: ChangeDraft = {
  new: null,
  cause: "unregister",
  beatMs: null,
  atMs: clock.nowMs(),
  reason: null,
  tombstone: true,
  health: null,
};

const bury = (writer: ChangeWriter, id: string): Promise<Result<number>> =>
  writer.change(id, () => ok({ change: burial, answer: ({ version }) => version }));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a change is written however soon its caller asks for it after another one was answered", async () => {
  for (let hops = 0; hops < 12; hops++) {
    const { writer } = await openWriter();
    let second: Result<number> | null = null;
    const both = (async () => {
      await bury(writer, "first");
      // Each a turn of the promises, none of the event loop: between the last answer and the writer's rest.
      for (let hop = 0; hop < hops; hop++) await null;
      second = await bury(writer, "second");
    })();
    for (let turns = 0; turns < 20 && second === null; turns++) await turn();
    expect({ hops, isWritten: second !== null }).toEqual({ hops, isWritten: true });
    await both;
    await writer.settled();
  }
});

test("settled waits for what is asked for while it waits", async () => {
  const { writer, state } = await openWriter();
  const chain = bury(writer, "first").then(() => bury(writer, "second"));
  await writer.settled();
  expect([...state.tombstones.keys()]).toEqual(["first", "second"]);
  await chain;
});

test("what a commit wrote whose answer was lost is shown when the database is back, without another write", async () => {
  let isLost = true;
  const { writer, state } = await openWriter(() => (isLost ? "unknown" : null));
  expect(await bury(writer, "lost")).toMatchObject({ ok: false, error: { code: "store_unavailable" } });
  expect(state.tombstones.has("lost")).toBe(false);
  isLost = false;
  await writer.catchUp();
  expect(state.tombstones.has("lost")).toBe(true);
});

test("a write that succeeds ends no outage: the probe does", async () => {
  let isFailing = true;
  const { writer, health } = await openWriter(() => (isFailing ? "not-written" : null));
  await bury(writer, "refused");
  expect(health.reason).not.toBeNull();
  isFailing = false;
  expect((await bury(writer, "written")).ok).toBe(true);
  expect(health.reason).not.toBeNull();
  await health.probe();
  expect(health.reason).toBeNull();
});
