import { describe, expect, test } from "bun:test";
import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { PrunePolicy, PruneResult, RegistryStore } from "@mcp-mesh/registry/store/store";
import { agentRecord, CREATED_AT_MS } from "../support/agent-record.ts";
import { creation, deletion, healthRow, update, updateAfter } from "../support/proposed-change.ts";
import { commitAll, commitOne, loadAll, put, readAll, type StoreHarness, testWhere } from "./store-harness.ts";

const T = CREATED_AT_MS;
const HOUR_MS = 3_600_000;
const BATCH = 2_000;

/** Forgets nothing; a test tightens what it is about. */
const KEEP_ALL: PrunePolicy = {
  nowMs: T,
  healthRetentionMs: 0,
  healthMaxPerAgent: 1_000_000,
  eventsRetentionMs: 1_000 * HOUR_MS,
  eventsMax: 1_000_000,
  logRetentionMs: 1_000 * HOUR_MS,
  logMax: 1_000_000,
  tombstoneRetentionMs: 1_000 * HOUR_MS,
};

/** Prunes until nothing old is left. @returns what went in all. */
export async function pruneAll(store: RegistryStore, policy: PrunePolicy): Promise<PruneResult> {
  let sum: PruneResult = { healthRows: 0, eventRows: 0, logRows: 0, isDone: false, floor: 0 };
  for (let round = 0; !sum.isDone; round++) {
    if (round > 100) throw new Error("pruning does not come to an end");
    const result = await store.prune(policy);
    sum = {
      ...result,
      healthRows: sum.healthRows + result.healthRows,
      eventRows: sum.eventRows + result.eventRows,
      logRows: sum.logRows + result.logRows,
    };
  }
  return sum;
}

/** Changes the agent `times` times, 50 to a batch. */
async function changeOften(store: RegistryStore, record: AgentRecord, times: number): Promise<AgentRecord> {
  let current = record;
  for (let done = 0; done < times; ) {
    const changes = [update(current, { status: `s${done}` })];
    while (changes.length < Math.min(50, times - done)) {
      const last = changes.length - 1;
      changes.push(updateAfter(changes[last]!, last, { status: `s${done + last + 1}` }));
    }
    const { version } = (await commitAll(store, ...changes)).at(-1)!;
    current = { ...changes.at(-1)!.new!, resourceVersion: version, logVersion: version };
    done += changes.length;
  }
  return current;
}

export function describePruning(harness: StoreHarness): void {
  describe("pruning", () => {
    describeHealthPruning(harness);
    describeEventPruning(harness);
    describeLogPruning(harness);

    test("with nothing old it is done at once and changes nothing", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const record = await put(store, creation(agentRecord(), { health: healthRow("agent-1") }));
      await commitOne(store, update(record, { status: "healthy" }));
      const before = await loadAll(store);
      const rows = (await store.describe()).rows;

      const result = await store.prune(KEEP_ALL);

      expect(result).toEqual({ healthRows: 0, eventRows: 0, logRows: 0, isDone: true, floor: before.floor });
      expect(await loadAll(store)).toEqual(before);
      expect((await store.describe()).rows).toEqual(rows);
    });

    test("an empty database has nothing to forget", async () => {
      await using database = await harness.create();
      const store = await database.open();

      expect(await store.prune({ ...KEEP_ALL, eventsMax: 0, logMax: 0 })).toMatchObject({ logRows: 0, isDone: true });
    });

    test("tombstones go after their time", async () => {
      await using database = await harness.create();
      const store = await database.open();
      for (const [id, atMs] of [
        ["old", T],
        ["young", T + HOUR_MS],
      ] as const) {
        await commitOne(store, deletion(await put(store, creation(agentRecord({ id }))), { atMs }));
      }

      await pruneAll(store, { ...KEEP_ALL, nowMs: T + 2 * HOUR_MS, tombstoneRetentionMs: 1.5 * HOUR_MS });

      expect((await loadAll(store)).tombstones).toEqual(new Map([["young", T + HOUR_MS]]));
    });
  });
}

