import type { Clock } from "../clock.ts";
import type { JsonObject } from "../domain/agent.ts";
import { healthRow } from "../domain/health-row.ts";
import type { RegistryCounters } from "../metrics/counters.ts";
import type { AgentEntry } from "../state/agent-entry.ts";
import type { LeaseFlusher } from "./lease-flusher.ts";

/** Sampled health rows a second, for all agents together (architecture, "Budgets"). */
const BUDGET_PER_SECOND = 20;

/** Decides which beats leave a health row: at most one an agent per interval, and 20 a second whatever the number of agents. */
export class HealthSampler {
  readonly #leases: LeaseFlusher;
  readonly #clock: Clock;
  readonly #counters: RegistryCounters;
  readonly #intervalMs: number;
  #tokens = BUDGET_PER_SECOND;
  #refilledMs: number;

  /** @param intervalMs AGENT_HEALTH_SAMPLE_SECONDS; 0 = only the global budget */
  constructor(options: {
    readonly leases: LeaseFlusher;
    readonly clock: Clock;
    readonly counters: RegistryCounters;
    readonly intervalMs: number;
  }) {
    this.#leases = options.leases;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#intervalMs = options.intervalMs;
    this.#refilledMs = options.clock.monotonicMs();
  }

  /** @param nowMs monotonic */
  offer(entry: AgentEntry, metadata: JsonObject, nowMs: number): void {
    if (nowMs - entry.sampledAtMs < this.#intervalMs || !this.#take(nowMs)) return;
    entry.sampledAtMs = nowMs;
    this.#counters.healthRows.add(1, nowMs);
    this.#leases.sample(healthRow(entry.record.id, entry.record.status, this.#clock.nowMs(), metadata));
  }

  #take(nowMs: number): boolean {
    const earned = ((nowMs - this.#refilledMs) * BUDGET_PER_SECOND) / 1000;
    this.#tokens = Math.min(BUDGET_PER_SECOND, this.#tokens + earned);
    this.#refilledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
