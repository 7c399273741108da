import type { Cancel, Timers } from "../clock.ts";

const INTERVAL_MS = 1_000;
/** From so many agents on garbage is what matters; below, the runtime's code is half of what is resident. */
const LARGE_REGISTRY = 5_000;
const GROWTH = 1.2;

export interface MemoryKeeperOptions {
  readonly timers: Timers;
  /** Agents registered now. */
  readonly agentCount: () => number;
  /** Whether nothing is being written, so that a pause delays nobody. */
  readonly isQuiet: () => boolean;
  /** A full collection: 1 ms for every 1,000 agents. */
  readonly collectGarbage: () => void;
  readonly releaseCodePages: () => void;
}

/**
 * Keeps resident memory near what the registry holds. Loading or registering a large fleet leaves half as much again in
 * garbage, which the runtime would keep for as long as memory is plentiful; it is collected once, when the fleet has grown
 * by a fifth and nothing is being written.
 */
export function startMemoryKeeper(options: MemoryKeeperOptions): Cancel {
  let collectedAt = 0;
  return options.timers.every(INTERVAL_MS, () => {
    const count = options.agentCount();
    if (count < LARGE_REGISTRY) options.releaseCodePages();
    else if (count > collectedAt * GROWTH && options.isQuiet()) {
      collectedAt = count;
      options.collectGarbage();
    }
  });
}
