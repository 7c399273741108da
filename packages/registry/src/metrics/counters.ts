/** What has happened since the start. Plain numbers: they are counted on the hottest paths. */
export class RegistryCounters {
  heartbeats = 0;
  /** New agents only (registry-api 4.10). */
  registrations = 0;
  updates = 0;
  unregistrations = 0;
  adoptions = 0;
  statusTransitions = 0;
  cacheHits = 0;
  cacheMisses = 0;
  prunedHealthRows = 0;
  prunedEventRows = 0;
  prunedLogRows = 0;
  pauses = 0;
  /** Health rows written in the last hour, exact (database.md 7). */
  readonly healthRows = new HourlyCount();
}

const MINUTES = 60;

/** How many in the last 60 minutes, by the minute. */
export class HourlyCount {
  readonly #counts = new Array<number>(MINUTES).fill(0);
  #minute = 0;

  add(count: number, monotonicMs: number): void {
    this.#advance(monotonicMs);
    const slot = this.#minute % MINUTES;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
  }

  total(monotonicMs: number): number {
    this.#advance(monotonicMs);
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  #advance(monotonicMs: number): void {
    const minute = Math.floor(monotonicMs / 60_000);
    for (let passed = Math.max(this.#minute + 1, minute - MINUTES + 1); passed <= minute; passed++) {
      this.#counts[passed % MINUTES] = 0;
    }
    this.#minute = Math.max(this.#minute, minute);
  }
}
