import { join } from "node:path";
import { type Cancel, type Clock, ManualClock, systemClock, systemTimers, type Timers } from "@mcp-mesh/registry/clock";
import type { AgentId } from "@mcp-mesh/registry/domain/agent";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { openRegistry, type Registry } from "@mcp-mesh/registry/registry";
import { MemoryDatabase } from "@mcp-mesh/registry/store/memory/memory-store";
import { DEFAULT_SQLITE_SETTINGS } from "@mcp-mesh/registry/store/sqlite/settings";
import { openSqliteStore } from "@mcp-mesh/registry/store/sqlite/sqlite-store";
import { type LogEntry, type RegistryStore, StoreUnavailableError } from "@mcp-mesh/registry/store/store";
import { scratchFolder } from "../support/scratch-folder.ts";
import { Chronicle } from "./chronicle.ts";
import type { Arena } from "./one-id-race.ts";
import type { Random } from "./random.ts";
import { REGISTRY_SETTINGS } from "./registry-settings.ts";
import { type Outcome, Replica } from "./replica.ts";

/** A mistake put into every registry of a race. */
export type Spoil = (core: RegistryCore) => void;

const LATENCY_MS = 10;
const WALL_MS = 3_600_000;

/** Runs `work` against replicas in this process, in virtual time. */
export async function inMemory<T>(
  random: Random,
  options: { readonly replicas: number; readonly failureRate: number; readonly spoil: Spoil },
  work: (arena: Arena) => Promise<T>,
): Promise<T> {
  const clock = new ManualClock();
  const isShared = options.replicas > 1;
  const database = new MemoryDatabase(isShared ? { shared: { clock } } : {});
  const problems: unknown[] = [];
  const saved = new SavedBeats(database.tables, (problem) => problems.push(problem));
  new Chronicle({
    database,
    clock,
    onCommit: ({ entry }) => saved.committed(entry),
    onProblem: (problem) => problems.push(problem),
  });
  const chance = random.fork();
  const replicas = Array.from(
    { length: options.replicas },
    (_, index) =>
      new Replica({
        name: `replica-${index + 1}`,
        truth: clock,
        database,
        random: random.fork(),
        latencyMs: LATENCY_MS,
        skewMs: WALL_MS,
        fault: () => (chance.chance(options.failureRate) ? chance.pick(["unknown", "not-written"]) : null),
        spoil: () => ({}),
        onOpened: options.spoil,
        settings: REGISTRY_SETTINGS,
      }),
  );
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const start = async (replica: Replica): Promise<void> => {
    while (!replica.isUp) {
      await replica.start().catch((error) => {
        if (!(error instanceof StoreUnavailableError)) throw error;
        return sleep(LATENCY_MS);
      });
    }
  };
  const arena: Arena = {
    request: (send) => random.pick(replicas).request(send),
    sleep,
    async crash() {
      const replica = random.pick(replicas);
      replica.kill();
      await sleep(random.between(0, LATENCY_MS));
      await start(replica);
    },
    log: async () => database.tables.readLog(0, Number.MAX_SAFE_INTEGER),
    stored: async () => [...database.tables.load().agents].map(({ record }) => record),
  };
  let outcome: { readonly value: T } | { readonly error: unknown } | null = null;
  const running = async () => {
    for (const replica of replicas) await start(replica);
    return work(arena);
  };
  running().then(
    (value) => {
      outcome = { value };
    },
    (error: unknown) => {
      outcome = { error };
    },
  );
  while (outcome === null) {
    await clock.advance(LATENCY_MS);
    if (problems.length > 0) throw problems[0];
  }
  for (const replica of replicas) replica.kill();
  const settled = outcome as { readonly value: T } | { readonly error: unknown };
  if ("error" in settled) throw settled.error;
  return settled.value;
}

/** Holds what becomes of the agents' own rows against what the flush may make of them. */
class SavedBeats {
  readonly #rows = new Map<AgentId, number | null>();
  readonly #onProblem: (problem: Error) => void;

