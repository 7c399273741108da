import { expect } from "bun:test";
import type { PrunePolicy } from "@mcp-mesh/registry/store/store";
import { nowOf, readAll, type StoreHarness } from "./store-harness.ts";
import type { StoreModel } from "./store-model.ts";
import { type Command, checkStore, openStores, pick, type Real } from "./store-model-check.ts";
import { pruneAll } from "./store-prune-suite.ts";

const HOUR_MS = 3_600_000;
/** No multiple of what clocks are moved by here, so nothing is exactly at its limit. */
const RETENTION_MS = 777_777;

export class AppendBeats implements Command {
  readonly #store: number;
  readonly #who: readonly number[];

  constructor(store: number, who: readonly number[]) {
    this.#store = store;
    this.#who = who;
  }

  check(): boolean {
    return true;
  }

  async run(model: StoreModel, real: Real): Promise<void> {
    real.beatMs += 1_000;
    const beats = new Map(this.#who.map((who, index) => [pick([...real.ids, "nobody"], who), real.beatMs + index]));

    const replica = this.#store % real.stores.length;

    const id = await real.stores[replica]!.appendLeases(beats, nowOf(real.database));

    expect(id).toBeGreaterThan(model.lastLeaseId);
    model.append(replica, id, beats);
  }

  toString(): string {
    return `append beats of ${this.#who.join(", ")}`;
  }
}

export class SaveBeats implements Command {
  readonly #store: number;
  readonly #row: number;

  constructor(store: number, row: number) {
    this.#store = store;
    this.#row = row;
  }

  check(): boolean {
    return true;
  }

  async run(model: StoreModel, real: Real): Promise<void> {
    const replica = this.#store % real.stores.length;
    const own = model.leases.filter((lease) => lease.replica === replica);
    const folded = own.slice(0, this.#row % (own.length + 1));
    const beats = new Map(folded.flatMap((lease) => [...lease.beats]));

    await real.stores[replica]!.saveHeartbeats(beats, folded.at(-1)?.id ?? 0);

    model.save(folded);
  }

  toString(): string {
    return `save beats up to the ${this.#row}. row`;
  }
}

export class Prune implements Command {
  readonly #choice: { store: number; isLater: boolean; logMax: number; eventsMax: number; healthMax: number };

  constructor(choice: { store: number; isLater: boolean; logMax: number; eventsMax: number; healthMax: number }) {
    this.#choice = choice;
  }

  check(): boolean {
    return true;
  }

  async run(model: StoreModel, real: Real): Promise<void> {
    const store = pick(real.stores, this.#choice.store);
    const nowMs = (real.database.clock?.nowMs() ?? Date.now()) + (this.#choice.isLater ? 100 * HOUR_MS : 0);
    const policy: PrunePolicy = {
      nowMs,
      healthRetentionMs: RETENTION_MS,
      healthMaxPerAgent: this.#choice.healthMax + 1,
      eventsRetentionMs: RETENTION_MS,
      eventsMax: this.#choice.eventsMax,
      logRetentionMs: RETENTION_MS,
      logMax: this.#choice.logMax,
      tombstoneRetentionMs: RETENTION_MS,
    };
    const before = (await store.describe()).rows;

    const result = await pruneAll(store, policy);

    const { rows } = await store.describe();
    expect(rows).toEqual({
      agents: model.records.size,
      capabilities: model.capabilityIds().length,
      healthEvents: before.healthEvents - result.healthRows,
      registryEvents: before.registryEvents - result.eventRows,
      logEntries: before.logEntries - result.logRows,
    });
    expect(rows.healthEvents).toBeLessThanOrEqual(model.records.size * policy.healthMaxPerAgent);
    expect(rows.registryEvents).toBeLessThanOrEqual(policy.eventsMax + model.records.size);
    expect(rows.logEntries).toBeLessThanOrEqual(policy.logMax + model.records.size);
    expect(result.floor).toBeGreaterThanOrEqual(model.floor);
    expect(result.floor).toBeLessThanOrEqual(model.head);
    const newest = new Set(model.newestVersions());
    const left = (await readAll(store)).map(({ version }) => version).filter((version) => !newest.has(version));
    expect(left.filter((version) => version < nowMs - RETENTION_MS)).toEqual([]);
    model.floor = result.floor;
    for (const [id, atMs] of model.tombstones) {
      if (nowMs - atMs > RETENTION_MS) model.tombstones.delete(id);
    }
  }

  toString(): string {
    return `prune(${JSON.stringify(this.#choice)})`;
  }
}

export class Check implements Command {
  readonly #store: number;
  readonly #from: number;

  constructor(store: number, from: number) {
    this.#store = store;
    this.#from = from;
  }

  check(): boolean {
    return true;
  }

  async run(model: StoreModel, real: Real): Promise<void> {
    await checkStore(model, pick(real.stores, this.#store), this.#from);
  }

  toString(): string {
    return "check";
  }
}

export class SetClock implements Command {
  readonly #hours: number;

  constructor(hours: number) {
    this.#hours = hours;
  }

  check(): boolean {
    return true;
  }

  async run(_model: StoreModel, real: Real): Promise<void> {
    const { clock } = real.database;
    clock?.setWall(clock.nowMs() + this.#hours * HOUR_MS);
  }

  toString(): string {
    return `set the clock by ${this.#hours} h`;
  }
}

export class Restart implements Command {
  readonly #harness: StoreHarness;

  constructor(harness: StoreHarness) {
    this.#harness = harness;
  }

  check(): boolean {
    return this.#harness.isDurable;
  }

  async run(model: StoreModel, real: Real): Promise<void> {
    for (const store of real.stores) await store.close();
    real.stores = await openStores(real.database, this.#harness);
    await checkStore(model, real.stores[0]!, 0);
  }

  toString(): string {
    return "restart";
  }
}
