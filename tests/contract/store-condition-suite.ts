import { describe, expect, test } from "bun:test";
import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";
import { agentRecord, CREATED_AT_MS, capabilityRecord } from "../support/agent-record.ts";
import { creation, deletion, deletionAfter, healthRow, update, updateAfter } from "../support/proposed-change.ts";
import { commitAll, commitOne, loadAll, put, readAll, type StoreHarness, testWhere } from "./store-harness.ts";

/** Who wins when decisions have aged, and what the database decides by itself: capability ids and tombstones. */
export function describeConditionalWrites(harness: StoreHarness): void {
  describe("conditional writes", () => describeConditions(harness));
  describe("capability ids", () => describeCapabilityIds(harness));
  describe("tombstones", () => describeTombstones(harness));
}

function describeConditions(harness: StoreHarness): void {
  test("only the first of two registrations of an absent agent wins", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord({ version: "1.0.0" })));

    const { results } = await store.commit([creation(agentRecord({ version: "2.0.0" }))]);

    expect(results).toEqual([null]);
    expect((await loadAll(store)).records.get("agent-1")).toEqual(first);
  });

  test("a change decided on an outdated, a future or a deleted record loses", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord()));
    const second = await put(store, update(first, { status: "healthy" }));

    const stale = await store.commit([update(first, { status: "stale" }), deletion(first)]);
    const future = await store.commit([update({ ...second, logVersion: second.logVersion + 1 }, { status: "future" })]);
    const absent = await store.commit([update({ ...second, id: "agent-2" }, {})]);

    expect([stale.results, future.results, absent.results]).toEqual([[null, null], [null], [null]]);
    expect((await loadAll(store)).records).toEqual(new Map([["agent-1", second]]));
    await commitOne(store, deletion(second));
    expect((await store.commit([update(second, {}), deletion(second)])).results).toEqual([null, null]);
  });

  test("conditions are about the version of the last change of any kind, not of the last visible one", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord()));
    const resolved = await put(store, update(first, { providers: { a: "p" } }, { cause: "resolution" }));

    const { results } = await store.commit([update(first, { status: "stale" })]);

    expect(results).toEqual([null]);
    await put(store, update(resolved, { status: "healthy" }));
  });

  test("losers leave no trace, and the others of their batch win", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const capabilities = [capabilityRecord()];
    const first = await put(store, creation(agentRecord({ capabilities }), { beatMs: CREATED_AT_MS }));
    const gone = await put(store, creation(agentRecord({ id: "gone" })));
    await commitOne(store, deletion(gone, { atMs: CREATED_AT_MS + 5 }));
    const before = await loadAll(store);
    const rowsBefore = (await store.describe()).rows;
    const stale = { ...first, logVersion: first.logVersion - 1 };
    const losers = [
      update(stale, { status: "lost", capabilities: [] }, { beatMs: CREATED_AT_MS + 1, health: healthRow("agent-1") }),
      deletion(stale),
      creation(agentRecord(), { health: healthRow("agent-1") }),
      update(gone, { status: "lost" }, { health: healthRow("gone") }),
      creation(agentRecord({ id: "other" }), { basedOn: 12_345, health: healthRow("other") }),
    ];

    const lost = await store.commit(losers);

    expect(lost).toEqual({ results: [null, null, null, null, null], previousHead: before.head });
    expect(await loadAll(store)).toEqual(before);
    expect((await store.describe()).rows).toEqual(rowsBefore);
    const mixed = await store.commit([losers[0]!, creation(agentRecord({ id: "won" })), losers[1]!]);
    expect(mixed.results.map((result) => result !== null)).toEqual([false, true, false]);
    const loaded = await loadAll(store);
    expect(loaded.head).toBe(mixed.results[1]!.version);
    expect([...loaded.records.keys()].sort()).toEqual(["agent-1", "won"]);
    expect(loaded.records.get("agent-1")).toEqual(first);
    expect(loaded.beats.get("agent-1")).toBe(CREATED_AT_MS);
    expect(await readAll(store, before.head)).toHaveLength(1);
  });

  test("within a batch each change stands on the one before it", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const registration = creation(agentRecord({ capabilities: [capabilityRecord()] }));
    const beat = updateAfter(registration, 0, { status: "healthy" }, { cause: "heartbeat" });
    const expiry = updateAfter(beat, 2, { status: "degraded" }, { cause: "expiry", beatMs: CREATED_AT_MS });

    const results = await commitAll(store, registration, creation(agentRecord({ id: "agent-2" })), beat, expiry);

    const log = await readAll(store);
    const ofFirst = log.filter(({ agentId }) => agentId === "agent-1");
    expect(log.map(({ version }) => version)).toEqual(results.map(({ version }) => version));
    expect(ofFirst.map(({ new: now }) => now?.status)).toEqual(["pending", "healthy", "degraded"]);
    expect(ofFirst.map(({ old }) => old)).toEqual([null, ofFirst[0]!.new, ofFirst[1]!.new]);
    const loaded = await loadAll(store);
    expect(loaded.records.get("agent-1")).toEqual(ofFirst[2]!.new!);
    expect(loaded.beats.get("agent-1")).toBe(CREATED_AT_MS);
  });

  test("whoever stands on a loser of the batch loses too", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord()));
    const stale = update({ ...first, logVersion: first.logVersion - 1 }, { status: "lost" });
    const onStale = updateAfter(stale, 0, { status: "lost" });

    const { results } = await store.commit([
      stale,
      onStale,
      deletionAfter(onStale, 1),
      update(first, { status: "won" }),
    ]);

    expect(results.map((result) => result !== null)).toEqual([false, false, false, true]);
    expect((await loadAll(store)).records.get("agent-1")?.status).toBe("won");
  });

  test("of two that stand on the same change or version only the first wins", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord()));
    const registration = creation(agentRecord({ id: "agent-2" }));

    const { results } = await store.commit([
      update(first, { status: "won" }),
      update(first, { status: "lost" }),
      registration,
      updateAfter(registration, 2, { status: "won" }),
      updateAfter(registration, 2, { status: "lost" }),
    ]);

    expect(results.map((result) => result !== null)).toEqual([true, false, true, true, false]);
    const { records } = await loadAll(store);
    expect([...records.values()].map(({ status }) => status)).toEqual(["won", "won"]);
  });

  test("an agent can be deleted and registered anew in one batch", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord({ capabilities: [capabilityRecord()] })));

    const second = creation(agentRecord({ version: "2.0.0", capabilities: [capabilityRecord()] }));
    const results = await commitAll(
      store,
      deletion(first),
      second,
      deletionAfter(second, 1, { tombstone: false }),
      creation(agentRecord({ version: "3.0.0" })),
    );

    const loaded = await loadAll(store);
    const [record] = [...loaded.records.values()];
    expect(record).toMatchObject({ version: "3.0.0", capabilities: [], logVersion: results[3]!.version });
    expect(loaded.tombstones).toEqual(new Map());
    expect((await readAll(store, first.logVersion)).map((entry) => [entry.old?.version, entry.new?.version])).toEqual([
      ["1.0.0", undefined],
      [undefined, "2.0.0"],
      ["2.0.0", undefined],
      [undefined, "3.0.0"],
    ]);
  });

  test("of replicas that write at once on the same version one wins, round after round", async () => {
    await using database = await harness.create();
    const stores = [await database.open()];
    if (harness.isShared) for (let more = 0; more < 7; more++) stores.push(await database.open());
    let current: AgentRecord | null = null;

    for (let round = 0; round < 5; round++) {
      const attempts = stores.map(async (store, index) => {
        const version = `${round}.${index}.0`;
        const change = current ? update(current, { version }) : creation(agentRecord({ version }));
        const { results } = await store.commit([change]);
        return results[0] ? version : null;
      });
      const winners: string[] = (await Promise.all(attempts)).filter((version) => version !== null);
      expect(winners).toHaveLength(1);
      current = (await loadAll(stores[0]!)).records.get("agent-1")!;
      expect(current.version).toBe(winners[0]!);
    }
    expect(await readAll(stores[0]!)).toHaveLength(5);
    expect((await loadAll(stores[0]!)).head).toBe(current!.logVersion);
  });
}

