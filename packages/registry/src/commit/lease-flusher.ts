import type { Clock } from "../clock.ts";
import type { AgentId } from "../domain/agent.ts";
import type { HealthRow } from "../domain/health-row.ts";
import type { RegistryStore } from "../store/store.ts";
import type { StoreHealth } from "./store-health.ts";

export const FLUSH_INTERVAL_MS = 250;
/** Where others write too, a replica says at least this often that it is there, also when it heard nothing. */
const REPORT_INTERVAL_MS = 1_000;
/** After so long without a report the others are about to give up on this replica: it must not acknowledge beats any more. */
const CUT_OFF_MS = 4_000;
/** Reports of idle replicas that may pile up before they are removed. */
const FOLD_REPORTS = 100;
/** One round of bringing the agents' own rows up to date takes this many flushes (a minute), however many agents beat. */
const FLUSHES_PER_ROUND = 240;
const SAVE_AT_LEAST = 32;
const SAVE_AT_MOST = 2_000;
/** Samples waiting for a flush; the sampler's budget is 20 a second, so more means that the database is away. */
const SAMPLE_LIMIT = 200;

/**
 * Makes beats durable without touching an agent's row for each: one `lease_log` row holds all beats since the last flush.
 * In the background the agents' rows follow, a slice per flush; a lease row goes once every beat up to it is held there.
 */
export class LeaseFlusher {
  readonly #store: RegistryStore;
  readonly #health: StoreHealth;
  readonly #clock: Clock;
  /** Agent -> monotonic time of its last beat: an age stays right when the wall clock is set before the flush. */
  #heard = new Map<AgentId, number>();
  #samples: HealthRow[] = [];
  /** Beats in the lease log that the agents' rows do not hold yet. */
  readonly #unsaved = new Map<AgentId, number>();
  #round: AgentId[] = [];
  #roundSize = 0;
  /** Newest lease row when the round began: every beat up to it is in the round. */
  #roundRow = 0;
  #lastRow = 0;
  #foldedRow = 0;
  /** Never, at first: until the others know of this replica, their sweeper may look past what it hears. */
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(options: { readonly store: RegistryStore; readonly health: StoreHealth; readonly clock: Clock }) {
    this.#store = options.store;
    this.#health = options.health;
    this.#clock = options.clock;
  }

  /** Whether the other replicas may believe this one gone, so that a beat heard here would count for nothing. */
  get isCutOff(): boolean {
    return this.#store.isShared && this.#clock.monotonicMs() - this.#reportedAtMs > CUT_OFF_MS;
  }

  /** Beats not yet in the database. */
  get pending(): number {
    return this.#heard.size;
  }

  /** Beats that a start would have to read from the lease log. */
  get unsaved(): number {
    return this.#unsaved.size;
  }

  /** Takes over beats that a crash left in the lease log; without this their rows would go before the agents' rows had them. */
  takeOver(beats: ReadonlyMap<AgentId, number>, lastRow: number): void {
    this.#lastRow = lastRow;
    for (const [id, beatMs] of beats) this.#unsaved.set(id, beatMs);
  }

  /** @param heardAtMs monotonic */
  beat(id: AgentId, heardAtMs: number): void {
    this.#heard.set(id, heardAtMs);
  }

  sample(row: HealthRow): void {
    if (this.#samples.length < SAMPLE_LIMIT) this.#samples.push(row);
  }

  /** A deleted agent's beats have nowhere to go. */
  forget(id: AgentId): void {
    this.#heard.delete(id);
    this.#unsaved.delete(id);
  }

  /** Never throws: what could not be written waits for the next turn. */
  flush(): Promise<void> {
    this.#running ??= this.#flush()
      .catch((error) => this.#health.failed(error))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  /** Writes everything, for shutdown. @throws StoreUnavailableError */
  async drain(): Promise<void> {
    await this.#running;
    await this.#append();
    await this.#writeSamples();
    while (this.#unsaved.size > 0) await this.#save([...this.#unsaved.keys()].slice(0, SAVE_AT_MOST), 0);
    if (this.#lastRow > 0) await this.#store.saveHeartbeats(new Map(), this.#lastRow);
  }

  async #flush(): Promise<void> {
    await this.#append();
    await this.#writeSamples();
    await this.#saveSlice();
  }

  async #append(): Promise<void> {
    const startMs = this.#clock.monotonicMs();
    const mustReport = this.#store.isShared && startMs - this.#reportedAtMs >= REPORT_INTERVAL_MS;
    if (this.#heard.size === 0 && !mustReport) return;
    const heard = this.#heard;
    this.#heard = new Map();
    const nowMs = this.#clock.nowMs();
    const beats = new Map<AgentId, number>();
    for (const [id, heardAtMs] of heard) beats.set(id, Math.round(nowMs - (startMs - heardAtMs)));
    try {
      this.#lastRow = await this.#store.appendLeases(beats, nowMs);
      this.#reportedAtMs = startMs;
    } catch (error) {
      // Beats heard meanwhile are newer.
      for (const [id, heardAtMs] of this.#heard) heard.set(id, heardAtMs);
      this.#heard = heard;
      throw error;
    }
    this.#health.succeeded();
    for (const [id, beatMs] of beats) this.#unsaved.set(id, beatMs);
  }

  async #writeSamples(): Promise<void> {
    if (this.#samples.length === 0) return;
    const samples = this.#samples;
    this.#samples = [];
    await this.#store.recordHealth(samples);
  }

  async #saveSlice(): Promise<void> {
    if (this.#round.length === 0) {
      if (this.#unsaved.size === 0) return this.#foldReports();
      this.#round = [...this.#unsaved.keys()];
      this.#roundSize = this.#round.length;
      this.#roundRow = this.#lastRow;
    }
    const size = Math.min(SAVE_AT_MOST, Math.max(SAVE_AT_LEAST, Math.ceil(this.#roundSize / FLUSHES_PER_ROUND)));
    const slice = this.#round.splice(-size);
    const isRoundDone = this.#round.length === 0;
    try {
      await this.#save(slice, isRoundDone ? this.#roundRow : 0);
    } catch (error) {
      this.#round.push(...slice);
      throw error;
    }
  }

  /** Rows without beats said that this replica was there, and have been read. */
  async #foldReports(): Promise<void> {
    if (this.#lastRow - this.#foldedRow < FOLD_REPORTS) return;
    await this.#store.saveHeartbeats(new Map(), this.#lastRow);
    this.#foldedRow = this.#lastRow;
  }

  async #save(ids: readonly AgentId[], foldedUpTo: number): Promise<void> {
    const beats = new Map<AgentId, number>();
    for (const id of ids) {
      const beatMs = this.#unsaved.get(id);
      if (beatMs !== undefined) beats.set(id, beatMs);
    }
    await this.#store.saveHeartbeats(beats, foldedUpTo);
    for (const [id, beatMs] of beats) if (this.#unsaved.get(id) === beatMs) this.#unsaved.delete(id);
  }
}
