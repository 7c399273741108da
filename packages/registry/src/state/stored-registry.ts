import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";
import type { LogEntry } from "../domain/log-entry.ts";

/** Everything a store holds when a registry starts: what memory is built from. */
export interface StoredRegistry {
  readonly head: ResourceVersion;
  readonly floor: ResourceVersion;
  readonly agents: Iterable<StoredAgent>;
  readonly tombstones: ReadonlyMap<AgentId, number>;
  /** The newest part of the log, oldest first, bounded, and the version it begins after (`floor` when nothing was left out). */
  readonly recentLog: readonly LogEntry[];
  readonly recentLogSince: ResourceVersion;
  /** Highest lease row already contained in the agents' beats. */
  readonly lastLeaseId: number;
  /** Beats that only the lease log holds (a crash left them there): they have yet to be brought to the agents' own rows. */
  readonly leasedBeats: ReadonlyMap<AgentId, number>;
}

export interface StoredAgent {
  readonly record: AgentRecord;
  readonly lastHeartbeatMs: number | null;
}