function describeCapabilityIds(harness: StoreHarness): void {
  const named = (...names: string[]) => names.map((name) => capabilityRecord({ name }));
  const idsOf = (record: AgentRecord): number[] => record.capabilities.map(({ id }) => id);

  test("every capability gets an id of its own, across agents, in the order of the record", async () => {
    await using database = await harness.create();
    const store = await database.open();

    const results = await commitAll(
      store,
      creation(agentRecord({ capabilities: named("a", "b") })),
      creation(agentRecord({ id: "agent-2", capabilities: named("a", "b") })),
      creation(agentRecord({ id: "agent-3" })),
    );

    const ids = results.map(({ capabilityIds }) => capabilityIds);
    expect(ids.map((list) => list.length)).toEqual([2, 2, 0]);
    expect(new Set(ids.flat()).size).toBe(4);
    expect(Math.min(...ids.flat())).toBeGreaterThan(0);
    const { records } = await loadAll(store);
    expect([...records.values()].flatMap(idsOf).sort()).toEqual(ids.flat().toSorted());
    expect(idsOf(records.get("agent-1")!)).toEqual([...ids[0]!]);
  });

  test("ids stay with name and version while others come, go and change places", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord({ capabilities: named("a", "b", "c") })));
    const [a, , c] = first.capabilities;

    const second = await put(
      store,
      update(first, { capabilities: [c!, ...named("d"), { ...a!, description: "new" }] }),
    );

    expect(second.capabilities.map(({ name }) => name)).toEqual(["c", "d", "a"]);
    expect([second.capabilities[0]!.id, second.capabilities[2]!.id]).toEqual([c!.id, a!.id]);
    expect(second.capabilities[2]!.description).toBe("new");
    expect(idsOf(first)).not.toContain(second.capabilities[1]!.id);
    expect((await loadAll(store)).records.get("agent-1")).toEqual(second);
    expect((await store.describe()).rows.capabilities).toBe(3);
  });

  test("a capability of another version is another capability", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord({ capabilities: named("a") })));

    const newer = capabilityRecord({ name: "a", version: "2.0.0" });
    const second = await put(store, update(first, { capabilities: [newer, ...first.capabilities] }));

    expect(second.capabilities.map(({ version }) => version)).toEqual(["2.0.0", "1.0.0"]);
    expect(second.capabilities[1]).toEqual(first.capabilities[0]!);
    expect(second.capabilities[0]!.id).not.toBe(first.capabilities[0]!.id);
  });

  test("a change decided on an earlier one of its batch keeps the ids that one was given", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const registration = creation(agentRecord({ capabilities: named("a", "b") }));
    const again = updateAfter(registration, 0, { capabilities: named("b", "c", "a") });
    const fewer = updateAfter(again, 1, { capabilities: named("a") });

    const [first, second, third] = await commitAll(store, registration, again, fewer);

    const [a, b] = first!.capabilityIds;
    expect([second!.capabilityIds[0], second!.capabilityIds[2]]).toEqual([b, a]);
    expect(third!.capabilityIds).toEqual([a!]);
    const { records } = await loadAll(store);
    expect(idsOf(records.get("agent-1")!)).toEqual([a!]);
  });

  test("a deletion gives no ids", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const record = await put(store, creation(agentRecord({ capabilities: named("a") })));

    const [deleted] = await commitAll(store, deletion(record));

    expect(deleted!.capabilityIds).toEqual([]);
  });
}

