import type { AgentId, AgentRecord, CapabilityRecord, ResourceVersion } from "../../domain/agent.ts";
import type { HealthRow } from "../../domain/health-row.ts";
import type {
  CommitResult,
  CommittedChange,
  LeaseRow,
  LogEntry,
  ProposedChange,
  PrunePolicy,
  PruneResult,
  StoredAgent,
  StoredRegistry,
  StoreStatistics,
} from "../store.ts";
import { deepFreeze } from "./owned-copy.ts";

const PRUNE_ROWS = 2_000;

interface EventRow {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly agentId: AgentId;
  readonly atMs: number;
}

export interface TablesOptions {
  /** Whether a row of the audit trail is written with each visible change (`ENABLE_EVENTS`). Default true. */
  readonly recordsEvents?: boolean;
  /** Most entries that `load` gives as `recentLog`. Default 10,000. */
  readonly recentLogLimit?: number;
}

/**
 * The tables of a registry and the transactions over them, each one a plain synchronous call. What comes in belongs to the
 * tables from then on (`ownedCopy`); records go out frozen, and maps and lists as copies.
 */
export class MemoryTables {
  readonly #recordsEvents: boolean;
  readonly #recentLogLimit: number;
  #head: ResourceVersion = 0;
  #floor: ResourceVersion = 0;
  #lastCapabilityId = 0;
  #lastLeaseId = 0;
  readonly #agents = new Map<AgentId, StoredAgent>();
  readonly #tombstones = new Map<AgentId, number>();
  #log: LogEntry[] = [];
  #leases: LeaseRow[] = [];
  #health: HealthRow[] = [];
  #events: EventRow[] = [];

  constructor(options: TablesOptions = {}) {
    this.#recordsEvents = options.recordsEvents ?? true;
    this.#recentLogLimit = options.recentLogLimit ?? 10_000;
  }

