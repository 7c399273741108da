import type { ManualClock } from "@mcp-mesh/registry/clock";
import type { AgentId, AgentRecord, ResourceVersion } from "@mcp-mesh/registry/domain/agent";
import type { MemoryDatabase } from "@mcp-mesh/registry/store/memory/memory-store";
import type { LogEntry } from "@mcp-mesh/registry/store/store";

export interface Committed {
  readonly entry: LogEntry;
  /** True time of the commit, on the monotonic scale of the simulation's clock. */
  readonly atMs: number;
}

/**
 * What really happened, seen from inside the database and independent of every replica: each change at the moment of its
 * commit, whole, however the log is pruned later.
 */
export class Chronicle {
  readonly #clock: ManualClock;
  readonly #history: Committed[] = [];
  readonly #current = new Map<AgentId, AgentRecord>();
  readonly #buried = new Set<AgentId>();
  readonly #onCommit: (committed: Committed) => void;

  /** @param options.onProblem told instead of thrown: the registry would take an exception for a fault of its database */
  constructor(options: {
    readonly database: MemoryDatabase;
    readonly clock: ManualClock;
    readonly onCommit: (committed: Committed) => void;
    readonly onProblem: (problem: unknown) => void;
  }) {
    this.#clock = options.clock;
    this.#onCommit = options.onCommit;
    const { tables } = options.database;
    const commit = tables.commit.bind(tables);
    tables.commit = (changes, nowMs) => {
      const result = commit(changes, nowMs);
      try {
        for (const entry of tables.readLog(result.previousHead, changes.length)) this.#note(entry);
      } catch (problem) {
        options.onProblem(problem);
      }
      return result;
    };
  }

  get head(): ResourceVersion {
    return this.#history.at(-1)?.entry.version ?? 0;
  }

  get length(): number {
    return this.#history.length;
  }

  /** The log folded up to now. */
  get current(): ReadonlyMap<AgentId, AgentRecord> {
    return this.#current;
  }

  /** The log folded up to a version. @throws if no commit had that version */
  at(version: ResourceVersion): ReadonlyMap<AgentId, AgentRecord> {
    const then = new Map(this.#current);
    for (let index = this.#history.length - 1; index >= 0; index--) {
      const { entry } = this.#history[index] as Committed;
      if (entry.version === version) return then;
      if (entry.version < version) break;
      if (entry.old === null) then.delete(entry.agentId);
      else then.set(entry.agentId, entry.old);
    }
    if (version === 0) return then;
    throw new Error(`no commit had version ${version}`);
  }

  #note(entry: LogEntry): void {
    const { agentId, cause, version } = entry;
    if (version <= this.head) throw new Error(`version ${version} was given out after ${this.head}`);
    if (cause === "adopt" && this.#buried.has(agentId)) throw new Error(`a heartbeat brought back ${agentId}, deleted`);
    const before = this.#current.get(agentId) ?? null;
    if (entry.old?.logVersion !== before?.logVersion) {
      throw new Error(`entry ${version}: its old record of ${agentId} is not the one before it`);
    }
    if (entry.new === null) this.#current.delete(agentId);
    else this.#current.set(agentId, entry.new);
    if (entry.tombstone) this.#buried.add(agentId);
    else if (cause === "register") this.#buried.delete(agentId);
    const committed = { entry, atMs: this.#clock.monotonicMs() };
    this.#history.push(committed);
    this.#onCommit(committed);
  }
}
