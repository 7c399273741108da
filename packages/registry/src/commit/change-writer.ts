import type { Result } from "@mcp-mesh/protocol";
import { fail } from "@mcp-mesh/protocol";
import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";
import type { ProviderDirectory } from "../domain/resolution.ts";
import type { RegistryState } from "../state/registry-state.ts";
import type { CommitResult, CommittedChange, LogEntry, ProposedChange, RegistryStore } from "../store/store.ts";
import { StoreUnavailableError } from "../store/store.ts";
import type { LogFollower } from "./log-follower.ts";
import type { StoreHealth } from "./store-health.ts";

/** Changes in one commit: enough to share its cost, few enough that nobody waits long for the others. */
const BATCH_LIMIT = 32;
/** Callers waiting to be written; beyond it a write is refused at once instead of late. */
const QUEUE_LIMIT = 10_000;
/** How often a change that lost against another replica is decided again. */
const ATTEMPT_LIMIT = 20;

/** What one caller wants of one agent, decided while the batch is built: what to write, and the answer once it is written. */
export interface Decision<T> {
  /** null: nothing has to change; the answer is given at once. */
  readonly change: ChangeDraft | null;
  readonly answer: (committed: Committed) => T;
}

export type ChangeDraft = Omit<ProposedChange, "agentId" | "old" | "basedOn">;

export interface Committed {
  /** The record as it now is; null when there is none. */
  readonly record: AgentRecord | null;
  /** Version of the newest change; of this one, if there was one. */
  readonly version: ResourceVersion;
}

/**
 * Must be synchronous and without effect: it may be repeated, with what the batch has decided before it, or with what
 * another replica has written meanwhile.
 */
export type Decide<T> = (record: AgentRecord | null, view: DecisionView) => Result<Decision<T>>;

/** Memory plus what the batch being built has already decided. */
export interface DecisionView extends ProviderDirectory {
  /** When the agent was deleted on purpose (epoch ms); undefined if it was not. */
  buriedAtMs(id: AgentId): number | undefined;
  /** Wall time of the agent's last beat (epoch ms); null if it never beat, or is not there. */
  lastBeatMs(id: AgentId): number | null;
}

interface Waiting {
  readonly agentId: AgentId;
  readonly decide: Decide<unknown>;
  readonly settle: (result: Result<unknown>) => void;
  attempts: number;
  /** Memory shows everything that was in the log when this was asked for. */
  isUpToDate: boolean;
}

interface Proposed {
  readonly waiting: Waiting;
  readonly change: ProposedChange;
  readonly conclude: Conclusion;
  /** Callers without a change of their own, decided on this one: answered with it, or deciding again if it loses. */
  readonly relying: Pick<Proposed, "waiting" | "conclude">[];
}

type Conclusion = (committed: Committed) => Result<unknown>;

/** A record decided in the batch being built has no version yet. */
const UNDECIDED_VERSION = Number.NaN;

/**
 * The only way a record changes. Writes that arrive together are committed together, one batch in flight; each is decided
 * while its batch is built, against memory plus what that batch has already decided, so two writers with the same
 * `If-Match` cannot both win. Nothing is visible before it is durable, and its caller is answered after that.
 */
