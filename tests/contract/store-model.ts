import type { AgentId, AgentRecord, CapabilityRecord, ResourceVersion } from "@mcp-mesh/registry/domain/agent";
import type { CommitResult, LogEntry, ProposedChange } from "@mcp-mesh/registry/store/store";

interface ModelLease {
  readonly id: number;
  /** Which of the replicas appended it. */
  readonly replica: number;
  readonly beats: ReadonlyMap<AgentId, number>;
}

/** A registry's database as one would write it down without a thought for speed, faults or bounds. */
export class StoreModel {
  head: ResourceVersion;
  floor: ResourceVersion;
  readonly records = new Map<AgentId, AgentRecord>();
  readonly beats = new Map<AgentId, number | null>();
  readonly tombstones = new Map<AgentId, number>();
  /** Every entry ever, the pruned ones included. */
  readonly log: LogEntry[] = [];
  /** What was registered after each version. */
  readonly states = new Map<ResourceVersion, ReadonlyMap<AgentId, AgentRecord>>();
  /** Rows whose beats the agents do not hold yet. */
  leases: ModelLease[] = [];
  readonly folded = new Set<number>();
  lastLeaseId = 0;

  constructor(head: ResourceVersion) {
    this.head = head;
    this.floor = head;
    this.states.set(head, new Map());
  }

  /** Which of these would win, by the words of `ProposedChange.basedOn` alone. */
  winners(changes: readonly ProposedChange[]): boolean[] {
    // Per agent: what a condition must say to hold. A version, nothing, or an earlier change of this batch.
    const standing = new Map<AgentId, { isThere: boolean; version: number | null; change: number | null }>();
    const buried = new Set(this.tombstones.keys());
    return changes.map(({ agentId, basedOn, cause, new: proposed, tombstone }, index) => {
      const stored = this.records.get(agentId);
      const now = standing.get(agentId) ?? {
        isThere: stored !== undefined,
        version: stored?.logVersion ?? null,
        change: null,
      };
      let holds: boolean;
      if (basedOn === null) holds = !now.isThere && !(cause === "adopt" && buried.has(agentId));
      else if (typeof basedOn === "number") holds = now.isThere && now.version === basedOn;
      else holds = now.change === basedOn.change;
      if (!holds) return false;
      standing.set(agentId, { isThere: proposed !== null, version: null, change: index });
      if (proposed === null && tombstone) buried.add(agentId);
      else buried.delete(agentId);
      return true;
    });
  }

  /** Takes over what the store says it has written. */
  apply(changes: readonly ProposedChange[], { results }: CommitResult): void {
    changes.forEach((change, index) => {
      const result = results[index];
      if (result) this.#write(change, result.version, result.capabilityIds);
    });
  }

  history(after: ResourceVersion): readonly LogEntry[] {
    return this.log.filter(({ version }) => version > after);
  }

  /** Last beat of each agent, the lease rows included. */
  beatsNow(): ReadonlyMap<AgentId, number | null> {
    const beats = new Map(this.beats);
    for (const lease of this.leases) {
      for (const [id, beatMs] of lease.beats) {
        if (beats.has(id)) beats.set(id, Math.max(beatMs, beats.get(id) ?? beatMs));
      }
    }
    return beats;
  }

  append(replica: number, id: number, beats: ReadonlyMap<AgentId, number>): void {
    this.lastLeaseId = id;
    this.leases.push({ id, replica, beats: new Map(beats) });
  }

  save(folded: readonly ModelLease[]): void {
    for (const { id, beats } of folded) {
      this.folded.add(id);
      for (const [agentId, beatMs] of beats) {
        const held = this.beats.get(agentId);
        if (held !== undefined) this.beats.set(agentId, Math.max(beatMs, held ?? beatMs));
      }
    }
    this.leases = this.leases.filter(({ id }) => !this.folded.has(id));
  }

  /** Newest log entry of every registered agent. */
  newestVersions(): readonly ResourceVersion[] {
    return [...this.records.values()].map(({ logVersion }) => logVersion);
  }

  capabilityIds(): number[] {
    return [...this.records.values()].flatMap(({ capabilities }) => capabilities.map(({ id }) => id));
  }

  #write(change: ProposedChange, version: ResourceVersion, capabilityIds: readonly number[]): void {
    const { agentId, cause, beatMs, tombstone } = change;
    const old = this.records.get(agentId) ?? null;
    const capabilities = change.new?.capabilities.map(
      (capability, index): CapabilityRecord => ({ ...capability, id: capabilityIds[index] ?? -1 }),
    );
    const seen =
      cause === "resolution" && old !== null
        ? { resourceVersion: old.resourceVersion, updatedAtMs: old.updatedAtMs }
        : { resourceVersion: version };
    const record = change.new && { ...change.new, ...seen, logVersion: version, capabilities: capabilities ?? [] };
    this.head = version;
    this.log.push({ version, agentId, old, new: record, cause, beatMs, tombstone });
    if (record === null) {
      this.records.delete(agentId);
      this.beats.delete(agentId);
      if (tombstone) this.tombstones.set(agentId, change.atMs);
    } else {
      this.records.set(agentId, record);
      this.beats.set(agentId, beatMs);
      this.tombstones.delete(agentId);
    }
    this.states.set(version, new Map(this.records));
  }
}
