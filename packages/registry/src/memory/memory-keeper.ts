import type { Cancel, Clock, Timers } from "../clock.ts";

const INTERVAL_MS = 1_000;
/** From so many agents on garbage is what matters; below, the runtime's code is half of what is resident. */
const LARGE_REGISTRY = 5_000;
/** More than after the last collection by this factor: worth the pause of another. */
const GROWTH = 1.15;
/** A full collection holds everybody for 1 ms per 1,000 agents: so seldom, it stays outside the 99th percentile. */
const PAUSE_BETWEEN_MS = 30_000;

export interface MemoryKeeperOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: Timers;
  /** Agents registered now. */
  readonly agentCount: () => number;
  /** Whether nothing is being written: then a pause delays fewest. */
  readonly isQuiet: () => boolean;
  readonly residentBytes: () => number;
  readonly collectGarbage: () => void;
  readonly releaseCodePages: () => void;
}

/**
 * Keeps resident memory near what the registry holds. Loading or registering a large fleet, and its beats, leave half as much
 * again in garbage, which the runtime would keep for as long as the machine has memory. See docs/decisions/0006.
 */
export function startMemoryKeeper(options: MemoryKeeperOptions): Cancel {
  let collectedAtMs = Number.NEGATIVE_INFINITY;
  let bytesAfter = 0;
  return options.timers.every(INTERVAL_MS, () => {
    if (options.agentCount() < LARGE_REGISTRY) {
      options.releaseCodePages();
      return;
    }
    const nowMs = options.clock.monotonicMs();
    if (nowMs - collectedAtMs < PAUSE_BETWEEN_MS || !options.isQuiet()) return;
    if (options.residentBytes() <= bytesAfter * GROWTH) return;
    options.collectGarbage();
    collectedAtMs = nowMs;
    bytesAfter = options.residentBytes();
  });
}
