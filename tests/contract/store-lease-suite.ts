import { describe, expect, test } from "bun:test";
import { storableText } from "@mcp-mesh/protocol";
import { agentRecord, CREATED_AT_MS } from "../support/agent-record.ts";
import { HOSTILE_TEXTS } from "../support/hostile-text.ts";
import { creation, deletion, healthRow } from "../support/proposed-change.ts";
import { commitOne, loadAll, loadBeats, nowOf, put, type StoreHarness, testWhere } from "./store-harness.ts";

const T = CREATED_AT_MS;
const NEVER = 0;

/** Beats: the lease log and the agents' own last heartbeat. Health samples. */
export function describeLeases(harness: StoreHarness): void {
  describe("leases", () => {
    test("each append is one row, in order, with its replica, the store's time and all beats", async () => {
      await using database = await harness.create();
      const store = await database.open();

      const first = await store.appendLeases(
        new Map([
          ["a", T + 1],
          ["b", T + 2],
        ]),
        nowOf(database),
      );
      if (database.clock) await database.clock.advance(250);
      const second = await store.appendLeases(new Map([["a", T + 3]]), nowOf(database));

      const { rows, nowMs } = await store.readLeases(0);
      expect(rows.map(({ id, beats }) => [id, new Map(beats)])).toEqual([
        [
          first,
          new Map([
            ["a", T + 1],
            ["b", T + 2],
          ]),
        ],
        [second, new Map([["a", T + 3]])],
      ]);
      expect(first).toBeGreaterThan(0);
      expect(second).toBeGreaterThan(first);
      expect(new Set(rows.map(({ replica }) => replica)).size).toBe(1);
      expect(rows[0]!.atMs).toBeLessThanOrEqual(rows[1]!.atMs);
      expect(rows[1]!.atMs).toBeLessThanOrEqual(nowMs);
      if (database.clock) {
        const now = database.clock.nowMs();
        expect([rows[0]!.atMs, rows[1]!.atMs, nowMs]).toEqual([now - 250, now, now]);
      }
      expect((await store.readLeases(first)).rows.map(({ id }) => id)).toEqual([second]);
      expect((await store.readLeases(second)).rows).toEqual([]);
    });

    test("beats handed over belong to the store from then on", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const beats = new Map([["a", T + 1]]);

      const appending = store.appendLeases(beats, nowOf(database));
      beats.clear();
      await appending;

      expect([...(await store.readLeases(0)).rows[0]!.beats]).toEqual([["a", T + 1]]);
    });

    test("a beat of thousands of agents, whatever their ids, is one row", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const beats = new Map(Array.from({ length: 5_000 }, (_, index) => [`agent-${index}`, T + index]));
      for (const text of HOSTILE_TEXTS) beats.set(storableText(text), T + 9_999);

      await store.appendLeases(beats, nowOf(database));

      const { rows } = await store.readLeases(0);
      expect(rows).toHaveLength(1);
      expect(new Map(rows[0]!.beats)).toEqual(beats);
    });

    test("an appended beat changes no record, no version and no log", async () => {
      await using database = await harness.create();
      const store = await database.open();
      await put(store, creation(agentRecord()));
      const { head, records, recentLog } = await loadAll(store);

      await store.appendLeases(new Map([["agent-1", T + 1]]), nowOf(database));
      await store.saveHeartbeats(new Map([["agent-1", T + 1]]), NEVER);

      expect(await loadAll(store)).toMatchObject({ head, records, recentLog });
    });

    testWhere(harness.isDurable)("beats survive a restart, whether the agents hold them yet or not", async () => {
      await using database = await harness.create();
      const store = await database.open();
      for (const id of ["a", "b", "c"]) await put(store, creation(agentRecord({ id }), { beatMs: T }));
      const row = await store.appendLeases(
        new Map([
          ["a", T + 10],
          ["b", T + 10],
        ]),
        nowOf(database),
      );
      await store.saveHeartbeats(
        new Map([
          ["a", T + 10],
          ["b", T + 10],
        ]),
        row,
      );
      await store.appendLeases(
        new Map([
          ["b", T + 20],
          ["gone", T + 20],
        ]),
        nowOf(database),
      );

      await store.close();
      const restarted = await database.open();

      expect(await loadBeats(restarted)).toEqual(
        new Map([
          ["a", T + 10],
          ["b", T + 20],
          ["c", T],
        ]),
      );
    });

    test("saved heartbeats never go back and never create an agent", async () => {
      await using database = await harness.create();
      const store = await database.open();
      await put(store, creation(agentRecord({ id: "later" }), { beatMs: T + 100 }));
      await put(store, creation(agentRecord({ id: "earlier" }), { beatMs: T }));
      await put(store, creation(agentRecord({ id: "never" })));
      const gone = await put(store, creation(agentRecord({ id: "gone" })));
      await commitOne(store, deletion(gone));

      const ids = ["later", "earlier", "never", "gone", "unknown"];
      await store.saveHeartbeats(new Map(ids.map((id) => [id, T + 50])), NEVER);

      const { beats, tombstones } = await loadAll(store);
      expect(beats).toEqual(
        new Map([
          ["later", T + 100],
          ["earlier", T + 50],
          ["never", T + 50],
        ]),
      );
      expect([...tombstones.keys()]).toEqual(["gone"]);
    });

    test("thousands of heartbeats are saved at once", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const ids = Array.from({ length: 2_500 }, (_, index) => `agent-${index}`);
      await store.commit(ids.map((id) => creation(agentRecord({ id }))));

      await store.saveHeartbeats(new Map(ids.map((id, index) => [id, T + index])), NEVER);

      const { beats } = await loadAll(store);
      expect(beats.size).toBe(2_500);
      expect(ids.every((id, index) => beats.get(id) === T + index)).toBe(true);
    });

    testWhere(!harness.isShared)("lease rows go once the agents hold their beats; later ones stay", async () => {
      await using database = await harness.create();
      const store = await database.open();
      await put(store, creation(agentRecord(), { beatMs: T }));
      const first = await store.appendLeases(new Map([["agent-1", T + 1]]), nowOf(database));
      const second = await store.appendLeases(new Map([["agent-1", T + 2]]), nowOf(database));
      const third = await store.appendLeases(new Map([["agent-1", T + 3]]), nowOf(database));

      await store.saveHeartbeats(new Map([["agent-1", T + 2]]), second);

      const rows = (await store.readLeases(0)).rows.map(({ id }) => id);
      expect(rows).toEqual([third]);
      expect(rows).not.toContain(first);
      expect((await loadBeats(store)).get("agent-1")).toBe(T + 3);
    });

    test("ids of lease rows never repeat, so a reader who stands on one misses nothing", async () => {
      await using database = await harness.create();
      const first = await database.open();
      const row = await first.appendLeases(new Map([["a", T]]), nowOf(database));
      await first.saveHeartbeats(new Map(), row);
      let store = first;
      if (harness.isDurable) {
        await first.close();
        store = await database.open();
      }
      const { lastLeaseId } = await loadAll(store);

      const next = await store.appendLeases(new Map([["a", T + 1]]), nowOf(database));

      expect(next).toBeGreaterThan(row);
      expect((await store.readLeases(row)).rows.map(({ id }) => id)).toEqual([next]);
      expect((await store.readLeases(lastLeaseId)).rows.at(-1)?.id).toBe(next);
    });

    testWhere(harness.isShared)("replicas read one another's rows, empty ones too", async () => {
      await using database = await harness.create();
      const [here, there] = [await database.open(), await database.open()];

      const first = await here.appendLeases(new Map([["a", T + 1]]), nowOf(database));
      const second = await there.appendLeases(new Map(), nowOf(database));
      const third = await here.appendLeases(new Map(), nowOf(database));

      const { rows } = await there.readLeases(0);
      expect(rows.map(({ id, beats }) => [id, beats.size])).toEqual([
        [first, 1],
        [second, 0],
        [third, 0],
      ]);
      expect(rows[0]!.replica).toBe(rows[2]!.replica);
      expect(rows[0]!.replica).not.toBe(rows[1]!.replica);
    });

    testWhere(harness.isShared)(
      "a folded row stays until live replicas have read it, those of others stay",
      async () => {
        await using database = await harness.create();
        const [here, there] = [await database.open(), await database.open()];
        const own = await here.appendLeases(new Map([["a", T + 1]]), nowOf(database));
        const foreign = await there.appendLeases(new Map([["b", T + 1]]), nowOf(database));

        await here.saveHeartbeats(new Map([["a", T + 1]]), foreign);
        expect((await there.readLeases(0)).rows.map(({ id }) => id)).toEqual([own, foreign]);
        if (database.clock === null) return;
        await database.clock.advance(5_001);
        const next = await here.appendLeases(new Map(), nowOf(database));
        await here.saveHeartbeats(new Map(), next);

        expect((await there.readLeases(0)).rows.map(({ id }) => id)).toEqual([foreign, next]);
      },
    );

    testWhere(harness.isShared)(
      "beats are kept by the store's clock, whatever the clocks of replicas say",
      async () => {
        await using database = await harness.create();
        const store = await database.open();
        const replicaNowMs = T - 3_600_000;

        await store.appendLeases(new Map([["a", replicaNowMs - 250]]), replicaNowMs);

        const { rows, nowMs } = await store.readLeases(0);
        const ageMs = nowMs - rows[0]!.beats.get("a")!;
        if (database.clock) expect(ageMs).toBe(250);
        else expect(Math.abs(ageMs - 250)).toBeLessThan(60_000);
      },
    );
  });

  describe("health rows", () => {
    test("samples are kept; those of an agent that is gone are left out", async () => {
      await using database = await harness.create();
      const store = await database.open();
      const gone = await put(store, creation(agentRecord({ id: "gone" })));
      await commitOne(store, deletion(gone));
      await put(store, creation(agentRecord(), { health: healthRow("agent-1", { status: "pending" }) }));

      await store.recordHealth([
        healthRow("agent-1", { checks: { cpu: "ok" }, errors: ["e", { code: 1 }], uptimeSeconds: 12, metadata: {} }),
        healthRow("gone"),
        healthRow("unknown"),
        healthRow("agent-1"),
      ]);

      expect((await store.describe()).rows.healthEvents).toBe(3);
    });

    test("no samples are no work", async () => {
      await using database = await harness.create();
      const store = await database.open();

      await store.recordHealth([]);

      expect((await store.describe()).rows.healthEvents).toBe(0);
    });
  });
}