  constructor(tables: MemoryDatabase["tables"], onProblem: (problem: Error) => void) {
    this.#onProblem = onProblem;
    const save = tables.saveHeartbeats.bind(tables);
    tables.saveHeartbeats = (beats, isFolded) => {
      save(beats, isFolded);
      for (const [id, beatMs] of beats) {
        const row = this.#rows.get(id);
        if (row !== undefined) this.#rows.set(id, Math.max(row ?? beatMs, beatMs));
      }
      // What is loaded may be newer, by the lease log.
      const loaded = new Map([...tables.load().agents].map((agent) => [agent.record.id, agent.lastHeartbeatMs]));
      for (const [id, beatMs] of loaded) {
        const row = this.#rows.get(id);
        if (row === undefined) onProblem(new Error(`the flush brought back ${id}`));
        else if (row !== null && (beatMs ?? 0) < row)
          onProblem(new Error(`the flush moved ${id} from ${row} to ${beatMs}`));
      }
    };
  }

  committed({ agentId, new: record, beatMs }: LogEntry): void {
    if (record !== null && beatMs === null) this.#onProblem(new Error(`a change of ${agentId} forgot its last beat`));
    if (record === null) this.#rows.delete(agentId);
    else this.#rows.set(agentId, beatMs);
  }
}

/** One life of a registry over a SQLite file. */
interface Life {
  readonly registry: Registry;
  readonly store: RegistryStore;
  readonly timers: MortalTimers;
  readonly callers: Set<(outcome: Outcome<never>) => void>;
}

/** Runs `work` against the store that users have, on a real file, in real time. */
export async function onSqlite<T>(
  random: Random,
  options: { readonly worker: "never" | "always"; readonly spoil: Spoil },
  work: (arena: Arena) => Promise<T>,
): Promise<T> {
  using folder = scratchFolder();
  const path = join(folder.path, "registry.db");
  let life = await begin();
  const arena: Arena = {
    request(send) {
      const { registry, callers } = life;
      return new Promise((resolve) => {
        callers.add(resolve);
        const answer = async () => send(registry.core);
        answer().then(
          (value) => resolve({ kind: "answered", value }),
          (error: unknown) => resolve({ kind: "crashed", error }),
        );
      });
    },
    sleep: (ms) => Bun.sleep(ms),
    async crash() {
      await end(life);
      life = await begin();
    },
    log: () => life.store.readLog(0, 1_000_000),
    async stored() {
      await arena.crash();
      return [...life.registry.core.state.entries()].map(({ record }) => record);
    },
  };
  try {
    return await work(arena);
  } finally {
    await end(life);
  }

  async function begin(): Promise<Life> {
    const skewMs = random.between(-WALL_MS, WALL_MS);
    const clock: Clock = { nowMs: () => systemClock.nowMs() + skewMs, monotonicMs: () => systemClock.monotonicMs() };
    const timers = new MortalTimers();
    const store = await openSqliteStore({
      path,
      settings: DEFAULT_SQLITE_SETTINGS,
      clock,
      timers: systemTimers,
      log: () => {},
      queryTimeoutMs: 30_000,
      recordsEvents: true,
      worker: options.worker,
    });
    const defer = (run: () => void) => void setImmediate(run);
    const registry = await openRegistry({ store, clock, timers, defer, log: () => {}, ...REGISTRY_SETTINGS });
    options.spoil(registry.core);
    registry.start();
    return { registry, store, timers, callers: new Set() };
  }

  /** Without the flush and the goodbye of a shutdown: what is not in the file is lost, and nobody is answered. */
  async function end({ store, timers, callers }: Life): Promise<void> {
    timers.die();
    for (const hangUp of callers) hangUp({ kind: "lost" });
    await store.close();
  }
}

/** Timers that end with their process. */
class MortalTimers implements Timers {
  readonly #pending = new Set<Cancel>();

  every(intervalMs: number, run: () => void): Cancel {
    return this.#keep(systemTimers.every(intervalMs, run));
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.#keep(systemTimers.after(delayMs, run));
  }

  die(): void {
    for (const cancel of this.#pending) cancel();
  }

  #keep(cancel: Cancel): Cancel {
    this.#pending.add(cancel);
    return cancel;
  }
}
