/**
 * Time and timers come in from `main.ts`, so that a test can run a day of registry life in a moment, with the same result
 * each time. Nothing else in the registry calls `Date.now`, `performance.now`, `setTimeout` or `setInterval`.
 */
export interface Clock {
  /** Wall time, epoch ms. For what people and databases read; it may jump, so no deadline is measured with it. */
  nowMs(): number;
  /** Milliseconds since some fixed moment, never backwards. For ages, deadlines and latencies. */
  monotonicMs(): number;
}

/** Idempotent: cancelling twice, or after the timer ran, does nothing. */
export type Cancel = () => void;

export interface Timers {
  /** Runs every `intervalMs` (> 0), the first time after one interval. A missed turn is not made up for. */
  every(intervalMs: number, run: () => void): Cancel;
  /** Runs once, `delayMs` from now; a delay below 0 counts as 0. */
  after(delayMs: number, run: () => void): Cancel;
}

/** What the runtime's timers can hold; a longer delay would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemTimers: Timers = {
  every(intervalMs, run) {
    requireInterval(intervalMs);
    const handle = setInterval(run, Math.min(intervalMs, LONGEST_DELAY_MS));
    return () => clearInterval(handle);
  },
  after(delayMs, run) {
    let handle: ReturnType<typeof setTimeout>;
    const arm = (remainingMs: number): void => {
      const stepMs = Math.min(remainingMs, LONGEST_DELAY_MS);
      handle = setTimeout(() => (remainingMs > stepMs ? arm(remainingMs - stepMs) : run()), stepMs);
    };
    arm(toDelay(delayMs));
    return () => clearTimeout(handle);
  },
};

interface ManualTimer {
  dueMs: number;
  readonly order: number;
  /** null: runs once. */
  readonly intervalMs: number | null;
  readonly run: () => void;
}

/** A clock and timers that stand still until told otherwise. */
export class ManualClock implements Clock, Timers {
  #wallMs: number;
  #monotonicMs = 0;
  #nextOrder = 0;
  #isAdvancing = false;
  readonly #timers = new Set<ManualTimer>();

  /** @param wallMs what the wall clock shows first, epoch ms; the monotonic clock starts at 0. */
  constructor(wallMs: number = Date.UTC(2025, 5, 11, 12, 0, 0)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Timers that are still to run; 0 after a shutdown that forgot none. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  every(intervalMs: number, run: () => void): Cancel {
    requireInterval(intervalMs);
    return this.#add({ dueMs: this.#monotonicMs + intervalMs, order: this.#nextOrder++, intervalMs, run });
  }

  after(delayMs: number, run: () => void): Cancel {
    const dueMs = this.#monotonicMs + toDelay(delayMs);
    return this.#add({ dueMs, order: this.#nextOrder++, intervalMs: null, run });
  }

  /**
   * Moves both clocks forward and runs what comes due, in order of deadline and then of creation, each at its own moment.
   * Promises settle before the first timer, between two timers and at the end. What a timer throws rejects the call and
   * leaves the clock at that timer's moment.
   */
  async advance(ms: number): Promise<void> {
    if (this.#isAdvancing) throw new Error("the manual clock is already advancing: await the first call");
    this.#isAdvancing = true;
    try {
      const targetMs = this.#monotonicMs + toDelay(ms);
      await settle();
      for (let timer = this.#nextDue(targetMs); timer !== undefined; timer = this.#nextDue(targetMs)) {
        this.#moveTo(timer.dueMs);
        this.#run(timer);
        await settle();
      }
      this.#moveTo(targetMs);
    } finally {
      this.#isAdvancing = false;
    }
  }

  /**
   * Moves both clocks forward and runs nothing: the process was stopped, or its event loop was busy. Overdue timers run
   * late at the next `advance`, a repeating one once.
   */
  stall(ms: number): void {
    this.#moveTo(this.#monotonicMs + toDelay(ms));
  }

  /** Sets the wall clock alone, as an operator or a time service does. */
  setWall(ms: number): void {
    this.#wallMs = ms;
  }

  #add(timer: ManualTimer): Cancel {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  #nextDue(targetMs: number): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > targetMs) continue;
      const isSooner =
        next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order);
      if (isSooner) next = timer;
    }
    return next;
  }

  #run(timer: ManualTimer): void {
    // Put back before it runs, so that the timer can cancel itself.
    if (timer.intervalMs === null) this.#timers.delete(timer);
    else timer.dueMs = this.#monotonicMs + timer.intervalMs;
    timer.run();
  }

  #moveTo(monotonicMs: number): void {
    // An overdue timer's moment lies behind us; the clock does not go back for it.
    const stepMs = Math.max(0, monotonicMs - this.#monotonicMs);
    this.#monotonicMs += stepMs;
    this.#wallMs += stepMs;
  }
}

/** A turn of the event loop: every promise chain that needs no further outside event has run to its end. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function toDelay(delayMs: number): number {
  if (Number.isNaN(delayMs)) throw new RangeError("a delay must be a number of milliseconds");
  return Math.max(0, delayMs);
}

function requireInterval(intervalMs: number): void {
  if (!(intervalMs > 0)) throw new RangeError(`an interval must be positive: ${intervalMs}`);
}
