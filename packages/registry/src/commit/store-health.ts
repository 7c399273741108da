import type { Clock } from "../clock.ts";
import type { RegistryState } from "../state/registry-state.ts";
import type { RegistryStore } from "../store/store.ts";

/**
 * Whether the database takes writes, and why not. Every write reports here; while it is down a probe a second, and nothing
 * else, finds out when it is back, so that `/health` recovers without anybody writing.
 */
export class StoreHealth {
  readonly #store: RegistryStore;
  readonly #state: RegistryState;
  readonly #clock: Clock;
  readonly #onChange: (reason: string | null) => void;
  #reason: string | null;
  #isProbing = false;
  #okSinceMs: number;

  constructor(options: {
    readonly store: RegistryStore;
    readonly state: RegistryState;
    readonly clock: Clock;
    readonly onChange: (reason: string | null) => void;
  }) {
    this.#store = options.store;
    this.#state = options.state;
    this.#clock = options.clock;
    this.#onChange = options.onChange;
    this.#reason = null;
    this.#okSinceMs = Number.NEGATIVE_INFINITY;
  }

  /** Why writes fail; null while they succeed. */
  get reason(): string | null {
    return this.#reason;
  }

  /** A write has succeeded. It does not end an outage: on a full disk a small one fits where the next does not. */
  succeeded(): void {
    this.#okSinceMs = this.#clock.monotonicMs();
  }

  failed(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const isNews = this.#reason === null;
    this.#reason = reason;
    if (isNews) this.#onChange(reason);
  }

  /** Called once a second. Asks a healthy database rarely (it may lose its disk while nobody writes), a sick one each time. */
  async probe(): Promise<void> {
    const isRecent = this.#clock.monotonicMs() - this.#okSinceMs < HEALTHY_PROBE_MS;
    if (this.#isProbing || (this.#reason === null && isRecent)) return;
    this.#isProbing = true;
    try {
      await this.#store.probe();
      this.succeeded();
      this.#recovered();
    } catch (error) {
      this.failed(error);
    } finally {
      this.#isProbing = false;
    }
  }

  #recovered(): void {
    if (this.#reason === null) return;
    this.#reason = null;
    // Transitions could not be recorded meanwhile, and revivals were refused: nobody is to pay for that.
    this.#state.forgiveSilence();
    this.#onChange(null);
  }
}

const HEALTHY_PROBE_MS = 5_000;
