import { describe, expect, test } from "bun:test";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";
import { agentRecord, CREATED_AT_MS } from "../support/agent-record.ts";
import { creation, deletion, deletionAfter, healthRow, update, updateAfter } from "../support/proposed-change.ts";
import { commitAll, commitOne, loadAll, nowOf, put, readAll, type StoreHarness, testWhere } from "./store-harness.ts";

/** The log that memory and the other replicas follow. */
export function describeLog(harness: StoreHarness): void {
  describe("the log", () => {
    test("an entry tells who, what was, what is, why, the beat and whether a tombstone was left", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const first = await put(store, creation(agentRecord(), { cause: "adopt", beatMs: CREATED_AT_MS + 1 }));
      const second = await put(
        store,
        update(
          first,
          { status: "expired" },
          { cause: "expiry", reason: "no heartbeat for 61.0s", beatMs: CREATED_AT_MS + 2 },
        ),
      );
      await commitOne(store, deletion(second, { beatMs: null }));

      const log = await readAll(store);

      const agentId = "agent-1";
      expect(log).toEqual([
        {
          version: first.logVersion,
          agentId,
          old: null,
          new: first,
          cause: "adopt",
          beatMs: CREATED_AT_MS + 1,
          tombstone: false,
        },
        {
          version: second.logVersion,
          agentId,
          old: first,
          new: second,
          cause: "expiry",
          beatMs: CREATED_AT_MS + 2,
          tombstone: false,
        },
        {
          version: log[2]!.version,
          agentId,
          old: second,
          new: null,
          cause: "unregister",
          beatMs: null,
          tombstone: true,
        },
      ]);
      const loaded = await loadAll(store);
      expect(loaded.recentLog).toEqual(log);
      expect(loaded.recentLogSince).toBe(loaded.floor);
    });

    test("every cause is kept", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const causes = [
        "register",
        "heartbeat",
        "capabilities",
        "resolution",
        "expiry",
        "update",
        "drain",
        "purge",
      ] as const;
      const changes = [creation(agentRecord(), { cause: causes[0] })];
      for (const [index, cause] of causes.slice(1, -1).entries()) {
        changes.push(updateAfter(changes[index]!, index, {}, { cause }));
      }
      changes.push(deletionAfter(changes.at(-1)!, changes.length - 1, { cause: "purge" }));

      await commitAll(store, ...changes);

      expect((await readAll(store)).map(({ cause }) => cause)).toEqual([...causes]);
    });

    test("it is read in pages that are full until the last, from any version, contained or not", async () => {
      await using database = await harness.create();
      const store = await database.open();
      for (let batch = 0; batch < 4; batch++) {
        await store.commit(
          Array.from({ length: 30 }, (_, index) => creation(agentRecord({ id: `a-${batch}-${index}` }))),
        );
      }
      const { recentLog: log, head } = await loadAll(store);
      expect(log).toHaveLength(120);

      for (const limit of [1, 7, 119, 120, 500]) {
        const page = await store.readLog(0, limit);
        expect(page).toEqual(log.slice(0, limit));
      }
      expect(await readAll(store, 0, 7)).toEqual(log);
      expect(await store.readLog(log[40]!.version, 3)).toEqual(log.slice(41, 44));
      expect(await store.readLog(log[0]!.version - 1, 1)).toEqual(log.slice(0, 1));
      expect(await store.readLog(head, 10)).toEqual([]);
      expect(await store.readLog(head + 1_000, 10)).toEqual([]);
    });

    // One batch is in flight per store, as the registry's writer has it; everything else runs beside it.
    test("followers that read while others write see every entry once, in order", async () => {
      await using database = await harness.create();
      const stores = [await database.open()];
      if (harness.isShared) stores.push(await database.open(), await database.open());
      let isWriting = true;

      const write = async (store: RegistryStore, writer: number): Promise<void> => {
        for (let round = 0; round < 24; round++) {
          const ids = Array.from({ length: 1 + (round % 3) }, (_, index) => `agent-${writer}-${round}-${index}`);
          await commitAll(store, ...ids.map((id) => creation(agentRecord({ id }))));
        }
      };
      const beat = async (store: RegistryStore): Promise<void> => {
        for (let round = 0; isWriting; round++) {
          const row = await store.appendLeases(new Map([["agent-0-0-0", CREATED_AT_MS + round]]), nowOf(database));
          await store.saveHeartbeats(new Map([["agent-0-0-0", CREATED_AT_MS + round]]), row);
          await store.recordHealth([healthRow("agent-0-0-0")]);
          await nextTurn();
        }
      };
      const follow = async (store: RegistryStore, limit: number): Promise<number[]> => {
        const seen: number[] = [];
        for (;;) {
          const isLast = !isWriting;
          const page = await store.readLog(seen.at(-1) ?? 0, limit);
          seen.push(...page.map(({ version }) => version));
          if (isLast && page.length === 0) return seen;
          await nextTurn();
        }
      };
      const followers = stores.flatMap((store) => [follow(store, 2), follow(store, 100)]);
      const beats = stores.map(beat);
      await Promise.all(stores.map(write));
      isWriting = false;
      await Promise.all(beats);
      const followed = await Promise.all(followers);

      const versions = (await readAll(stores[0]!)).map(({ version }) => version);
      expect(versions).toHaveLength(stores.length * 48);
      expect(versions).toEqual([...new Set(versions)].toSorted((left, right) => left - right));
      for (const seen of followed) expect(seen).toEqual(versions);
    });

    testWhere(harness.isShared)(
      "replicas follow one another's changes, and hear of them in the head before their own",
      async () => {
        await using database = await harness.create();
        const [here, there] = [await database.open(), await database.open()];
        const first = await put(here, creation(agentRecord()));

        expect(await there.readLog(0, 10)).toEqual(await here.readLog(0, 10));
        const second = await there.commit([update(first, { status: "healthy" })]);
        const third = await here.commit([update(first, { status: "degraded" })]);

        expect(second.previousHead).toBe(first.logVersion);
        expect(third).toEqual({ results: [null], previousHead: second.results[0]!.version });
        expect(await loadAll(here)).toEqual(await loadAll(there));
      },
    );
  });
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