  load(): StoredRegistry {
    const beats = new Map<AgentId, number>();
    for (const row of this.#leases) for (const [id, beatMs] of row.beats) raise(beats, id, beatMs);
    const agents = [...this.#agents].map(([id, agent]) => withBeat(agent, beats.get(id)));
    const history = this.#log.slice(indexAfter(this.#log, this.#floor));
    const recentLog = history.slice(-this.#recentLogLimit);
    return {
      head: this.#head,
      floor: this.#floor,
      agents,
      tombstones: new Map(this.#tombstones),
      recentLog,
      recentLogSince: history.at(-recentLog.length - 1)?.version ?? this.#floor,
      lastLeaseId: this.#lastLeaseId,
      leasedBeats: beats,
    };
  }

  /** @param nowMs the database's wall clock; versions never fall below it, nor below the head. */
  commit(changes: readonly ProposedChange[], nowMs: number): CommitResult {
    const previousHead = this.#head;
    // Agent -> which change of this batch won last: `{ change: i }` stands on exactly that one.
    const winners = new Map<AgentId, number>();
    const results = changes.map((change, index) => {
      if (!this.#isCurrent(change, winners)) return null;
      winners.set(change.agentId, index);
      return this.#write(change, Math.max(Math.trunc(nowMs), this.#head + 1));
    });
    return { results, previousHead };
  }

  readLog(after: ResourceVersion, limit: number): readonly LogEntry[] {
    const from = indexAfter(this.#log, after);
    return this.#log.slice(from, from + limit);
  }

  appendLeases(replica: string, beats: ReadonlyMap<AgentId, number>, nowMs: number): number {
    const id = ++this.#lastLeaseId;
    this.#leases.push({ id, replica, atMs: nowMs, beats });
    return id;
  }

  readLeases(afterId: number): readonly LeaseRow[] {
    return this.#leases.filter((row) => row.id > afterId).map((row) => ({ ...row, beats: new Map(row.beats) }));
  }

  /** @param isFolded which lease rows go with it. */
  saveHeartbeats(beats: ReadonlyMap<AgentId, number>, isFolded: (row: LeaseRow) => boolean): void {
    for (const [id, beatMs] of beats) {
      const agent = this.#agents.get(id);
      if (agent !== undefined) this.#agents.set(id, withBeat(agent, beatMs));
    }
    this.#leases = this.#leases.filter((row) => !isFolded(row));
  }

  recordHealth(samples: readonly HealthRow[]): void {
    // An agent may have been deleted since it was sampled; that must not cost the others their rows.
    for (const sample of samples) if (this.#agents.has(sample.agentId)) this.#health.push(sample);
  }

  prune(policy: PrunePolicy): PruneResult {
    const health = without(this.#health, this.#oldHealth(policy));
    const events = without(this.#events, this.#oldEvents(policy));
    const log = without(this.#log, this.#oldLog(policy));
    this.#health = health.kept;
    this.#events = events.kept;
    this.#log = log.kept;
    this.#floor = Math.max(this.#floor, log.removed.at(-1)?.version ?? 0);
    const tombstones = [...this.#tombstones].filter(([, atMs]) => policy.nowMs - atMs > policy.tombstoneRetentionMs);
    for (const [id] of tombstones.slice(0, PRUNE_ROWS)) this.#tombstones.delete(id);
    return {
      healthRows: health.removed.length,
      eventRows: events.removed.length,
      logRows: log.removed.length,
      isDone: health.isDone && events.isDone && log.isDone && tombstones.length <= PRUNE_ROWS,
      floor: this.#floor,
    };
  }

  countRows(): StoreStatistics["rows"] {
    let capabilities = 0;
    for (const { record } of this.#agents.values()) capabilities += record.capabilities.length;
    return {
      agents: this.#agents.size,
      capabilities,
      healthEvents: this.#health.length,
      registryEvents: this.#events.length,
      logEntries: this.#log.length,
    };
  }

  #isCurrent(change: ProposedChange, winners: ReadonlyMap<AgentId, number>): boolean {
    const { agentId, basedOn } = change;
    const stored = this.#agents.get(agentId);
    // A beat decided before the deletion was seen must not bring the agent back; only its own registration does.
    if (stored === undefined && change.cause === "adopt" && this.#tombstones.has(agentId)) return false;
    if (basedOn === null) return stored === undefined;
    if (typeof basedOn === "number") return stored?.record.logVersion === basedOn;
    return winners.get(agentId) === basedOn.change;
  }

  #write(change: ProposedChange, version: ResourceVersion): CommittedChange {
    const { agentId, cause, beatMs } = change;
    const old = this.#agents.get(agentId)?.record ?? null;
    const record = change.new === null ? null : this.#complete(change.new, old, version, cause !== "resolution");
    const tombstone = record === null && change.tombstone;
    this.#head = version;
    this.#log.push(Object.freeze({ version, agentId, old, new: record, cause, beatMs, tombstone }));
    if (record === null) this.#remove(agentId);
    else this.#agents.set(agentId, Object.freeze({ record, lastHeartbeatMs: beatMs }));
    if (tombstone) this.#tombstones.set(agentId, change.atMs);
    else this.#tombstones.delete(agentId);
    if (record !== null && change.health !== null) this.#health.push(change.health);
    if (this.#recordsEvents && cause !== "resolution") {
      const type = record === null ? "DELETED" : old === null ? "ADDED" : "MODIFIED";
      this.#events.push({ type, agentId, atMs: change.atMs });
    }
    return { version, capabilityIds: record?.capabilities.map((capability) => capability.id) ?? [] };
  }

  #complete(proposed: AgentRecord, old: AgentRecord | null, version: ResourceVersion, isVisible: boolean): AgentRecord {
    const shown = isVisible || old === null ? { resourceVersion: version } : pickShown(old);
    const capabilities = proposed.capabilities.map((capability) => this.#identify(capability, old));
    return deepFreeze({ ...proposed, ...shown, logVersion: version, capabilities });
  }

  #identify(capability: CapabilityRecord, old: AgentRecord | null): CapabilityRecord {
    if (capability.id !== 0) {
      this.#lastCapabilityId = Math.max(this.#lastCapabilityId, capability.id);
      return capability;
    }
    // Decided in the same batch as the change that first registered it, so its id was not known yet.
    const held = old?.capabilities.find(
      ({ name, version }) => name === capability.name && version === capability.version,
    );
    return { ...capability, id: held?.id ?? ++this.#lastCapabilityId };
  }

  #remove(id: AgentId): void {
    this.#agents.delete(id);
    this.#health = this.#health.filter((row) => row.agentId !== id);
  }

  #oldHealth({ nowMs, healthRetentionMs, healthMaxPerAgent }: PrunePolicy): Set<HealthRow> {
    const newerRows = new Map<AgentId, number>();
    const isOld = (row: HealthRow): boolean => {
      const newer = newerRows.get(row.agentId) ?? 0;
      newerRows.set(row.agentId, newer + 1);
      return newer > 0 && (newer >= healthMaxPerAgent || isPast(nowMs - row.atMs, healthRetentionMs));
    };
    return new Set(this.#health.toReversed().filter(isOld));
  }

  #oldEvents({ nowMs, eventsRetentionMs, eventsMax }: PrunePolicy): Set<EventRow> {
    const newest = new Set(
      new Map(
        this.#events
          .filter((row) => row.type !== "DELETED" && this.#agents.has(row.agentId))
          .map((row) => [row.agentId, row]),
      ).values(),
    );
    const excess = this.#events.length - eventsMax;
    return new Set(
      this.#events.filter(
        (row, index) => !newest.has(row) && (index < excess || isPast(nowMs - row.atMs, eventsRetentionMs)),
      ),
    );
  }

  /** An entry's age is its version, which is never below the time of its commit. */
  #oldLog({ nowMs, logRetentionMs, logMax }: PrunePolicy): Set<LogEntry> {
    const excess = this.#log.length - logMax;
    const isNewest = (entry: LogEntry): boolean => this.#agents.get(entry.agentId)?.record.logVersion === entry.version;
    return new Set(
      this.#log.filter(
        (entry, index) => !isNewest(entry) && (index < excess || isPast(nowMs - entry.version, logRetentionMs)),
      ),
    );
  }
}

/** A retention of 0 keeps for ever. */
const isPast = (ageMs: number, retentionMs: number): boolean => retentionMs > 0 && ageMs > retentionMs;

function raise(beats: Map<AgentId, number>, id: AgentId, beatMs: number): void {
  beats.set(id, Math.max(beatMs, beats.get(id) ?? beatMs));
}

function withBeat(agent: StoredAgent, beatMs: number | undefined): StoredAgent {
  const isNewer = beatMs !== undefined && (agent.lastHeartbeatMs === null || beatMs > agent.lastHeartbeatMs);
  return isNewer ? Object.freeze({ ...agent, lastHeartbeatMs: beatMs }) : agent;
}

/** What a change that clients do not see leaves as it was. */
function pickShown({
  resourceVersion,
  updatedAtMs,
}: AgentRecord): Pick<AgentRecord, "resourceVersion" | "updatedAtMs"> {
  return { resourceVersion, updatedAtMs };
}

/** Index of the first entry after `version`. */
function indexAfter(log: readonly LogEntry[], version: ResourceVersion): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((log[middle] as LogEntry).version <= version) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Takes the oldest of `old` out of `rows`, at most one batch of them. */
function without<T>(rows: readonly T[], old: ReadonlySet<T>): { kept: T[]; removed: T[]; isDone: boolean } {
  const removed = rows.filter((row) => old.has(row)).slice(0, PRUNE_ROWS);
  const going = new Set(removed);
  return { kept: rows.filter((row) => !going.has(row)), removed, isDone: removed.length === old.size };
}
