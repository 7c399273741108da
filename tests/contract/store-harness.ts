import { test } from "bun:test";
import type { ManualClock } from "@mcp-mesh/registry/clock";
import type { AgentId, AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { CommittedChange, LogEntry, ProposedChange, RegistryStore } from "@mcp-mesh/registry/store/store";
import type { Arbitrary } from "fast-check";

/** What the contract suite needs to know of a store and of its database. */
export interface StoreHarness {
  /** Whether several stores may be open on one database at a time. */
  readonly isShared: boolean;
  /** Whether a database outlives its stores: false where it is gone with the last one. */
  readonly isDurable: boolean;
  /** Texts that must come back as they were given. */
  readonly text: Arbitrary<string>;
  /** Runs of a property test; a store that opens slowly takes fewer. */
  readonly runs: number;
  /** A new, empty database. */
  create(): Promise<TestDatabase>;
}

export interface TestDatabase extends AsyncDisposable {
  /** The clock that versions are taken from; null where a test cannot set it. */
  readonly clock: ManualClock | null;
  /**
   * Opens a store and loads it, as a registry does at its start: the first, the next after `close` (a restart), or one more
   * beside those open where that is allowed. A replica that comes back has the name it had.
   */
  open(): Promise<RegistryStore>;
}

/** Defines a test only for the stores it is about: reported as skipped, it would look like one that waits to be mended. */
export function testWhere(applies: boolean): (name: string, run: () => Promise<void>) => void {
  return applies ? (name, run) => test(name, run) : () => undefined;
}

/** Loads the store, as a registry must before anything else. */
export async function loaded<T extends RegistryStore>(store: T): Promise<T> {
  await loadAll(store);
  return store;
}

/** The present by the store's clock, as far as a test can tell. */
export const nowOf = ({ clock }: TestDatabase): number => clock?.nowMs() ?? Date.now();

/** What `load` gave, with the agents in a map: their order is not promised. */
export interface Loaded {
  readonly head: number;
  readonly floor: number;
  readonly records: ReadonlyMap<AgentId, AgentRecord>;
  readonly beats: ReadonlyMap<AgentId, number | null>;
  readonly tombstones: ReadonlyMap<AgentId, number>;
  readonly recentLog: readonly LogEntry[];
  readonly recentLogSince: number;
  readonly lastLeaseId: number;
  readonly leasedBeats: ReadonlyMap<AgentId, number>;
}

export async function loadAll(store: RegistryStore): Promise<Loaded> {
  const { agents, ...rest } = await store.load();
  const records = new Map<AgentId, AgentRecord>();
  const beats = new Map<AgentId, number | null>();
  for (const { record, lastHeartbeatMs } of agents) {
    records.set(record.id, record);
    beats.set(record.id, lastHeartbeatMs);
  }
  return { ...rest, records, beats };
}

/** Last beat of each agent as a registry knows it after a start: from the agents, and from the lease rows after those. */
export async function loadBeats(store: RegistryStore): Promise<ReadonlyMap<AgentId, number | null>> {
  const { beats, lastLeaseId } = await loadAll(store);
  const known = new Map(beats);
  const { rows } = await store.readLeases(lastLeaseId);
  for (const row of rows) {
    for (const [id, beatMs] of row.beats) {
      if (known.has(id)) known.set(id, Math.max(beatMs, known.get(id) ?? beatMs));
    }
  }
  return known;
}

/** The log after a version, read page by page to its end. */
export async function readAll(store: RegistryStore, after = 0, pageSize = 500): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const last = entries.at(-1)?.version ?? after;
    const page = await store.readLog(last, pageSize);
    if (page.some(({ version }) => version <= last)) throw new Error(`the log after ${last} goes back`);
    entries.push(...page);
    if (page.length < pageSize) return entries;
  }
}

/** Commits changes none of which may lose. */
export async function commitAll(
  store: RegistryStore,
  ...changes: readonly ProposedChange[]
): Promise<readonly CommittedChange[]> {
  const { results } = await store.commit(changes);
  return results.map((result, index) => {
    if (result === null) throw new Error(`change ${index} of the batch lost`);
    return result;
  });
}

/** Commits one change that must win. @returns the record as the log has it; for a deletion, null. */
export async function commitOne(store: RegistryStore, change: ProposedChange): Promise<AgentRecord | null> {
  const [committed] = await commitAll(store, change);
  const version = committed?.version ?? 0;
  const [entry] = await store.readLog(version - 1, 1);
  if (entry?.version !== version) throw new Error(`the log does not hold version ${version}`);
  return entry.new;
}

/** `commitOne` of a change that leaves a record. */
export async function put(store: RegistryStore, change: ProposedChange): Promise<AgentRecord> {
  const record = await commitOne(store, change);
  if (record === null) throw new Error(`agent ${change.agentId} is gone`);
  return record;
}
