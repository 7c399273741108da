import type { RegistryState } from "../state/registry-state.ts";
import type { LogEntry, RegistryStore } from "../store/store.ts";

const PAGE = 500;

/**
 * Applies the log to memory strictly by version, this replica's own writes included. Where nobody else can write it only
 * serves to find out what became of a commit whose answer was lost.
 */
export class LogFollower {
  readonly #store: RegistryStore;
  readonly #state: RegistryState;
  readonly #onApplied: (entries: readonly LogEntry[]) => void;
  #running: Promise<void> | null = null;
  /** A read that has not begun. */
  #next: Promise<void> | null = null;

  constructor(store: RegistryStore, state: RegistryState, onApplied: (entries: readonly LogEntry[]) => void) {
    this.#store = store;
    this.#state = state;
    this.#onApplied = onApplied;
  }

  /** Resolves once memory shows everything that was in the log when this was called. @throws StoreUnavailableError */
  catchUp(): Promise<void> {
    if (this.#next !== null) return this.#next;
    if (this.#running === null) return this.#begin();
    // The read under way may have begun before the caller's commit. All who come meanwhile share the one after it.
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#running = this.#readToEnd().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #readToEnd(): Promise<void> {
    for (;;) {
      const entries = await this.#store.readLog(this.#state.head, PAGE);
      // Own commits are applied by the writer while this waited for the database.
      const fresh = entries.filter((entry) => entry.version > this.#state.head);
      for (const entry of fresh) this.#state.apply(entry);
      if (fresh.length > 0) this.#onApplied(fresh);
      if (entries.length < PAGE) return;
    }
  }
}
