import type { AgentEntry, Ticket } from "./agent-entry.ts";

/** A deadline waits for its bucket to end and then for the next tick, so at most for twice this (architecture: 100 ms). */
export const BUCKET_MS = 50;

/**
 * Deadlines in buckets of 50 ms. A beat never touches it: an entry waits in one bucket and, when that comes due, is looked
 * at again and put back if its deadline has moved (a re-check per agent and timeout, instead of a move per beat).
 */
export class LeaseTimer {
  readonly #ticketsByBucket = new Map<number, Ticket[]>();
  #nextBucket: number | null = null;

  /** Makes sure that the entry is looked at no later than `atMs` (monotonic). */
  schedule(entry: AgentEntry, atMs: number): void {
    const bucket = Math.max(Math.floor(atMs / BUCKET_MS) + 1, this.#nextBucket ?? 0);
    if (entry.ticket !== null && entry.ticket.bucket <= bucket) return;
    this.cancel(entry);
    const ticket: Ticket = { bucket, entry };
    entry.ticket = ticket;
    const waiting = this.#ticketsByBucket.get(bucket);
    if (waiting) waiting.push(ticket);
    else this.#ticketsByBucket.set(bucket, [ticket]);
  }

  /** The place stays until its bucket comes due, but nothing waits there any more. */
  cancel(entry: AgentEntry): void {
    if (entry.ticket === null) return;
    entry.ticket.entry = null;
    entry.ticket = null;
  }

  /** Takes out the entries whose bucket has ended by `nowMs`, at most `limit` of them; call again while it returns many. */
  takeDue(nowMs: number, limit: number): AgentEntry[] {
    const last = Math.floor(nowMs / BUCKET_MS);
    const due: AgentEntry[] = [];
    let bucket = this.#nextBucket ?? this.#earliestBucket();
    if (bucket === null) return due;
    for (; bucket <= last && due.length < limit; bucket++) {
      const waiting = this.#ticketsByBucket.get(bucket);
      if (!waiting) continue;
      while (waiting.length > 0 && due.length < limit) {
        const { entry } = waiting.pop() as Ticket;
        if (entry === null) continue;
        entry.ticket = null;
        due.push(entry);
      }
      if (waiting.length > 0) break;
      this.#ticketsByBucket.delete(bucket);
    }
    this.#nextBucket = Math.min(bucket, last + 1);
    return due;
  }

  #earliestBucket(): number | null {
    let earliest: number | null = null;
    for (const bucket of this.#ticketsByBucket.keys()) if (earliest === null || bucket < earliest) earliest = bucket;
    return earliest;
  }
}
