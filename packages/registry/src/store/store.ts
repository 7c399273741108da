import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";
import type { HealthRow } from "../domain/health-row.ts";
import type { Cause, LogEntry } from "../domain/log-entry.ts";
import type { StoredAgent, StoredRegistry } from "../state/stored-registry.ts";

/**
 * What the registry needs of a database: load once, commit batches, follow the log, remember beats, prune. Every read a
 * client makes is answered from memory (`state/`), so there is no query here. The contract is proven by
 * `tests/contract/store-suite.ts`, which every implementation passes unchanged.
 *
 * Order: the store hands out resource versions, in commit order, as `max(now, head + 1)` and stores the head with them, so
 * that versions never repeat, whatever was deleted, pruned or done to the clock. A batch is all or nothing, except that an
 * entry decided on an outdated version is left out and reported as a loser; its caller decides again. An entry with cause
 * `adopt` also loses against a tombstone.
 */
export interface RegistryStore {
  /** Whether other processes may write to the same database. Decides whether `readLog` has to be polled. */
  readonly isShared: boolean;

  /** Everything a registry must know before it answers its first request. */
  load(): Promise<StoredRegistry>;

  /**
   * Makes the changes durable, in the given order.
   * @throws StoreUnavailableError; with `outcome: "unknown"` the batch may or may not be in the log: read it before writing.
   */
  commit(changes: readonly ProposedChange[]): Promise<CommitResult>;

  /**
   * Log entries after a version, oldest first, at most `limit`. Complete up to the last one returned: no entry with a lower
   * version can appear later.
   */
  readLog(after: ResourceVersion, limit: number): Promise<readonly LogEntry[]>;

  /**
   * Remembers all beats since the last call as one row. Must be cheap: it runs four times a second.
   * @param beats epoch ms by the caller's clock, of which `nowMs` is the present; kept by the store's clock
   */
  appendLeases(beats: ReadonlyMap<AgentId, number>, nowMs: number): Promise<LeaseRow["id"]>;

  /** Rows other replicas (and this one) appended after `id`, and the store's clock now. */
  readLeases(afterId: number): Promise<{ readonly rows: readonly LeaseRow[]; readonly nowMs: number }>;

  /**
   * Copies beats to the agents' own rows, by update only and never backwards: a deleted agent is not re-created. Lease rows
   * up to `foldedUpTo` are then held by the agents' rows and go.
   */
  saveHeartbeats(beats: ReadonlyMap<AgentId, number>, foldedUpTo: number): Promise<void>;

  /** Sampled health rows (status changes arrive with `commit`). */
  recordHealth(samples: readonly HealthRow[]): Promise<void>;

  /** One bounded batch of forgetting (at most 2,000 rows a table). `isDone` when nothing old is left. */
  prune(policy: PrunePolicy): Promise<PruneResult>;

  /** Whether this process may sweep and prune. Always true where nobody else can write. */
  holdOffice(): Promise<boolean>;

  /** A write that changes nothing: is the database there, and does it take writes? */
  probe(): Promise<void>;

  describe(): Promise<StoreStatistics>;

  /** Folds what is pending into the database files and lets go of them. */
  close(): Promise<void>;
}

export interface ProposedChange {
  readonly agentId: AgentId;
  /** The record this was decided on: null = none was there. */
  readonly old: AgentRecord | null;
  /** What is to be; null deletes. `resourceVersion` and `logVersion` in it are ignored, and so are capability ids of 0. */
  readonly new: AgentRecord | null;
  readonly cause: Cause;
  /** Must `logVersion` of the stored record equal this? null: no record may be there. `{ change: i }`: the i-th of this batch. */
  readonly basedOn: ResourceVersion | null | { readonly change: number };
  /** Last beat (epoch ms) it was decided on; stored as the agent's last_heartbeat. */
  readonly beatMs: number | null;
  /** Wall time of the decision, epoch ms. */
  readonly atMs: number;
  /** Why, in words, for the audit trail: `no heartbeat for 61.0s`. */
  readonly reason: string | null;
  /** For a deletion: whether only an explicit registration may bring the agent back, and no heartbeat. */
  readonly tombstone: boolean;
  /** For a status change, or a report that is to be kept: the health row. */
  readonly health: HealthRow | null;
}

export interface CommitResult {
  /** In the order of the batch: what was written, with its version, or null for a loser. */
  readonly results: readonly (CommittedChange | null)[];
  /** Head of the log before this batch. A follower that is not there yet has entries of others to read first. */
  readonly previousHead: ResourceVersion;
}

export interface CommittedChange {
  readonly version: ResourceVersion;
  /** Ids the database gave to the new record's capabilities, in their order; empty for a deletion. */
  readonly capabilityIds: readonly number[];
}

export interface LeaseRow {
  readonly id: number;
  readonly replica: string;
  /** By the store's clock, epoch ms. */
  readonly atMs: number;
  /** Agent -> its last beat, epoch ms by the store's clock. */
  readonly beats: ReadonlyMap<AgentId, number>;
}

export interface PrunePolicy {
  readonly nowMs: number;
  /** 0 = for ever. */
  readonly healthRetentionMs: number;
  readonly healthMaxPerAgent: number;
  readonly eventsRetentionMs: number;
  readonly eventsMax: number;
  /** Log entries older than this go, except each agent's newest. */
  readonly logRetentionMs: number;
  readonly logMax: number;
  readonly tombstoneRetentionMs: number;
}

export interface PruneResult {
  readonly healthRows: number;
  readonly eventRows: number;
  readonly logRows: number;
  readonly isDone: boolean;
  readonly floor: ResourceVersion;
}

export interface StoreStatistics {
  /** `sqlite` or `postgresql`. */
  readonly type: string;
  /** For people; passwords masked. */
  readonly location: string;
  readonly schemaVersion: number;
  readonly sizeBytes: number;
  readonly rows: {
    readonly agents: number;
    readonly capabilities: number;
    readonly healthEvents: number;
    readonly registryEvents: number;
    readonly logEntries: number;
  };
  readonly journalMode?: string;
}

/** The database could not be written (or, at start, read). Never to be shown as "unknown agent" (style, section 5). */
export class StoreUnavailableError extends Error {
  readonly outcome: "not-written" | "unknown";
  constructor(message: string, outcome: "not-written" | "unknown" = "not-written", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreUnavailableError";
    this.outcome = outcome;
  }
}

/** The database cannot be used at all: in use, damaged, too new, or a URL we cannot read. Start-up ends with its message. */
export class StoreOpenError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreOpenError";
  }
}

/** What a store speaks of and does not define: the words of the layers below it. */
export type { Cause, LogEntry, StoredAgent, StoredRegistry };
