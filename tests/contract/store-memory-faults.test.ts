import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import {
  MemoryDatabase,
  type MemoryStore,
  type MemoryStoreOptions,
  openMemoryStore,
} from "@mcp-mesh/registry/store/memory/memory-store";
import { type RegistryStore, StoreOpenError, StoreUnavailableError } from "@mcp-mesh/registry/store/store";
import { agentRecord, CREATED_AT_MS } from "../support/agent-record.ts";
import { creation } from "../support/proposed-change.ts";
import { loadAll, readAll } from "./store-harness.ts";

/** What a simulation needs of the memory store beyond the contract: delays, faults, outages, deaths. */
interface Site {
  readonly clock: ManualClock;
  readonly database: MemoryDatabase;
  open(options?: Partial<MemoryStoreOptions>): MemoryStore;
}

function site(isShared = true): Site {
  const clock = new ManualClock();
  const database = new MemoryDatabase(isShared ? { shared: { clock } } : {});
  let opened = 0;
  return {
    clock,
    database,
    open: (options = {}) => openMemoryStore(database, { replica: `replica-${++opened}`, clock, ...options }),
  };
}

/** A delay whose turns a test ends one by one, in any order. */
function gates(): { delay: () => Promise<void>; pass(index: number): Promise<void> } {
  const waiting: (() => void)[] = [];
  return {
    delay: () => new Promise((resolve) => waiting.push(resolve)),
    pass: async (index) => {
      waiting[index]?.();
      await nextTurn();
    },
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const register = (store: RegistryStore, id: string, version = "1.0.0") =>
  store.commit([creation(agentRecord({ id, version }))]);
const failure = async (operation: Promise<unknown>): Promise<unknown> =>
  operation.then(
    (value) => `no failure: ${JSON.stringify(value)}`,
    (error: unknown) => (error instanceof StoreUnavailableError ? error.outcome : error),
  );
const versions = async (store: RegistryStore): Promise<(string | undefined)[]> =>
  (await readAll(store)).map((entry) => entry.new?.version);

describe("delays", () => {
  test("decide who reaches the database first", async () => {
    const { open } = site();
    const { delay, pass } = gates();
    const [slow, observer] = [open({ delay }), open()];

    const first = register(slow, "a", "1.0.0");
    const second = register(slow, "a", "2.0.0");
    await pass(1);
    await pass(0);

    expect(await versions(observer)).toEqual(["2.0.0"]);
    await pass(2);
    await pass(3);
    expect((await second).results[0]).not.toBeNull();
    expect((await first).results).toEqual([null]);
  });

  test("keep an answer back after its commit was seen by others", async () => {
    const { open } = site();
    const { delay, pass } = gates();
    const [slow, observer] = [open({ delay }), open()];
    let isAnswered = false;

    const committing = register(slow, "a").then(() => {
      isAnswered = true;
    });
    await pass(0);

    expect(await versions(observer)).toEqual(["1.0.0"]);
    expect(isAnswered).toBe(false);
    await pass(1);
    await committing;
    expect(isAnswered).toBe(true);
  });

  test("give a late reader what was there when it read", async () => {
    const { open } = site();
    const { delay, pass } = gates();
    const [slow, writer] = [open({ delay }), open()];

    const loading = slow.load();
    await pass(0);
    await register(writer, "a");
    await pass(1);

    expect([...(await loading).agents]).toEqual([]);
  });
});

describe("faults", () => {
  test("not-written: nothing is in the log", async () => {
    const { open } = site();
    const [store, observer] = [open({ fault: () => "not-written" }), open()];

    expect(await failure(register(store, "a"))).toBe("not-written");
    expect(await failure(store.appendLeases(new Map(), CREATED_AT_MS))).toBe("not-written");
    expect(await versions(observer)).toEqual([]);
    expect((await observer.readLeases(0)).rows).toEqual([]);
  });

  test("unknown: it is in the log, and only the answer is lost", async () => {
    const { open } = site();
    const asked: string[] = [];
    const store = open({
      fault: (operation) => {
        asked.push(operation);
        return operation === "commit" ? "unknown" : null;
      },
    });

    expect(await failure(register(store, "a"))).toBe("unknown");
    expect(await versions(store)).toEqual(["1.0.0"]);
    expect(asked).toEqual(["commit", "readLog"]);
  });

  test("a read whose answer is lost has written nothing, and says so", async () => {
    const { open } = site();
    const store = open({ fault: () => "unknown" });

    expect(await failure(store.load())).toBe("not-written");
    expect(await failure(store.readLog(0, 1))).toBe("not-written");
    expect(await failure(store.describe())).toBe("not-written");
  });
});

describe("outages", () => {
  test("while the database is down every operation of every store fails, and nothing is lost", async () => {
    const { database, open } = site();
    const [here, there] = [open(), open()];
    await register(here, "a");

    database.isDown = true;
    const failures = await Promise.all([
      failure(here.load()),
      failure(register(there, "b")),
      failure(here.readLog(0, 1)),
      failure(there.appendLeases(new Map(), CREATED_AT_MS)),
      failure(here.readLeases(0)),
      failure(there.saveHeartbeats(new Map(), 0)),
      failure(here.recordHealth([])),
      failure(there.holdOffice()),
      failure(here.probe()),
      failure(there.describe()),
    ]);

    expect(new Set(failures)).toEqual(new Set(["not-written"]));
    database.isDown = false;
    expect((await loadAll(there)).records.size).toBe(1);
    await there.probe();
  });

  test("a write that the outage overtakes may have happened", async () => {
    const { database, open } = site();
    const { delay, pass } = gates();
    const store = open({ delay });

    const outcome = failure(register(store, "a"));
    await pass(0);
    database.isDown = true;
    await pass(1);

    expect(await outcome).toBe("unknown");
    database.isDown = false;
    expect(await versions(open())).toEqual(["1.0.0"]);
  });

  test("a store that is cut off fails alone", async () => {
    const { open } = site();
    const [cut, other] = [open(), open()];
    cut.isCutOff = true;

    expect(await failure(register(cut, "a"))).toBe("not-written");
    await register(other, "b");
    cut.isCutOff = false;
    expect([...(await loadAll(cut)).records.keys()]).toEqual(["b"]);
  });

  test("a store can be closed while the database is down", async () => {
    const { database, open } = site(false);
    const store = open();
    database.isDown = true;

    await store.close();

    database.isDown = false;
    expect(await open().holdOffice()).toBe(true);
  });
});

describe("a killed store", () => {
  test("frees the office and the lock at once", async () => {
    const shared = site();
    const [holder, heir] = [shared.open(), shared.open()];
    expect([await holder.holdOffice(), await heir.holdOffice()]).toEqual([true, false]);
    holder.kill();
    expect(await heir.holdOffice()).toBe(true);

    const embedded = site(false);
    const only = embedded.open();
    expect(() => embedded.open()).toThrow(StoreOpenError);
    only.kill();
    expect(await embedded.open().holdOffice()).toBe(true);
  });

  test("leaves in the database what had reached it, and never hears the answer", async () => {
    const { open } = site();
    const { delay, pass } = gates();
    const [dying, observer] = [open({ delay }), open()];
    const settled: string[] = [];
    const note = (name: string) => () => {
      settled.push(name);
    };

    register(dying, "arrived", "1.0.0").then(note("arrived"), note("arrived"));
    register(dying, "on its way", "2.0.0").then(note("on its way"), note("on its way"));
    await pass(0);
    dying.kill();
    for (const gate of [1, 2]) await pass(gate);
    dying.probe().then(note("probe"), note("probe"));
    await pass(3);

    expect(await versions(observer)).toEqual(["1.0.0"]);
    expect(settled).toEqual([]);
  });
});

describe("the office", () => {
  test("is lost by whoever is silent for more than four seconds; its next write is refused, once", async () => {
    const { clock, open } = site();
    const [sleeper, other] = [open(), open()];
    expect([await sleeper.holdOffice(), await other.holdOffice()]).toEqual([true, false]);

    clock.stall(4_000);
    expect(await other.holdOffice()).toBe(false);
    clock.stall(1);
    expect(await other.holdOffice()).toBe(true);

    expect(await failure(register(sleeper, "a"))).toBe("not-written");
    await register(sleeper, "a");
    expect(await sleeper.holdOffice()).toBe(false);
  });

  test("is lost by silence even if nobody else asks for it", async () => {
    const { clock, open } = site();
    const sleeper = open();
    await sleeper.holdOffice();

    clock.stall(4_001);

    expect(await failure(sleeper.commit([]))).toBe("not-written");
    expect(await sleeper.holdOffice()).toBe(true);
  });

  test("stays with whoever is heard of, however the wall clock jumps", async () => {
    const { clock, open } = site();
    const [holder, other] = [open(), open()];
    await holder.holdOffice();

    for (let second = 0; second < 10; second++) {
      clock.stall(1_000);
      clock.setWall(clock.nowMs() + (second % 2 === 0 ? 3_600_000 : -3_600_000));
      await holder.appendLeases(new Map(), CREATED_AT_MS);
    }

    expect(await other.holdOffice()).toBe(false);
    expect(await holder.holdOffice()).toBe(true);
  });
});

describe("clocks and bounds", () => {
  test("an embedded database goes by its store's clock, a shared one by its own", async () => {
    const processClock = new ManualClock(CREATED_AT_MS + 500);
    for (const isShared of [false, true]) {
      const { clock, open } = site(isShared);
      const store = open({ clock: processClock });

      const { results } = await register(store, "a");

      const nowMs = isShared ? clock.nowMs() : processClock.nowMs();
      expect(results[0]?.version).toBe(nowMs);
      expect((await store.readLeases(0)).nowMs).toBe(nowMs);
    }
  });

  test("only the newest part of a long log is loaded, and it says after which version it begins", async () => {
    const clock = new ManualClock();
    const store = openMemoryStore(new MemoryDatabase({ recentLogLimit: 2, recordsEvents: false }), {
      replica: "r",
      clock,
    });
    for (const id of ["a", "b", "c"]) await register(store, id);

    const log = await readAll(store);
    const loaded = await loadAll(store);

    expect(loaded.recentLog).toEqual(log.slice(1));
    expect(loaded.recentLogSince).toBe(log[0]!.version);
    expect((await store.describe()).rows.registryEvents).toBe(0);
  });
});
