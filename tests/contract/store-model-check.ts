import { expect } from "bun:test";
import type { AgentId } from "@mcp-mesh/registry/domain/agent";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";
import type { AsyncCommand } from "fast-check";
import { loadAll, loadBeats, readAll, type StoreHarness, type TestDatabase } from "./store-harness.ts";
import type { StoreModel } from "./store-model.ts";

/** The store under test, as many replicas of it as it allows, and the agents it is about. */
export interface Real {
  readonly database: TestDatabase;
  readonly ids: readonly AgentId[];
  stores: RegistryStore[];
  /** Grows with every beat, as time does. */
  beatMs: number;
}

export type Command = AsyncCommand<StoreModel, Real>;

/** The element that a number of any size stands for. */
export const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

export async function openStores(database: TestDatabase, harness: StoreHarness): Promise<RegistryStore[]> {
  const stores = [await database.open()];
  if (harness.isShared) stores.push(await database.open(), await database.open());
  return stores;
}

/** Whether the store holds what the model holds. @param from which version to rebuild the loaded state from. */
export async function checkStore(model: StoreModel, store: RegistryStore, from: number): Promise<void> {
  const loaded = await loadAll(store);
  expect(loaded.records).toEqual(model.records);
  expect(loaded.tombstones).toEqual(model.tombstones);
  expect({ head: loaded.head, floor: loaded.floor }).toEqual({ head: model.head, floor: model.floor });
  expect(loaded.recentLogSince).toBeGreaterThanOrEqual(model.floor);
  expect(loaded.recentLog).toEqual(model.history(loaded.recentLogSince));
  expect(await loadBeats(store)).toEqual(model.beatsNow());

  const { rows } = await store.readLeases(0);
  const pending = rows.filter(({ id }) => !model.folded.has(id));
  expect(pending.map(({ id, beats }) => ({ id, beats: new Map(beats) }))).toEqual(
    model.leases.map(({ id, beats }) => ({ id, beats: new Map(beats) })),
  );
  // Others may still have to read a folded row; where there are no others it is gone.
  if (!store.isShared) expect(rows).toHaveLength(pending.length);

  const kept = await readAll(store, 0, 3);
  const everything = new Map(model.log.map((entry) => [entry.version, entry]));
  expect(kept).toEqual(kept.map(({ version }) => everything.get(version)!));
  const versions = new Set(kept.map(({ version }) => version));
  expect(model.newestVersions().filter((version) => !versions.has(version))).toEqual([]);

  const resumable = [...model.states.keys()].filter((version) => version >= model.floor);
  const start = pick(resumable, from);
  const entries = await readAll(store, start, 1 + (from % 5));
  expect(entries).toEqual(model.history(start));
  const rebuilt = new Map(model.states.get(start));
  for (const entry of entries) {
    expect(rebuilt.get(entry.agentId) ?? null).toEqual(entry.old);
    if (entry.new === null) rebuilt.delete(entry.agentId);
    else rebuilt.set(entry.agentId, entry.new);
  }
  expect(rebuilt).toEqual(new Map(loaded.records));
}
