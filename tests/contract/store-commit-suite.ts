import { describe, expect, test } from "bun:test";
import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import { agentRecord, CREATED_AT_MS, capabilityRecord } from "../support/agent-record.ts";
import { creation, deletion, healthRow, update, updateAfter } from "../support/proposed-change.ts";
import { commitAll, commitOne, loadAll, put, readAll, type StoreHarness, testWhere } from "./store-harness.ts";

const HOUR_MS = 3_600_000;

/** What a commit leaves behind, and the versions it hands out. */
export function describeCommits(harness: StoreHarness): void {
  describe("records", () => describeRecords(harness));
  describe("versions", () => describeVersions(harness));
}

/** A record none of whose fields has a default value. */
function fullRecord(): AgentRecord {
  return agentRecord({
    id: "full",
    name: "full-name",
    namespace: "team-a",
    endpoint: "stdio://full",
    status: "degraded",
    reportedStatus: "busy",
    labels: { env: "prod", "": "" },
    annotations: { timestamp: "2025-06-11T12:00:00", nested: { list: [1, 2.5, null, true, "x"] } },
    createdAtMs: CREATED_AT_MS + 1,
    updatedAtMs: CREATED_AT_MS + 2,
    healthInterval: 31,
    timeoutThreshold: 61,
    evictionThreshold: 121,
    explicitTimeout: true,
    explicitEviction: true,
    agentType: "tool-agent",
    config: { retries: 3, huge: 1e300, tiny: 5e-324, negative: -1 },
    securityContext: "high_security",
    dependencies: ["b", "a", "b"],
    capabilities: [
      capabilityRecord({
        name: "zeta",
        version: "2.0.0-rc.1",
        description: "does z",
        parametersSchema: { type: "object", properties: {} },
        securityRequirements: ["authentication", { level: 2 }],
        category: "math",
        stability: "deprecated",
        tags: ["t2", "t1"],
        compatibilityVersions: ["1.0.0"],
        extra: { metadata: { k: "v" }, security_level: "high" },
        createdAtMs: CREATED_AT_MS + 3,
        updatedAtMs: CREATED_AT_MS + 4,
      }),
      capabilityRecord({ name: "alpha", description: "", securityRequirements: [] }),
      capabilityRecord({ name: "zeta", version: "1.0.0", parametersSchema: [false] }),
    ],
    version: "3.1.4",
    description: "a full record",
    tags: ["two", "one"],
    transport: ["stdio", "http"],
    lifecycleStatus: "draining",
    lifecycleSinceMs: CREATED_AT_MS + 5,
    profile: { performance_profile: { cpu: 0.5 }, old_column: "kept" },
    providers: { b: "provider-1" },
  });
}