function describeHealthPruning(harness: StoreHarness): void {
  const healthRows = async (store: RegistryStore): Promise<number> => (await store.describe()).rows.healthEvents;

  test("health rows go after their time, but never an agent's newest", async () => {
    await using database = await harness.create();
    const store = await database.open();
    await commitAll(store, creation(agentRecord({ id: "a" })), creation(agentRecord({ id: "b" })));
    await store.recordHealth([
      healthRow("a", { atMs: T }),
      healthRow("a", { atMs: T + 1 }),
      healthRow("b", { atMs: T }),
      healthRow("a", { atMs: T + HOUR_MS }),
    ]);
    const policy = { ...KEEP_ALL, nowMs: T + HOUR_MS, healthRetentionMs: HOUR_MS / 2 };

    expect(await pruneAll(store, policy)).toMatchObject({ healthRows: 2 });
    expect(await healthRows(store)).toBe(2);
    expect(await pruneAll(store, { ...policy, nowMs: T + 100 * HOUR_MS })).toMatchObject({ healthRows: 0 });
  });

  test("a retention of 0 keeps health rows for ever", async () => {
    await using database = await harness.create();
    const store = await database.open();
    await put(store, creation(agentRecord()));
    await store.recordHealth([healthRow("agent-1"), healthRow("agent-1")]);

    await pruneAll(store, { ...KEEP_ALL, nowMs: T + 10_000 * HOUR_MS, healthRetentionMs: 0 });

    expect(await healthRows(store)).toBe(2);
  });

  test("no agent keeps more health rows than the cap", async () => {
    await using database = await harness.create();
    const store = await database.open();
    await commitAll(store, creation(agentRecord({ id: "a" })), creation(agentRecord({ id: "b" })));
    await store.recordHealth(Array.from({ length: 9 }, (_, index) => healthRow("a", { atMs: T + index })));
    await store.recordHealth([healthRow("b"), healthRow("b")]);

    expect(await pruneAll(store, { ...KEEP_ALL, healthMaxPerAgent: 3 })).toMatchObject({ healthRows: 6 });
    expect(await healthRows(store)).toBe(5);
  });

  test("one call forgets at most 2,000 rows of a table and says whether more are left", async () => {
    await using database = await harness.create();
    const store = await database.open();
    await put(store, creation(agentRecord()));
    await store.recordHealth(
      Array.from({ length: BATCH + 501 }, (_, index) => healthRow("agent-1", { atMs: T + index })),
    );
    const policy = { ...KEEP_ALL, nowMs: T + HOUR_MS, healthRetentionMs: 1 };

    const first = await store.prune(policy);
    const second = await store.prune(policy);

    expect(first).toMatchObject({ healthRows: BATCH, isDone: false });
    expect(second).toMatchObject({ healthRows: 500, isDone: true });
    expect(await healthRows(store)).toBe(1);
  });
}

function describeEventPruning(harness: StoreHarness): void {
  test("events go after their time, but never an agent's newest", async () => {
    await using database = await harness.create();
    const store = await database.open();
    await changeOften(store, await put(store, creation(agentRecord())), 4);
    await put(store, creation(agentRecord({ id: "agent-2" })));

    const result = await pruneAll(store, { ...KEEP_ALL, nowMs: T + HOUR_MS, eventsRetentionMs: 1 });

    expect(result).toMatchObject({ eventRows: 4, logRows: 0 });
    expect((await store.describe()).rows.registryEvents).toBe(2);
  });

  test("events beyond the cap go, the oldest first", async () => {
    await using database = await harness.create();
    const store = await database.open();
    await changeOften(store, await put(store, creation(agentRecord())), 9);

    expect(await pruneAll(store, { ...KEEP_ALL, eventsMax: 4 })).toMatchObject({ eventRows: 6 });
    expect((await store.describe()).rows.registryEvents).toBe(4);
  });
}

