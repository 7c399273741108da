import type { Cancel, Clock, ManualClock, Timers } from "@mcp-mesh/registry/clock";

interface PendingTimer {
  /** null: runs once. */
  readonly intervalMs: number | null;
  readonly run: () => void;
  cancel: Cancel;
}

/**
 * The clock and timers of one process among several that share a `ManualClock` as true time: a wall clock that is wrong by
 * its own amount, a monotonic clock with an origin of its own, and an event loop that can stop. Dies with its process.
 */
export class ReplicaClock implements Clock, Timers {
  /** How much this wall clock is ahead. Changing it is a step of the clock, as an operator or a time service makes. */
  skewMs: number;
  readonly #truth: ManualClock;
  readonly #originMs: number;
  readonly #pending = new Set<PendingTimer>();
  #overdue: PendingTimer[] = [];
  #isStalled = false;

  constructor(truth: ManualClock, options: { readonly skewMs: number; readonly originMs: number }) {
    this.#truth = truth;
    this.skewMs = options.skewMs;
    this.#originMs = options.originMs;
  }

  nowMs(): number {
    return this.#truth.nowMs() + this.skewMs;
  }

  monotonicMs(): number {
    return this.#truth.monotonicMs() + this.#originMs;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  every(intervalMs: number, run: () => void): Cancel {
    return this.#add({ intervalMs, run, cancel: () => {} }, intervalMs);
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#add({ intervalMs: null, run, cancel: () => {} }, delayMs);
  }

  /** The event loop stops: what comes due waits for `resume`. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Overdue timers run at once, in the order they were due; a repeating one once, however often it was due. */
  resume(): void {
    this.#isStalled = false;
    const overdue = this.#overdue;
    this.#overdue = [];
    for (const timer of overdue) this.#fire(timer);
  }

  /** Nothing runs any more. */
  die(): void {
    for (const timer of this.#pending) timer.cancel();
    this.#pending.clear();
    this.#overdue = [];
  }

  #add(timer: PendingTimer, delayMs: number): Cancel {
    this.#pending.add(timer);
    this.#arm(timer, delayMs);
    return () => {
      timer.cancel();
      this.#pending.delete(timer);
    };
  }

  #arm(timer: PendingTimer, delayMs: number): void {
    timer.cancel = this.#truth.after(delayMs, () => this.#fire(timer));
  }

  #fire(timer: PendingTimer): void {
    if (!this.#pending.has(timer)) return;
    if (this.#isStalled) {
      this.#overdue.push(timer);
      return;
    }
    // Put back before it runs, so that the timer can cancel itself.
    if (timer.intervalMs === null) this.#pending.delete(timer);
    else this.#arm(timer, timer.intervalMs);
    timer.run();
  }
}