export class ChangeWriter {
  readonly #store: RegistryStore;
  readonly #state: RegistryState;
  readonly #follower: LogFollower;
  readonly #health: StoreHealth;
  readonly #defer: (run: () => void) => void;
  readonly #onApplied: (entries: readonly LogEntry[]) => void;
  #queue: Waiting[] = [];
  #isRunning = false;
  /** Set while the log may hold what memory does not, as after a commit that failed without telling whether it took effect. */
  #mustCatchUp = false;
  #idle: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly store: RegistryStore;
    readonly state: RegistryState;
    readonly follower: LogFollower;
    readonly health: StoreHealth;
    /** Runs something once the requests that have already arrived were read, so that they share a commit. */
    readonly defer: (run: () => void) => void;
    readonly onApplied: (entries: readonly LogEntry[]) => void;
  }) {
    this.#store = options.store;
    this.#state = options.state;
    this.#follower = options.follower;
    this.#health = options.health;
    this.#defer = options.defer;
    this.#onApplied = options.onApplied;
  }

  get queueLength(): number {
    return this.#queue.length;
  }

  /** Resolves when everything handed in so far was answered. */
  async settled(): Promise<void> {
    while (this.#isRunning) await this.#idle;
  }

  /**
   * Shows what is in the log and not in memory, without waiting for the next write: called when the database is back, since
   * a commit may have been written after its caller was told that it failed. @throws StoreUnavailableError
   */
  async catchUp(): Promise<void> {
    this.#mustCatchUp = true;
    await this.#readLost();
  }

  change<T>(agentId: AgentId, decide: Decide<T>): Promise<Result<T>> {
    if (this.#queue.length >= QUEUE_LIMIT) {
      return Promise.resolve(fail("store_unavailable", `${QUEUE_LIMIT} writes are waiting already; try again later`));
    }
    return new Promise<Result<T>>((resolve) => {
      const settle = resolve as (result: Result<unknown>) => void;
      // Where nobody else writes, memory shows everything.
      this.#queue.push({ agentId, decide, settle, attempts: 0, isUpToDate: !this.#store.isShared });
      this.#start();
    });
  }

  #start(): void {
    if (this.#isRunning || this.#queue.length === 0) return;
    this.#isRunning = true;
    this.#idle = new Promise((done) => {
      this.#defer(() => {
        void this.#run().finally(() => {
          this.#isRunning = false;
          // Whoever was answered last may have asked for another change since the queue was found empty.
          this.#start();
          done();
        });
      });
    });
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH_LIMIT);
      try {
        await this.#writeBatch(batch);
      } catch (error) {
        this.#refuse(batch, error);
      }
    }
  }

  async #readLost(): Promise<void> {
    if (!this.#mustCatchUp) return;
    // Before the read, which need not show a commit that fails meanwhile.
    this.#mustCatchUp = false;
    try {
      await this.#follower.catchUp();
    } catch (error) {
      this.#mustCatchUp = true;
      throw error;
    }
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    await this.#readLost();
    const { proposed, outdated } = this.#decide(batch);
    if (proposed.length > 0) await this.#write(proposed);
    if (outdated.length === 0) return;
    try {
      await this.#follower.catchUp();
    } catch (error) {
      // The others of the batch have their answers, or wait for another turn.
      this.#refuse(outdated, error);
      return;
    }
    this.#decideAgain(outdated);
  }

  async #write(proposed: readonly Proposed[]): Promise<void> {
    const result = await this.#commit(proposed);
    const isAlone = result.previousHead === this.#state.head;
    if (isAlone) {
      const entries = committedEntries(proposed, result);
      for (const entry of entries) this.#state.apply(entry, true);
      this.#onApplied(entries);
    } else {
      // Others have written in between: their entries come first, and ours among them, from the log.
      await this.catchUp();
    }
    this.#answer(proposed, result);
  }

  /**
   * @returns what to commit, and callers who would be told that nothing is to be done on the word of a memory that may lag
   *   behind the log: a write is checked by its commit, a refusal by nothing
   */
  #decide(batch: readonly Waiting[]): { readonly proposed: Proposed[]; readonly outdated: readonly Waiting[] } {
    const view = new BatchView(this.#state);
    const proposed: Proposed[] = [];
    const outdated: Waiting[] = [];
    for (const waiting of batch) {
      const { agentId } = waiting;
      const old = view.find(agentId);
      let decision: Result<Decision<unknown>>;
      try {
        decision = waiting.decide(old, view);
      } catch (error) {
        waiting.settle(fail("internal", "Internal Server Error", { cause: error }));
        continue;
      }
      const conclude = conclusionOf(decision);
      const change = decision.ok ? decision.value.change : null;
      if (change === null) {
        const reliedOn = proposed[view.changeOf(agentId) ?? -1];
        if (reliedOn) reliedOn.relying.push({ waiting, conclude });
        else if (!waiting.isUpToDate) outdated.push(waiting);
        else waiting.settle(conclude({ record: old, version: this.#state.head }));
        continue;
      }
      const basedOn = view.basisOf(agentId);
      proposed.push({ waiting, conclude, relying: [], change: { ...change, agentId, old, basedOn } });
      view.decided(agentId, change, proposed.length - 1);
    }
    return { proposed, outdated };
  }

  async #commit(proposed: readonly Proposed[]): Promise<CommitResult> {
    try {
      const result = await this.#store.commit(proposed.map((one) => one.change));
      this.#health.succeeded();
      return result;
    } catch (error) {
      if (error instanceof StoreUnavailableError && error.outcome === "unknown") this.#mustCatchUp = true;
      this.#health.failed(error);
      throw error;
    }
  }

  #answer(proposed: readonly Proposed[], result: CommitResult): void {
    const losers: Waiting[] = [];
    proposed.forEach((one, index) => {
      const committed = result.results[index];
      const record = committed ? committedRecord(one.change, committed) : null;
      for (const { waiting, conclude } of [one, ...one.relying]) {
        if (committed) waiting.settle(conclude({ record, version: committed.version }));
        else if (++waiting.attempts < ATTEMPT_LIMIT) losers.push(waiting);
        else
          waiting.settle(fail("store_unavailable", `agent ${waiting.agentId} is being changed too often; try again`));
      }
    });
    this.#decideAgain(losers);
  }

  /** Before anybody who came later, and now that memory shows what they did not know. */
  #decideAgain(callers: readonly Waiting[]): void {
    for (const waiting of callers) waiting.isUpToDate = true;
    this.#queue.unshift(...callers);
  }

  #refuse(batch: readonly Waiting[], error: unknown): void {
    const isStore = error instanceof StoreUnavailableError;
    const failure = isStore
      ? fail("store_unavailable", error.message, { cause: error })
      : fail("internal", "Internal Server Error", { cause: error });
    // Those whose decision was refused or needed no write were answered before; a second answer changes nothing.
    for (const waiting of batch) waiting.settle(failure);
  }
}