function describeLogPruning(harness: StoreHarness): void {
  test("log entries go after their time, but never an agent's newest, and the floor tells up to where", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord({ id: "a" })));
    const kept = await put(store, creation(agentRecord({ id: "b" })));
    const newest = await changeOften(store, first, 3);
    const before = await readAll(store);

    const result = await pruneAll(store, { ...KEEP_ALL, nowMs: newest.logVersion + HOUR_MS, logRetentionMs: 1 });

    const removed = before.filter((entry) => entry.agentId === "a" && entry.version !== newest.logVersion);
    expect(result).toMatchObject({ logRows: 3, floor: removed.at(-1)!.version });
    expect((await store.describe()).rows.logEntries).toBe(2);
    expect((await readAll(store)).map(({ version }) => version)).toEqual([kept.logVersion, newest.logVersion]);
    const loaded = await loadAll(store);
    expect(loaded).toMatchObject({ head: newest.logVersion, floor: result.floor, recentLogSince: result.floor });
    // What stands below the floor is there for its record alone: a history that began with it would have holes.
    expect(loaded.recentLog).toEqual(before.slice(-1));
    expect(loaded.records.get("b")).toEqual(kept);
  });

  test("young log entries stay", async () => {
    await using database = await harness.create();
    if (database.clock === null) return;
    const store = await database.open();
    const old = await changeOften(store, await put(store, creation(agentRecord())), 3);
    await database.clock.advance(HOUR_MS);
    const young = await changeOften(store, old, 2);

    const policy = { ...KEEP_ALL, nowMs: database.clock.nowMs(), logRetentionMs: HOUR_MS / 2 };
    const result = await pruneAll(store, policy);

    expect(result).toMatchObject({ logRows: 4, floor: old.logVersion });
    expect((await readAll(store)).map(({ version }) => version)).toEqual([young.logVersion - 1, young.logVersion]);
  });

  test("log entries beyond the cap go, the oldest first", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const newest = await changeOften(store, await put(store, creation(agentRecord())), 9);
    const before = await readAll(store);

    expect(await pruneAll(store, { ...KEEP_ALL, logMax: 4 })).toMatchObject({ logRows: 6 });
    expect(await readAll(store)).toEqual(before.slice(-4));
    expect((await loadAll(store)).records.get("agent-1")).toEqual(newest);
  });

  test("an agent that was deleted long ago leaves no log entry behind", async () => {
    await using database = await harness.create();
    const store = await database.open();
    for (let index = 0; index < 5; index++) {
      await commitOne(store, deletion(await put(store, creation(agentRecord({ id: `agent-${index}` })))));
    }
    const { head } = await loadAll(store);

    const result = await pruneAll(store, { ...KEEP_ALL, nowMs: head + HOUR_MS, logRetentionMs: 1 });

    expect(result).toMatchObject({ logRows: 10, floor: head });
    expect((await store.describe()).rows.logEntries).toBe(0);
  });

  test("a long log goes in batches, each leaving a floor that is complete", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const newest = await changeOften(store, await put(store, creation(agentRecord())), BATCH + 300);
    const before = await readAll(store);
    const policy = { ...KEEP_ALL, nowMs: newest.logVersion + HOUR_MS, logRetentionMs: 1 };

    const first = await store.prune(policy);

    expect(first).toMatchObject({ logRows: BATCH, isDone: false, floor: before[BATCH - 1]!.version });
    expect(await readAll(store, first.floor)).toEqual(before.slice(BATCH));
    expect(await store.prune(policy)).toMatchObject({ logRows: 300, isDone: true, floor: before.at(-2)!.version });
    expect(await readAll(store)).toEqual(before.slice(-1));
  });

  testWhere(harness.isDurable)(
    "the floor stands after a restart, and records keep their versions without their entries",
    async () => {
      await using database = await harness.create();
      const store = await database.open();
      const visible = await changeOften(store, await put(store, creation(agentRecord())), 3);
      await put(store, update(visible, { providers: { a: "p" } }, { cause: "resolution" }));
      await pruneAll(store, { ...KEEP_ALL, logMax: 0, eventsMax: 0 });
      const before = await loadAll(store);

      await store.close();

      expect(await loadAll(await database.open())).toEqual(before);
      expect(before.records.get("agent-1")).toMatchObject({
        resourceVersion: visible.resourceVersion,
        logVersion: before.head,
        providers: { a: "p" },
      });
    },
  );
}
