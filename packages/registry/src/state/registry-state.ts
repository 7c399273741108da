import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";
import type { Cause, LogEntry } from "../domain/log-entry.ts";
import type { Patience } from "../domain/status.ts";
import { isLeaseRunning, nextLimitMs } from "../domain/status.ts";
import type { AgentEntry } from "./agent-entry.ts";
import { AgentJson } from "./agent-json.ts";
import { CaseFolding } from "./case-folding.ts";
import { ChangeLog } from "./change-log.ts";
import { LeaseTimer } from "./lease-timer.ts";
import { MembershipIndex } from "./membership-index.ts";
import type { StoredRegistry } from "./stored-registry.ts";
import { Tally } from "./tally.ts";

const ENCODED_RECORDS_BYTES = 8 * 1024 * 1024;

/** Changes that somebody made because the agent was heard of. */
const SIGNS_OF_LIFE: ReadonlySet<Cause> = new Set(["register", "adopt", "heartbeat", "resolution"]);

/** A label as an index key. The separator cannot be confused: it is the pair's JSON, which quotes both. */
export const labelKey = (key: string, value: string): string => JSON.stringify([key, value]);

interface StateOptions {
  /** How long each agent may be silent (domain/thresholds.ts). */
  readonly patienceOf: (record: AgentRecord) => Patience;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
  readonly changeLogBytes?: number;
}

/**
 * The whole registry in memory: a materialised view of the log, and the leases. Changed by two things only: `apply`, which
 * takes committed log entries strictly in order, and `renewLease`. Reads never touch the database.
 */
export class RegistryState {
  readonly byCapability = new MembershipIndex<AgentEntry>();
  /** Capability names that differ only by case from the one asked for. */
  readonly capabilityNames = new CaseFolding();
  readonly byNamespace = new MembershipIndex<AgentEntry>();
  readonly byLabel = new MembershipIndex<AgentEntry>();
  readonly byCategory = new MembershipIndex<AgentEntry>();
  readonly byTag = new MembershipIndex<AgentEntry>();
  readonly byStatus = new MembershipIndex<AgentEntry>();
  readonly capabilitiesByCategory = new Tally();
  readonly json = new AgentJson(ENCODED_RECORDS_BYTES);
  readonly timer = new LeaseTimer();
  readonly log: ChangeLog;
  /** Agents that were deleted on purpose, and when (epoch ms): a heartbeat does not bring them back. */
  readonly tombstones: Map<AgentId, number>;
  readonly #options: StateOptions;
  // In the order of their last visible change, oldest first: re-inserting at each change makes lists nearly sorted.
  readonly #entries = new Map<AgentId, AgentEntry>();
  #head: ResourceVersion;
  #floor: ResourceVersion;
  #capabilityCount = 0;
  #blameFromMs: number;
  #leaseChanges = 0;

  constructor(stored: StoredRegistry, options: StateOptions) {
    this.#options = options;
    this.#head = stored.head;
    this.#floor = stored.floor;
    this.#blameFromMs = options.monotonicMs();
    this.tombstones = new Map(stored.tombstones);
    // With no entries in hand there is nothing to resume from but this very moment.
    const since = stored.recentLog.length === 0 ? stored.head : stored.recentLogSince;
    this.log = new ChangeLog(since, options.changeLogBytes);
    for (const entry of stored.recentLog) this.log.append(entry);
    const nowMs = options.monotonicMs();
    const wallMs = options.wallMs();
    for (const { record, lastHeartbeatMs } of stored.agents) {
      // A beat "in the future" (the wall clock was set back while we were down) must not buy extra time.
      const silentSinceMs = nowMs - Math.max(0, wallMs - (lastHeartbeatMs ?? record.createdAtMs));
      this.#insert(record, lastHeartbeatMs, silentSinceMs);
    }
  }

  /** Version of the newest change that is visible here. */
  get head(): ResourceVersion {
    return this.#head;
  }

  /** Oldest version one may resume from, in memory or in the store. */
  get floor(): ResourceVersion {
    return this.#floor;
  }

  set floor(version: ResourceVersion) {
    this.#floor = Math.max(this.#floor, version);
  }

  get size(): number {
    return this.#entries.size;
  }

  get capabilityCount(): number {
    return this.#capabilityCount;
  }

  /** Grows with every beat; a cached list built at another value shows older beats. */
  get leaseChanges(): number {
    return this.#leaseChanges;
  }

  get(id: AgentId): AgentEntry | undefined {
    return this.#entries.get(id);
  }

  /** All agents, in the order of their last visible change, oldest first. */
  entries(): IterableIterator<AgentEntry> {
    return this.#entries.values();
  }

