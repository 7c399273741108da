import { ok } from "@mcp-mesh/protocol";
import type { Clock } from "../clock.ts";
import type { ChangeWriter } from "../commit/change-writer.ts";
import type { StoreHealth } from "../commit/store-health.ts";
import { statusAfterSilence } from "../domain/status.ts";
import type { AgentEntry } from "../state/agent-entry.ts";
import { BUCKET_MS } from "../state/lease-timer.ts";
import type { RegistryState } from "../state/registry-state.ts";

export const SWEEP_INTERVAL_MS = BUCKET_MS;
/** A tick this late means that we were not listening: suspended, stopped or stalled (architecture, "Status"). */
const PAUSE_MS = 3_000;
/** Looked at in one tick, and transitions waiting to be committed: expiring a whole mesh takes several ticks, not one. */
const SWEEP_LIMIT = 1_000;

/** How far the sweeper may look, and whether it is this process's office at all. */
export interface SweepHorizon {
  /** Monotonic time up to which every beat anybody has heard is known here; null while this replica must not sweep. */
  horizonMs(): number | null;
}

/** Records the transitions that only time causes, at most 100 ms after their deadline, as ordinary record changes. */
export class Sweeper {
  readonly #state: RegistryState;
  readonly #writer: ChangeWriter;
  readonly #health: StoreHealth;
  readonly #clock: Clock;
  readonly #horizon: SweepHorizon;
  readonly #onPause: (pausedMs: number) => void;
  #lastTickMs: number;
  #hasWaited = false;
  #underway = 0;

  constructor(options: {
    readonly state: RegistryState;
    readonly writer: ChangeWriter;
    readonly health: StoreHealth;
    readonly clock: Clock;
    readonly horizon: SweepHorizon;
    readonly onPause: (pausedMs: number) => void;
  }) {
    this.#state = options.state;
    this.#writer = options.writer;
    this.#health = options.health;
    this.#clock = options.clock;
    this.#horizon = options.horizon;
    this.#onPause = options.onPause;
    this.#lastTickMs = options.clock.monotonicMs();
  }

  tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const lateMs = nowMs - this.#lastTickMs - SWEEP_INTERVAL_MS;
    this.#lastTickMs = nowMs;
    if (lateMs >= PAUSE_MS) {
      this.#state.forgiveSilence();
      this.#onPause(lateMs);
    }
    // Beats that arrived while this process did not run are still waiting in the sockets: they count before anybody is
    // judged. Not twice in a row: a busy process must get on with its transitions.
    this.#hasWaited = lateMs >= SWEEP_INTERVAL_MS && !this.#hasWaited;
    if (this.#hasWaited) return;
    if (this.#health.reason !== null || this.#underway >= SWEEP_LIMIT) return;
    const horizonMs = this.#horizon.horizonMs();
    if (horizonMs === null) return;
    for (const entry of this.#state.timer.takeDue(horizonMs, SWEEP_LIMIT)) this.#judge(entry, horizonMs);
  }

  #judge(entry: AgentEntry, horizonMs: number): void {
    const state = this.#state;
    const due = statusAfterSilence(entry.record, state.silentMs(entry, horizonMs), entry.patience);
    if (due === null) {
      state.schedule(entry);
      return;
    }
    this.#underway++;
    this.#transition(entry.record.id, horizonMs)
      .catch(() => undefined)
      .finally(() => {
        this.#underway--;
        // Not recorded (the store is away, or a beat came in between): it waits for its next turn.
        const held = state.get(entry.record.id);
        if (held) state.schedule(held);
      });
  }

  #transition(id: string, horizonMs: number) {
    return this.#writer.change(id, (record) => {
      const entry = this.#state.get(id);
      const nothing = ok({ change: null, answer: () => undefined });
      // Changed earlier in this batch, perhaps by a sign of life that moves the lease only once it is committed.
      if (!entry || record !== entry.record) return nothing;
      // Decided on what is known now: a beat that arrived since the tick has moved the lease.
      const silentMs = this.#state.silentMs(entry, horizonMs);
      const status = statusAfterSilence(record, silentMs, entry.patience);
      if (status === null) return nothing;
      const atMs = this.#clock.nowMs();
      return ok({
        change: {
          new: { ...record, status, updatedAtMs: atMs },
          cause: "expiry" as const,
          beatMs: entry.beatMs,
          atMs,
          reason: `no heartbeat for ${(silentMs / 1000).toFixed(1)}s`,
          tombstone: false,
          health: {
            agentId: id,
            status,
            atMs,
            checks: {},
            errors: [],
            uptimeSeconds: 0,
            metadata: {
              source: "health_monitor",
              event_type: "status_change",
              old_status: record.status,
            },
          },
        },
        answer: () => undefined,
      });
    });
  }
}
