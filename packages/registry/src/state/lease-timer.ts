import type { AgentEntry } from "./agent-entry.ts";

/** A deadline waits for its bucket to end and then for the next tick, so at most for twice this (architecture: 100 ms). */
export const BUCKET_MS = 50;

/**
 * Deadlines in buckets of 50 ms. A beat never touches it: an entry waits in one bucket and, when that comes due, is looked
 * at again and put back if its deadline has moved (a re-check per agent and timeout, instead of a move per beat).
 */
export class LeaseTimer {
  readonly #entriesByBucket = new Map<number, AgentEntry[]>();
  #nextBucket: number | null = null;

  /** Makes sure that the entry is looked at no later than `atMs` (monotonic). */
  schedule(entry: AgentEntry, atMs: number): void {
    const bucket = Math.max(Math.floor(atMs / BUCKET_MS) + 1, this.#nextBucket ?? 0);
    if (entry.bucket !== -1 && entry.bucket <= bucket) return;
    // Where it waited for longer, that bucket will find that the entry has moved on and drop it.
    entry.bucket = bucket;
    const waiting = this.#entriesByBucket.get(bucket);
    if (waiting) waiting.push(entry);
    else this.#entriesByBucket.set(bucket, [entry]);
  }

  /** Takes out the entries whose bucket has ended by `nowMs`, at most `limit` of them; call again while it returns many. */
  takeDue(nowMs: number, limit: number): AgentEntry[] {
    const last = Math.floor(nowMs / BUCKET_MS);
    const due: AgentEntry[] = [];
    let bucket = this.#nextBucket ?? this.#earliestBucket();
    if (bucket === null) return due;
    for (; bucket <= last && due.length < limit; bucket++) {
      const waiting = this.#entriesByBucket.get(bucket);
      if (!waiting) continue;
      while (waiting.length > 0 && due.length < limit) {
        const entry = waiting.pop() as AgentEntry;
        if (entry.bucket !== bucket) continue;
        entry.bucket = -1;
        due.push(entry);
      }
      if (waiting.length > 0) break;
      this.#entriesByBucket.delete(bucket);
    }
    this.#nextBucket = Math.min(bucket, last + 1);
    return due;
  }

  #earliestBucket(): number | null {
    let earliest: number | null = null;
    for (const bucket of this.#entriesByBucket.keys()) if (earliest === null || bucket < earliest) earliest = bucket;
    return earliest;
  }
}
