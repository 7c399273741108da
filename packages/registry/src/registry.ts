import type { Cancel, Clock, Timers } from "./clock.ts";
import { ChangeWriter } from "./commit/change-writer.ts";
import { HealthSampler } from "./commit/health-sampler.ts";
import { LeaseExchange } from "./commit/lease-exchange.ts";
import { FLUSH_INTERVAL_MS, LeaseFlusher } from "./commit/lease-flusher.ts";
import { LogFollower } from "./commit/log-follower.ts";
import { StoreHealth } from "./commit/store-health.ts";
import { patienceOf } from "./domain/thresholds.ts";
import { Pruner, type Retention } from "./health/pruner.ts";
import { SWEEP_INTERVAL_MS, Sweeper, type SweepHorizon } from "./health/sweeper.ts";
import { RegistryCounters } from "./metrics/counters.ts";
import type { RegistryCore, RegistrySettings } from "./operations/core.ts";
import { WalkCache } from "./operations/walk-cache.ts";
import { RegistryState } from "./state/registry-state.ts";
import type { LogEntry, RegistryStore } from "./store/store.ts";

const PROBE_INTERVAL_MS = 1_000;
/** How often a replica reads what others have written; a notification only makes it sooner. */
const FOLLOW_INTERVAL_MS = 50;
const OFFICE_INTERVAL_MS = 1_000;

export interface RegistryOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings: RegistrySettings;
  readonly retention: Retention;
  readonly retentionIntervalMs: number;
  /** At most one sampled health row an agent per this time; 0 = only the global budget. */
  readonly healthSampleMs: number;
  /** Runs something after the requests that have arrived were read (`setImmediate`). */
  readonly defer: (run: () => void) => void;
  readonly log: RegistryCore["log"];
  /** How far the sweeper may look, if not as far as is safe: only a test asks for that, to see itself fail. */
  readonly horizon?: SweepHorizon;
}

/** A registry without its adapters: what it knows, its rules, its timers. HTTP, MCP and tests talk to its `core`. */
export interface Registry {
  readonly core: RegistryCore;
  /** Begins to sweep, flush and prune. */
  start(): void;
  /** Stops the timers, writes what is pending and closes the store. */
  stop(): Promise<void>;
}

/** Loads everything the store holds. @throws StoreOpenError */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { store, clock, timers, settings, log } = options;
  const stored = await store.load();
  const state = new RegistryState(stored, {
    patienceOf,
    wallMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
  });
  const counters = new RegistryCounters();
  const health = new StoreHealth({
    store,
    state,
    clock,
    onChange(reason) {
      reportStore(log, reason);
      if (reason === null) writer.catchUp().catch((error) => health.failed(error));
    },
  });
  const onApplied = (entries: readonly LogEntry[]) => reportChanges(options, state, counters, entries);
  const follower = new LogFollower(store, state, onApplied);
  const writer = new ChangeWriter({ store, state, follower, health, defer: options.defer, onApplied });
  const leases = new LeaseFlusher({ store, health, clock });
  leases.takeOver(stored.leasedBeats, stored.lastLeaseId);
  const exchange = store.isShared ? new LeaseExchange({ store, state, clock, lastLeaseId: stored.lastLeaseId }) : null;
  // Until the others know of this replica, it may not acknowledge beats.
  if (exchange !== null) await leases.flush();
  // Alone, everything that was heard is known here.
  const horizon = options.horizon ?? exchange ?? { horizonMs: () => clock.monotonicMs() };
  const sweeper = new Sweeper({
    state,
    writer,
    health,
    clock,
    horizon,
    onPause: (ms) => reportPause(log, counters, ms),
  });
  const pause = () => new Promise<void>((resolve) => timers.after(10, resolve));
  const pruner = new Pruner({
    state,
    store,
    writer,
    health,
    clock: exchange === null ? clock : { nowMs: () => exchange.storeNowMs(), monotonicMs: () => clock.monotonicMs() },
    counters,
    retention: options.retention,
    pause,
  });
  const walks = new WalkCache(clock);
  const core: RegistryCore = {
    state,
    store,
    directory: {
      find: (id) => state.get(id)?.record ?? null,
      *offering(capability) {
        for (const { record } of state.byCapability.members(capability)) yield record;
      },
    },
    writer,
    follower,
    leases,
    sampler: new HealthSampler({ leases, clock, counters, intervalMs: options.healthSampleMs }),
    health,
    clock,
    counters,
    walks,
    settings,
    startedAtMs: clock.monotonicMs(),
    log,
  };

  let running: Cancel[] = [];
  return {
    core,
    start() {
      // A file that cannot be written is to show in `/health` from the first question on.
      void health.probe();
      running = [
        timers.every(SWEEP_INTERVAL_MS, () => sweeper.tick()),
        timers.every(FLUSH_INTERVAL_MS, () => void leases.flush()),
        timers.every(PROBE_INTERVAL_MS, () => {
          void health.probe();
          walks.expire();
        }),
        timers.every(options.retentionIntervalMs, () => void pruner.run()),
        ...(exchange === null ? [] : follow(timers, health, follower, exchange)),
      ];
    },
    async stop() {
      for (const cancel of running) cancel();
      pruner.stop();
      await writer.settled();
      await leases
        .drain()
        .catch((error) => log("error", `Heartbeats of the last minute were not stored: ${text(error)}`));
      await store.close();
    },
  };
}

/** What a replica does to keep up with the others; one round at a time, whatever the database takes. */
function follow(timers: Timers, health: StoreHealth, follower: LogFollower, exchange: LeaseExchange): Cancel[] {
  const oneAtATime = (work: () => Promise<void>) => {
    let isRunning = false;
    return () => {
      if (isRunning) return;
      isRunning = true;
      work()
        .catch((error) => health.failed(error))
        .finally(() => {
          isRunning = false;
        });
    };
  };
  const keepUp = oneAtATime(async () => {
    await follower.catchUp();
    await exchange.poll();
  });
  return [
    timers.every(FOLLOW_INTERVAL_MS, keepUp),
    timers.every(
      OFFICE_INTERVAL_MS,
      oneAtATime(() => exchange.seekOffice()),
    ),
  ];
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function reportStore(log: RegistryCore["log"], reason: string | null): void {
  if (reason === null) log("info", "Database is available again");
  else log("error", `Database is unavailable: ${reason}. Writes are refused with 503, reads go on`);
}

function reportPause(log: RegistryCore["log"], counters: RegistryCounters, pausedMs: number): void {
  counters.pauses++;
  log("warn", `The registry did not run for ${(pausedMs / 1000).toFixed(1)}s; no agent is blamed for that time`);
}

/** One line for each change of status (cli 13), and the counters that changes move. */
function reportChanges(
  { clock, log }: RegistryOptions,
  state: RegistryState,
  counters: RegistryCounters,
  entries: readonly LogEntry[],
): void {
  for (const { agentId, old, new: record } of entries) {
    if (!old || !record || old.status === record.status) continue;
    counters.statusTransitions++;
    counters.healthRows.add(1, clock.monotonicMs());
    const beatMs = state.get(agentId)?.beatMs ?? null;
    const age = beatMs === null ? "never" : `${Math.max(0, Math.round((clock.nowMs() - beatMs) / 1000))}s ago`;
    log("info", `Agent ${agentId} status: ${old.status} → ${record.status} (last_heartbeat: ${age})`);
  }
}