function describeTombstones(harness: StoreHarness): void {
  const tombstones = async (store: RegistryStore): Promise<Map<string, number>> =>
    new Map((await loadAll(store)).tombstones);

  test("a deletion leaves one with its time if asked to, and a registration takes it away", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord()));
    const second = await put(store, creation(agentRecord({ id: "agent-2" })));

    await commitAll(
      store,
      deletion(first, { atMs: CREATED_AT_MS + 1_234 }),
      deletion(second, { tombstone: false, cause: "purge" }),
    );

    expect(await tombstones(store)).toEqual(new Map([["agent-1", CREATED_AT_MS + 1_234]]));
    await put(store, creation(agentRecord()));
    expect(await tombstones(store)).toEqual(new Map());
  });

  test("an adoption loses to a tombstone, also in the batch of the deletion", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const record = await put(store, creation(agentRecord()));
    const adoption = creation(agentRecord(), { cause: "adopt" });

    const { results } = await store.commit([deletion(record), adoption]);

    expect(results.map((result) => result !== null)).toEqual([true, false]);
    expect((await store.commit([adoption])).results).toEqual([null]);
    expect([...(await tombstones(store)).keys()]).toEqual(["agent-1"]);
  });

  test("an adoption brings a purged agent back", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const record = await put(store, creation(agentRecord()));
    await commitOne(store, deletion(record, { tombstone: false, cause: "purge" }));

    await put(store, creation(agentRecord(), { cause: "adopt" }));

    expect((await loadAll(store)).records.size).toBe(1);
  });

  testWhere(harness.isDurable)("they survive a restart", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const record = await put(store, creation(agentRecord()));
    await commitOne(store, deletion(record, { atMs: CREATED_AT_MS + 1_234 }));

    await store.close();

    expect(await tombstones(await database.open())).toEqual(new Map([["agent-1", CREATED_AT_MS + 1_234]]));
  });
}
