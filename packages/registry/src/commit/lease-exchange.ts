import type { Clock } from "../clock.ts";
import type { RegistryState } from "../state/registry-state.ts";
import type { RegistryStore } from "../store/store.ts";

/** A replica silent for so long is gone: it stopped acknowledging beats a second before (`LeaseFlusher`). */
const GONE_MS = 5_000;

/**
 * What replicas tell each other through the lease log: the beats they heard, and that they are there. An agent may beat at a
 * different replica every time, so silence counts only up to the moment up to which every live replica has reported, the
 * *lease horizon* (architecture, "PostgreSQL, several replicas").
 */
export class LeaseExchange {
  readonly #store: RegistryStore;
  readonly #state: RegistryState;
  readonly #clock: Clock;
  readonly #reportedAtMs = new Map<string, number>();
  #lastId: number;
  #horizonMs: number | null = null;
  #holdsOffice = false;

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

  /** Reads what is new. @throws StoreUnavailableError */
  async poll(): Promise<void> {
    const beforeMs = this.#clock.monotonicMs();
    const { rows, nowMs } = await this.#store.readLeases(this.#lastId);
    const afterMs = this.#clock.monotonicMs();
    for (const { id, replica, atMs, beats } of rows) {
      this.#lastId = Math.max(this.#lastId, id);
      this.#reportedAtMs.set(replica, Math.max(atMs, this.#reportedAtMs.get(replica) ?? 0));
      for (const [agentId, beatMs] of beats) {
        const entry = this.#state.get(agentId);
        // Ages cross between clocks, moments do not. Rounded in the agent's favour: as if no time had passed reading.
        if (entry) this.#state.renewLease(entry, beatMs, afterMs - Math.max(0, nowMs - beatMs));
      }
    }
    this.#forgetGone(nowMs);
    const oldestMs = Math.min(nowMs, ...this.#reportedAtMs.values());
    // And here against the sweeper: it must not look past what was reported when the read began.
    this.#horizonMs = this.#reportedAtMs.size === 0 ? null : beforeMs - (nowMs - oldestMs);
  }

  /** Asks for the office of sweeper and pruner. */
  async seekOffice(): Promise<void> {
    this.#holdsOffice = await this.#store.holdOffice();
  }

  /** What it had heard and not reported is lost: everybody gets a full timeout. */
  #forgetGone(nowMs: number): void {
    for (const [replica, atMs] of this.#reportedAtMs) {
      if (nowMs - atMs <= GONE_MS) continue;
      this.#reportedAtMs.delete(replica);
      this.#state.forgiveSilence();
    }
  }
}
