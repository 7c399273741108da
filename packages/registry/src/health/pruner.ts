import { ok } from "@mcp-mesh/protocol";
import type { Clock } from "../clock.ts";
import type { ChangeWriter } from "../commit/change-writer.ts";
import type { StoreHealth } from "../commit/store-health.ts";
import type { RegistryCounters } from "../metrics/counters.ts";
import type { RegistryState } from "../state/registry-state.ts";
import type { PrunePolicy, RegistryStore } from "../store/store.ts";

/** Log entries kept for those who resume or page, beyond each agent's newest. */
const LOG_RETENTION_MS = 60 * 60 * 1000;
const LOG_MAX = 100_000;
/** Expired agents purged in one turn. */
const PURGE_LIMIT = 500;

export interface Retention
  extends Pick<PrunePolicy, "healthRetentionMs" | "healthMaxPerAgent" | "eventsRetentionMs" | "eventsMax"> {
  readonly tombstoneMs: number;
  /** 0 = never. */
  readonly expiredAgentMs: number;
}

/** Forgets what has outlived its retention, in small batches with a pause after each (database, section 7). */
export class Pruner {
  readonly #state: RegistryState;
  readonly #store: RegistryStore;
  readonly #writer: ChangeWriter;
  readonly #health: StoreHealth;
  readonly #clock: Clock;
  readonly #counters: RegistryCounters;
  readonly #retention: Retention;
  /** Lets requests in between two batches. */
  readonly #pause: () => Promise<void>;
  #isRunning = false;
  #isStopped = false;

  constructor(options: {
    readonly state: RegistryState;
    readonly store: RegistryStore;
    readonly writer: ChangeWriter;
    readonly health: StoreHealth;
    readonly clock: Clock;
    readonly counters: RegistryCounters;
    readonly retention: Retention;
    readonly pause: () => Promise<void>;
  }) {
    this.#state = options.state;
    this.#store = options.store;
    this.#writer = options.writer;
    this.#health = options.health;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#retention = options.retention;
    this.#pause = options.pause;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Never throws: what could not be pruned waits for the next turn. */
  async run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      // The store forgets first: a beat that only memory would let in is refused there.
      if (this.#health.reason !== null) return;
      if (await this.#store.holdOffice()) {
        await this.#purgeExpired();
        await this.#prune();
      }
      this.#forgetTombstones();
    } catch (error) {
      this.#health.failed(error);
    } finally {
      this.#isRunning = false;
    }
  }

  async #prune(): Promise<void> {
    const { tombstoneMs, expiredAgentMs: _, ...rows } = this.#retention;
    let isDone = false;
    while (!isDone && !this.#isStopped) {
      const result = await this.#store.prune({
        ...rows,
        nowMs: this.#clock.nowMs(),
        logRetentionMs: LOG_RETENTION_MS,
        logMax: LOG_MAX,
        tombstoneRetentionMs: tombstoneMs,
      });
      this.#counters.prunedHealthRows += result.healthRows;
      this.#counters.prunedEventRows += result.eventRows;
      this.#counters.prunedLogRows += result.logRows;
      this.#state.floor = result.floor;
      isDone = result.isDone;
      await this.#pause();
    }
  }

  /** No tombstone: a purged agent that turns out to live may be adopted from its beat (registry-api 5.7). */
  async #purgeExpired(): Promise<void> {
    const { expiredAgentMs } = this.#retention;
    if (expiredAgentMs === 0) return;
    const nowMs = this.#clock.monotonicMs();
    const overdue = [...this.#state.byStatus.members("expired")]
      .filter((entry) => this.#state.silentMs(entry, nowMs) > entry.patience.evictionMs + expiredAgentMs)
      .slice(0, PURGE_LIMIT);
    await Promise.all(overdue.map(({ record }) => this.#purge(record.id)));
  }

  #purge(id: string) {
    return this.#writer.change(id, (record) => {
      if (record?.status !== "expired") return ok({ change: null, answer: () => undefined });
      const change = {
        new: null,
        cause: "purge" as const,
        beatMs: this.#state.get(id)?.beatMs ?? null,
        atMs: this.#clock.nowMs(),
        reason: "expired for longer than EXPIRED_AGENT_RETENTION",
        tombstone: false,
        health: null,
      };
      return ok({ change, answer: () => undefined });
    });
  }

  #forgetTombstones(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, atMs] of this.#state.tombstones) {
      if (nowMs - atMs > this.#retention.tombstoneMs) this.#state.tombstones.delete(id);
    }
  }
}
