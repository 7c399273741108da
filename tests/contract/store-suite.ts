import { describe, expect, test } from "bun:test";
import { StoreOpenError, StoreUnavailableError } from "@mcp-mesh/registry/store/store";
import { agentRecord, capabilityRecord } from "../support/agent-record.ts";
import { creation, healthRow } from "../support/proposed-change.ts";
import { describeCommits } from "./store-commit-suite.ts";
import { describeConditionalWrites } from "./store-condition-suite.ts";
import { loadAll, put, readAll, type StoreHarness, testWhere } from "./store-harness.ts";
import { describeLeases } from "./store-lease-suite.ts";
import { describeLog } from "./store-log-suite.ts";
import { describeModel } from "./store-model-suite.ts";
import { describePruning } from "./store-prune-suite.ts";

/**
 * Everything `store/store.ts` promises, once, for every store. What only several replicas can show is tested where the
 * store is shared, and what only a restart can show where the database is durable.
 */
export function describeStore(name: string, harness: StoreHarness): void {
  describe(`${name} store`, () => {
    describeOpening(harness);
    describeCommits(harness);
    describeConditionalWrites(harness);
    describeLog(harness);
    describeLeases(harness);
    describePruning(harness);
    describeOffice(harness);
    describeModel(harness);
  });
}

function describeOpening(harness: StoreHarness): void {
  describe("opening and closing", () => {
    test("a new database is empty", async () => {
      await using database = await harness.create();
      const store = await database.open();

      const loaded = await loadAll(store);

      expect(loaded).toEqual({
        head: loaded.floor,
        floor: loaded.head,
        records: new Map(),
        beats: new Map(),
        tombstones: new Map(),
        recentLog: [],
        recentLogSince: loaded.floor,
        lastLeaseId: 0,
        leasedBeats: new Map(),
      });
      expect(await store.readLog(0, 10)).toEqual([]);
      expect((await store.readLeases(0)).rows).toEqual([]);
    });

    test("the store says whether others may write to its database", async () => {
      await using database = await harness.create();

      expect((await database.open()).isShared).toBe(harness.isShared);
    });

    test("it describes itself and counts its rows", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const capabilities = [capabilityRecord({ name: "a" }), capabilityRecord({ name: "b" })];
      const record = await put(store, creation(agentRecord({ capabilities }), { health: healthRow("agent-1") }));
      await store.commit([creation(agentRecord({ id: "agent-2" }), { cause: "adopt" })]);
      await store.recordHealth([healthRow("agent-1"), healthRow("agent-2")]);

      const statistics = await store.describe();

      expect(statistics.rows).toEqual({
        agents: 2,
        capabilities: 2,
        healthEvents: 3,
        registryEvents: 2,
        logEntries: 2,
      });
      expect(statistics.schemaVersion).toBe(3);
      expect(statistics.type).not.toBe("");
      expect(statistics.location).not.toBe("");
      expect(statistics.sizeBytes).toBeGreaterThanOrEqual(0);
      expect(record.capabilities).toHaveLength(2);
    });

    test("a probe changes nothing", async () => {
      await using database = await harness.create();
      const store = await database.open();
      await put(store, creation(agentRecord()));
      const before = await loadAll(store);

      await store.probe();

      expect(await loadAll(store)).toEqual(before);
    });

    testWhere(harness.isDurable)("everything is there again after a restart", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const capabilities = [capabilityRecord({ name: "b" }), capabilityRecord({ name: "a" })];
      await put(
        store,
        creation(agentRecord({ capabilities }), { beatMs: 1_749_643_200_123, health: healthRow("agent-1") }),
      );
      await put(store, creation(agentRecord({ id: "agent-2" })));
      const before = await loadAll(store);
      const rowsBefore = (await store.describe()).rows;

      await store.close();
      const restarted = await database.open();

      expect(await loadAll(restarted)).toEqual(before);
      expect((await restarted.describe()).rows).toEqual(rowsBefore);
    });

    testWhere(harness.isDurable)("a commit under way when the store closes is either kept or refused", async () => {
      await using database = await harness.create();
      const store = await database.open();

      const committing = store.commit([creation(agentRecord())]).then(
        () => "kept" as const,
        (error: unknown) => error,
      );
      await store.close();
      const outcome = await committing;

      const isThere = (await loadAll(await database.open())).records.has("agent-1");
      if (outcome === "kept") expect(isThere).toBe(true);
      else {
        expect(outcome).toBeInstanceOf(StoreUnavailableError);
        if ((outcome as StoreUnavailableError).outcome === "not-written") expect(isThere).toBe(false);
      }
    });

    test("a closed store takes no more writes and says so, each time", async () => {
      await using database = await harness.create();
      const store = await database.open();
      await store.close();

      for (let attempt = 0; attempt < 2; attempt++) {
        const error = await store.commit([creation(agentRecord())]).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error).toMatchObject({ outcome: "not-written" });
      }
    });

    test("closing twice is harmless", async () => {
      await using database = await harness.create();
      const store = await database.open();

      await store.close();
      await store.close();
    });

    testWhere(!harness.isShared && harness.isDurable)("a second store on the same database is refused", async () => {
      await using database = await harness.create();
      const store = await database.open();

      const error = await database.open().catch((caught: unknown) => caught);

      expect(error).toBeInstanceOf(StoreOpenError);
      expect((error as Error).message).toStartWith("database is in use by another process");
      await put(store, creation(agentRecord()));
      await store.close();
      expect((await loadAll(await database.open())).records.size).toBe(1);
    });

    test("what is done afterwards to objects it was given or gave away changes nothing in it", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const labels = { env: "prod" };
      const tags = ["x"];
      const record = agentRecord({ labels, capabilities: [capabilityRecord({ tags })] });
      const changes = [creation(record)];

      const committing = store.commit(changes);
      changes.length = 0;
      await committing;
      labels.env = "changed";
      tags.push("changed");
      const first = await loadAll(store);
      const loaded = structuredClone(first);
      const given = first.records.get("agent-1") as unknown as { labels: { env: string }; capabilities: unknown[] };
      tryTo(() => (given.labels.env = "changed"));
      tryTo(() => given.capabilities.pop());
      tryTo(() => (first.recentLog as unknown[]).pop());
      tryTo(() => (first.tombstones as Map<string, number>).set("agent-9", 1));

      expect(loaded.records.get("agent-1")?.labels).toEqual({ env: "prod" });
      expect(loaded.records.get("agent-1")?.capabilities[0]?.tags).toEqual(["x"]);
      expect(await loadAll(store)).toEqual(loaded);
      expect(await readAll(store)).toEqual(loaded.recentLog);
    });
  });
}