function conclusionOf(decision: Result<Decision<unknown>>): Conclusion {
  if (!decision.ok) return () => decision;
  const { answer } = decision.value;
  return (committed) => ({ ok: true, value: answer(committed) });
}

function committedRecord(change: ProposedChange, committed: CommittedChange): AgentRecord | null {
  if (change.new === null) return null;
  const { version, capabilityIds } = committed;
  const capabilities = change.new.capabilities.map((capability, index) => {
    const id = capabilityIds[index] ?? capability.id;
    return id === capability.id ? capability : { ...capability, id };
  });
  if (change.cause === "resolution") return { ...change.new, capabilities, logVersion: version };
  return { ...change.new, capabilities, resourceVersion: version, logVersion: version };
}

function committedEntries(proposed: readonly Proposed[], result: CommitResult): LogEntry[] {
  const entries: LogEntry[] = [];
  const records: (AgentRecord | null)[] = [];
  proposed.forEach(({ change }, index) => {
    const committed = result.results[index];
    if (!committed) return;
    const record = committedRecord(change, committed);
    records[index] = record;
    // Within a batch the previous record is the one an earlier entry has just made, with its version.
    const old = isEarlierChange(change.basedOn) ? (records[change.basedOn.change] ?? null) : change.old;
    const { agentId, cause, beatMs, tombstone } = change;
    entries.push({ version: committed.version, agentId, old, new: record, cause, beatMs, tombstone });
  });
  return entries;
}

const isEarlierChange = (basis: ProposedChange["basedOn"]): basis is { readonly change: number } =>
  typeof basis === "object" && basis !== null;

interface Decided {
  readonly record: AgentRecord | null;
  readonly beatMs: number | null;
  /** Which change of the batch. */
  readonly change: number;
}

class BatchView implements DecisionView {
  readonly #state: RegistryState;
  readonly #decided = new Map<AgentId, Decided>();
  readonly #buried = new Map<AgentId, number>();

  constructor(state: RegistryState) {
    this.#state = state;
  }

  find(id: AgentId): AgentRecord | null {
    const decided = this.#decided.get(id);
    return decided ? decided.record : (this.#state.get(id)?.record ?? null);
  }

  *offering(capability: string): Iterable<AgentRecord> {
    for (const { record } of this.#state.byCapability.members(capability)) {
      if (!this.#decided.has(record.id)) yield record;
    }
    for (const { record } of this.#decided.values()) {
      if (record?.capabilities.some((offered) => offered.name === capability)) yield record;
    }
  }

  buriedAtMs(id: AgentId): number | undefined {
    return this.#buried.get(id) ?? this.#state.tombstones.get(id);
  }

  lastBeatMs(id: AgentId): number | null {
    return this.#decided.get(id)?.beatMs ?? this.#state.get(id)?.beatMs ?? null;
  }

  /** Which change of this batch last decided about the agent. */
  changeOf(id: AgentId): number | undefined {
    return this.#decided.get(id)?.change;
  }

  basisOf(id: AgentId): ProposedChange["basedOn"] {
    const decided = this.#decided.get(id);
    // After a deletion in this batch the next one finds nothing there, as the store will.
    if (decided) return decided.record === null ? null : { change: decided.change };
    return this.#state.get(id)?.record.logVersion ?? null;
  }

  decided(id: AgentId, draft: ChangeDraft, change: number): void {
    const { new: record, tombstone, atMs, beatMs } = draft;
    if (tombstone) this.#buried.set(id, atMs);
    // The version is given out by the commit: until then no `If-Match` can name it.
    const undecided = record && { ...record, resourceVersion: UNDECIDED_VERSION, logVersion: UNDECIDED_VERSION };
    this.#decided.set(id, { record: undecided, beatMs, change });
  }
}
