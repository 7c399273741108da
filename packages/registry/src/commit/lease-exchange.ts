import type { Clock } from "../clock.ts";
import type { RegistryState } from "../state/registry-state.ts";
import type { RegistryStore } from "../store/store.ts";

/** A replica silent for so long is gone: it stopped acknowledging beats a second before (`LeaseFlusher`). */
const GONE_MS = 5_000;

/** Monotonic times of this replica, so that a step of anybody's wall clock moves none of them. */
interface Report {
  /** Every beat the replica acknowledged up to then has been read here; null after its first row. */
  readonly heardUpToMs: number | null;
  readonly reportedMs: number;
}

/**
 * What replicas tell each other through the lease log: the beats they heard, and that they are there. An agent may beat at a
 * different replica every time, so silence counts only up to the moment up to which every live replica has reported, the
 * *lease horizon* (architecture, "PostgreSQL, several replicas").
 *
 * A row holds the beats heard before it was put together, which may be long before the database dated it: its way there
 * takes time, and beats are heard meanwhile. But it is put together after the row before it was answered, so it proves
 * everything up to the date of *that* one. A replica acknowledges nothing before its first row (`LeaseFlusher`).
 */
export class LeaseExchange {
  readonly #store: RegistryStore;
  readonly #state: RegistryState;
  readonly #clock: Clock;
  readonly #reports = new Map<string, Report>();
  #lastId: number;
  #listeningSinceMs: number | null = null;
  #knowsEverybody = false;
  #horizonMs: number | null = null;
  #holdsOffice = false;
  /** How far the database's wall clock is ahead of this replica's monotonic one. */
  #storeAheadMs: number | null = null;

  constructor(options: {
    readonly store: RegistryStore;
    readonly state: RegistryState;
    readonly clock: Clock;
    /** Newest lease row that was loaded with the agents. */
    readonly lastLeaseId: number;
  }) {
    this.#store = options.store;
    this.#state = options.state;
    this.#clock = options.clock;
    this.#lastId = options.lastLeaseId;
  }

  horizonMs(): number | null {
    return this.#holdsOffice ? this.#horizonMs : null;
  }

  /**
   * Epoch ms by the database's clock, which dates the log and the lease rows. What is pruned by this replica's own clock,
   * while that is an hour ahead, would be missed by others that have yet to read it.
   */
  storeNowMs(): number {
    if (this.#storeAheadMs === null) return this.#clock.nowMs();
    return Math.floor(this.#clock.monotonicMs() + this.#storeAheadMs);
  }

  /** Reads what is new. @throws StoreUnavailableError */
  async poll(): Promise<void> {
    const beforeMs = this.#clock.monotonicMs();
    const { rows, nowMs } = await this.#store.readLeases(this.#lastId);
    const afterMs = this.#clock.monotonicMs();
    this.#storeAheadMs = nowMs - afterMs;
    for (const { id, replica, atMs, beats } of rows) {
      this.#lastId = Math.max(this.#lastId, id);
      // Ages cross between clocks, moments do not. Reports are rounded against the sweeper, as if all the reading had
      // taken place after the answer was made, and beats in the agent's favour, as if before.
      const reportedMs = beforeMs - Math.max(0, nowMs - atMs);
      this.#reports.set(replica, { heardUpToMs: this.#reports.get(replica)?.reportedMs ?? null, reportedMs });
      for (const [agentId, beatMs] of beats) {
        const entry = this.#state.get(agentId);
        if (entry) this.#state.renewLease(entry, beatMs, afterMs - Math.max(0, nowMs - beatMs));
      }
    }
    this.#forgetGone(beforeMs);
    this.#listen(beforeMs);
    this.#horizonMs = this.#knowsEverybody ? this.#oldestReportMs() : null;
  }

  /** Asks for the office of sweeper and pruner. */
  async seekOffice(): Promise<void> {
    this.#holdsOffice = await this.#store.holdOffice();
  }

  /** What it had heard and not reported is lost: everybody gets a full timeout. */
  #forgetGone(nowMs: number): void {
    for (const [replica, { reportedMs }] of this.#reports) {
      if (nowMs - reportedMs <= GONE_MS) continue;
      this.#reports.delete(replica);
      this.#state.forgiveSilence();
    }
  }

  /** Whoever has not reported by then was gone when this replica began to listen, with whatever it had heard. */
  #listen(nowMs: number): void {
    this.#listeningSinceMs ??= nowMs;
    if (this.#knowsEverybody || nowMs - this.#listeningSinceMs <= GONE_MS) return;
    this.#knowsEverybody = true;
    this.#state.forgiveSilence();
  }

  #oldestReportMs(): number | null {
    let oldestMs: number | null = null;
    for (const { heardUpToMs } of this.#reports.values()) {
      if (heardUpToMs === null) return null;
      oldestMs = Math.min(oldestMs ?? heardUpToMs, heardUpToMs);
    }
    return oldestMs;
  }
}