function describeOffice(harness: StoreHarness): void {
  describe("the office", () => {
    testWhere(!harness.isShared)("is always held where nobody else can write", async () => {
      await using database = await harness.create();
      const store = await database.open();

      expect(await store.holdOffice()).toBe(true);
      expect(await store.holdOffice()).toBe(true);
    });

    testWhere(harness.isShared)("is held by one replica, and passes on when that one closes", async () => {
      await using database = await harness.create();
      const [first, second, third] = [await database.open(), await database.open(), await database.open()];

      expect(await first.holdOffice()).toBe(true);
      expect(await second.holdOffice()).toBe(false);
      expect(await first.holdOffice()).toBe(true);
      await first.close();
      expect(await third.holdOffice()).toBe(true);
      expect(await second.holdOffice()).toBe(false);
    });

    testWhere(harness.isShared)("goes to one of those who ask at the same time", async () => {
      await using database = await harness.create();
      const stores = [await database.open(), await database.open(), await database.open()];

      const answers = await Promise.all(stores.map((store) => store.holdOffice()));

      expect(answers.filter((isHeld) => isHeld)).toHaveLength(1);
    });
  });
}

/** Frozen objects refuse, copies let it happen: both are fine. */
function tryTo(change: () => unknown): void {
  try {
    change();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
  }
}
