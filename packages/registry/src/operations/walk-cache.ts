import type { Clock } from "../clock.ts";
import type { ResourceVersion } from "../domain/agent.ts";

/** Walks remembered at a time, how long after their last page, and from which length remembering beats finding again. */
const WALK_LIMIT = 4;
const WALK_MS = 30_000;
const WORTH_KEEPING = 1_000;

interface Walk {
  readonly items: readonly unknown[];
  usedAtMs: number;
}

/**
 * The ordered items of lists being walked, so that page 200 of a long list does not sort it for the 200th time. Only a
 * saving: a walk that was forgotten, or began at another replica, is found again from the log.
 */
export class WalkCache {
  readonly #clock: Clock;
  readonly #walks = new Map<string, Walk>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get<Item>(listHash: string, version: ResourceVersion, find: () => Item[] | null): readonly Item[] | null {
    const key = `${version} ${listHash}`;
    const known = this.#walks.get(key);
    if (known !== undefined) {
      known.usedAtMs = this.#clock.monotonicMs();
      return known.items as readonly Item[];
    }
    const found = find();
    if (found !== null && found.length >= WORTH_KEEPING) this.#keep(key, found);
    return found;
  }

  /** Lets go of walks nobody goes on with: they keep records alive that have changed since. */
  expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, walk] of this.#walks) if (nowMs - walk.usedAtMs > WALK_MS) this.#walks.delete(key);
  }

  #keep(key: string, items: readonly unknown[]): void {
    const oldest = this.#walks.keys().next();
    if (this.#walks.size >= WALK_LIMIT && !oldest.done) this.#walks.delete(oldest.value);
    this.#walks.set(key, { items, usedAtMs: this.#clock.monotonicMs() });
  }
}