  /**
   * Makes a committed change visible. Entries come strictly in the order of their versions, each exactly once.
   *
   * @param isOwn this registry made the change itself, and moves the lease by the moment at which it heard of the agent
   */
  apply(entry: LogEntry, isOwn = false): void {
    if (entry.version <= this.#head) {
      throw new Error(`log entry ${entry.version} applied after ${this.#head}: entries must come in order, once`);
    }
    this.#head = entry.version;
    this.log.append(entry);
    const held = this.#entries.get(entry.agentId);
    if (entry.new === null) {
      if (held) this.#remove(held);
      if (entry.tombstone) this.tombstones.set(entry.agentId, this.#options.wallMs());
      return;
    }
    const nowMs = this.#options.monotonicMs();
    if (held === undefined) this.#insert(entry.new, entry.beatMs, nowMs);
    else {
      this.#replace(held, entry.new);
      // Another replica heard it just before it committed this; what its wall clock says of that moment compares with nothing.
      const { beatMs, cause } = entry;
      if (!isOwn && beatMs !== null && SIGNS_OF_LIFE.has(cause)) this.renewLease(held, beatMs, nowMs);
    }
    if (entry.cause === "register") this.tombstones.delete(entry.agentId);
  }

  /**
   * A beat heard at `heardAtMs` (monotonic); `beatMs` is its wall time, for show. Older news (another replica's, read late)
   * never overwrites newer, by the monotonic time: the wall clock may have been set back since.
   */
  renewLease(entry: AgentEntry, beatMs: number, heardAtMs: number): void {
    if (heardAtMs < entry.silentSinceMs) return;
    entry.beatMs = beatMs;
    entry.silentSinceMs = heardAtMs;
    this.#leaseChanges++;
  }

  /** From now on nobody is blamed for silence before this moment: it was the registry that was not listening. */
  forgiveSilence(): void {
    this.#blameFromMs = this.#options.monotonicMs();
  }

  /** How long the agent has been silent while we were listening. @param nowMs monotonic */
  silentMs(entry: AgentEntry, nowMs: number): number {
    return nowMs - this.#silentFromMs(entry);
  }

  isLeaseRunning(entry: AgentEntry, nowMs: number): boolean {
    return isLeaseRunning(entry.record, this.silentMs(entry, nowMs), entry.patience);
  }

  /** Puts the entry where the timer will look at it when its next limit passes. */
  schedule(entry: AgentEntry): void {
    const limitMs = nextLimitMs(entry.record, entry.patience);
    if (limitMs !== null) this.timer.schedule(entry, this.#silentFromMs(entry) + limitMs);
  }

  #silentFromMs(entry: AgentEntry): number {
    return Math.max(entry.silentSinceMs, this.#blameFromMs);
  }

  #insert(record: AgentRecord, beatMs: number | null, silentSinceMs: number): void {
    const entry: AgentEntry = {
      record,
      patience: this.#options.patienceOf(record),
      beatMs,
      silentSinceMs,
      sampledAtMs: Number.NEGATIVE_INFINITY,
      ticket: null,
      json: null,
    };
    this.#entries.set(record.id, entry);
    this.#index(entry);
    this.schedule(entry);
  }

  #replace(entry: AgentEntry, record: AgentRecord): void {
    const isVisible = record.resourceVersion !== entry.record.resourceVersion;
    if (isVisible) {
      this.json.forget(entry);
      this.#unindex(entry);
    }
    entry.record = record;
    entry.patience = this.#options.patienceOf(record);
    if (isVisible) {
      this.#index(entry);
      this.#entries.delete(record.id);
      this.#entries.set(record.id, entry);
    }
    this.schedule(entry);
  }

  #remove(entry: AgentEntry): void {
    this.json.forget(entry);
    this.#unindex(entry);
    this.#entries.delete(entry.record.id);
    this.timer.cancel(entry);
  }

  #index(entry: AgentEntry): void {
    const { record } = entry;
    this.byNamespace.add(record.namespace, entry);
    this.byStatus.add(record.status, entry);
    for (const [key, value] of Object.entries(record.labels)) this.byLabel.add(labelKey(key, value), entry);
    for (const capability of record.capabilities) {
      this.byCapability.add(capability.name, entry);
      this.capabilityNames.add(capability.name);
      if (capability.category !== null) {
        this.byCategory.add(capability.category, entry);
        this.capabilitiesByCategory.add(capability.category, 1);
      }
      for (const tag of capability.tags) this.byTag.add(tag, entry);
    }
    this.#capabilityCount += record.capabilities.length;
  }

  #unindex(entry: AgentEntry): void {
    const { record } = entry;
    this.byNamespace.remove(record.namespace, entry);
    this.byStatus.remove(record.status, entry);
    for (const [key, value] of Object.entries(record.labels)) this.byLabel.remove(labelKey(key, value), entry);
    for (const capability of record.capabilities) {
      this.byCapability.remove(capability.name, entry);
      if (this.byCapability.count(capability.name) === 0) this.capabilityNames.remove(capability.name);
      if (capability.category !== null) {
        this.byCategory.remove(capability.category, entry);
        this.capabilitiesByCategory.add(capability.category, -1);
      }
      for (const tag of capability.tags) this.byTag.remove(tag, entry);
    }
    this.#capabilityCount -= record.capabilities.length;
  }
}