function describeRecords(harness: StoreHarness): void {
  test("a record is loaded as it was proposed, in every field, with the version and ids the store gave", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const record = fullRecord();

    const [committed] = await commitAll(store, creation(record, { beatMs: CREATED_AT_MS + 777 }));

    const version = committed!.version;
    const capabilities = record.capabilities.map((capability, index) => ({
      ...capability,
      id: committed!.capabilityIds[index]!,
    }));
    const loaded = await loadAll(store);
    expect(loaded.records.get("full")).toEqual({
      ...record,
      capabilities,
      resourceVersion: version,
      logVersion: version,
    });
    expect(loaded.beats.get("full")).toBe(CREATED_AT_MS + 777);
    expect(loaded.head).toBe(version);
  });

  test("an agent that never beat has no last heartbeat", async () => {
    await using database = await harness.create();
    const store = await database.open();

    await put(store, creation(agentRecord(), { beatMs: null }));

    expect((await loadAll(store)).beats).toEqual(new Map([["agent-1", null]]));
  });

  test("every field of a record can be changed, and set back to nothing", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const plain = await put(store, creation(agentRecord({ id: "full" })));
    const full = await put(store, update(plain, { ...fullRecord(), createdAtMs: plain.createdAtMs }));
    const { resourceVersion: _r, logVersion: _l, capabilities: _c, ...fields } = fullRecord();
    expect(full).toMatchObject({ ...fields, createdAtMs: plain.createdAtMs });

    const emptied = await put(store, update(full, { ...agentRecord({ id: "full" }), name: "n" }));

    const { logVersion, resourceVersion } = emptied;
    expect(emptied).toEqual({ ...agentRecord({ id: "full" }), name: "n", logVersion, resourceVersion });
    expect((await loadAll(store)).records.get("full")).toEqual(emptied);
  });

  test("a large record survives", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const capabilities = Array.from({ length: 100 }, (_, index) => capabilityRecord({ name: `c${index}` }));
    const labels = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key-${index}`, "v".repeat(60)]));

    const record = await put(
      store,
      creation(agentRecord({ capabilities, labels, config: { text: "é".repeat(200_000) } })),
    );

    expect((await loadAll(store)).records.get("agent-1")).toEqual(record);
    expect(record.labels).toEqual(labels);
  });

  test("a deletion takes the agent's capabilities and health rows with it, and nobody else's", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const capabilities = [capabilityRecord()];
    const first = await put(store, creation(agentRecord({ capabilities }), { health: healthRow("agent-1") }));
    await put(store, creation(agentRecord({ id: "agent-2", capabilities }), { health: healthRow("agent-2") }));

    expect(await commitOne(store, deletion(first))).toBeNull();

    const { agents, capabilities: capabilityCount, healthEvents } = (await store.describe()).rows;
    expect({ agents, capabilityCount, healthEvents }).toEqual({ agents: 1, capabilityCount: 1, healthEvents: 1 });
    expect([...(await loadAll(store)).records.keys()]).toEqual(["agent-2"]);
  });

  test("an agent can be deleted and registered again, many times", async () => {
    await using database = await harness.create();
    const store = await database.open();

    for (let round = 0; round < 5; round++) {
      const record = await put(
        store,
        creation(agentRecord({ version: `${round}.0.0`, capabilities: [capabilityRecord()] })),
      );
      expect((await loadAll(store)).records.get("agent-1")).toEqual(record);
      await commitOne(store, deletion(record));
      expect((await loadAll(store)).records.size).toBe(0);
    }
  });
}

function describeVersions(harness: StoreHarness): void {
  test("the first of a batch takes the time, or the number after the head, and each following one the next number", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const { clock } = database;
    const ids = ["a", "b", "c"];

    const first = await commitAll(store, ...ids.map((id) => creation(agentRecord({ id }))));
    const second = await commitAll(store, creation(agentRecord({ id: "d" })));
    if (clock) await clock.advance(HOUR_MS);
    const third = await commitAll(store, creation(agentRecord({ id: "e" })));

    const base = first[0]!.version;
    expect(first.map(({ version }) => version)).toEqual([base, base + 1, base + 2]);
    expect(second[0]!.version).toBeGreaterThan(base + 2);
    expect(third[0]!.version).toBeGreaterThan(second[0]!.version);
    if (clock === null) return;
    expect([base, second[0]!.version, third[0]!.version]).toEqual([clock.nowMs() - HOUR_MS, base + 3, clock.nowMs()]);
  });

  test("versions go on when the clock is set back", async () => {
    await using database = await harness.create();
    if (database.clock === null) return;
    const store = await database.open();
    const before = await put(store, creation(agentRecord()));

    database.clock.setWall(database.clock.nowMs() - HOUR_MS);
    const after = await put(store, update(before, { status: "healthy" }));

    expect(after.logVersion).toBe(before.logVersion + 1);
  });

  testWhere(harness.isDurable)(
    "no version repeats after a restart, whatever was deleted, pruned or done to the clock",
    async () => {
      await using database = await harness.create();
      const store = await database.open();
      const record = await put(store, creation(agentRecord()));
      const [deleted] = await commitAll(store, deletion(record));
      const future = CREATED_AT_MS + 100 * 365 * 24 * HOUR_MS;
      await store.prune({
        nowMs: future,
        healthRetentionMs: 1,
        healthMaxPerAgent: 1,
        eventsRetentionMs: 1,
        eventsMax: 0,
        logRetentionMs: 1,
        logMax: 0,
        tombstoneRetentionMs: 1,
      });
      await store.close();
      database.clock?.setWall(database.clock.nowMs() - HOUR_MS);

      const restarted = await database.open();

      expect((await loadAll(restarted)).head).toBe(deleted!.version);
      const again = await put(restarted, creation(agentRecord()));
      expect(again.logVersion).toBeGreaterThan(deleted!.version);
      if (database.clock) expect(again.logVersion).toBe(deleted!.version + 1);
    },
  );

  test("a change that clients see moves both versions of the record, whatever versions were proposed", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord({ resourceVersion: 99, logVersion: 98 })));
    expect(first.resourceVersion).toBe(first.logVersion);
    expect(first.logVersion).toBeGreaterThan(99);

    const second = await put(
      store,
      update(first, { resourceVersion: 7, logVersion: 8, updatedAtMs: CREATED_AT_MS + 9 }),
    );

    expect(second.resourceVersion).toBe(second.logVersion);
    expect(second.logVersion).toBeGreaterThan(first.logVersion);
    expect(second.updatedAtMs).toBe(CREATED_AT_MS + 9);
  });

  test("a changed choice of provider moves the log version alone", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const first = await put(store, creation(agentRecord()));
    const eventsBefore = (await store.describe()).rows.registryEvents;

    const second = await put(store, update(first, { providers: { a: "p" } }, { cause: "resolution" }));

    expect(second).toEqual({ ...first, providers: { a: "p" }, logVersion: second.logVersion });
    expect(second.logVersion).toBeGreaterThan(first.logVersion);
    const loaded = await loadAll(store);
    expect(loaded.records.get("agent-1")).toEqual(second);
    expect(loaded.head).toBe(second.logVersion);
    expect((await store.describe()).rows.registryEvents).toBe(eventsBefore);
    const third = await put(store, update(second, { status: "healthy" }));
    expect(third.resourceVersion).toBe(third.logVersion);
  });

  test("a choice of provider in the batch of a visible change keeps the version and time of that change", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const record = agentRecord({ updatedAtMs: CREATED_AT_MS + 1 });

    const visible = creation(record);
    const choice = updateAfter(visible, 0, { providers: { a: "p" } }, { cause: "resolution" });
    const [shown, chosen] = await commitAll(store, visible, choice);

    const expected = {
      ...record,
      providers: { a: "p" },
      resourceVersion: shown!.version,
      logVersion: chosen!.version,
    };
    expect((await loadAll(store)).records.get("agent-1")).toEqual(expected);
    expect((await readAll(store)).at(-1)!.new).toEqual(expected);
  });

  test("a batch tells the head before it", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const { head } = await loadAll(store);

    const first = await store.commit([creation(agentRecord({ id: "a" })), creation(agentRecord({ id: "b" }))]);
    const second = await store.commit([creation(agentRecord({ id: "c" }))]);

    expect(first.previousHead).toBe(head);
    expect(second.previousHead).toBe(first.results[1]!.version);
  });

  test("an empty batch changes nothing", async () => {
    await using database = await harness.create();
    const store = await database.open();
    const { logVersion } = await put(store, creation(agentRecord()));

    expect(await store.commit([])).toEqual({ results: [], previousHead: logVersion });
    expect((await loadAll(store)).head).toBe(logVersion);
  });
}
