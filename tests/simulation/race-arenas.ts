import { join } from "node:path";
import { type Cancel, type Clock, ManualClock, systemClock, systemTimers, type Timers } from "@mcp-mesh/registry/clock";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { openRegistry, type Registry } from "@mcp-mesh/registry/registry";
import { MemoryDatabase } from "@mcp-mesh/registry/store/memory/memory-store";
import { DEFAULT_SQLITE_SETTINGS } from "@mcp-mesh/registry/store/sqlite/settings";
import { openSqliteStore } from "@mcp-mesh/registry/store/sqlite/sqlite-store";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";
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

/** Beats of all agents, as the database has them. */
type Beats = ReadonlyMap<string, number | null>;

/** @throws when bringing the beats to the agents' rows made an agent, or moved a beat back. */
function checkSaved(before: Beats, after: Beats): void {
  for (const [id, beatMs] of after) {
    const was = before.get(id);
    if (was === undefined) throw new Error(`the flush brought back ${id}`);
    if (was !== null && (beatMs === null || beatMs < was))
      throw new Error(`the flush moved ${id} from ${was} to ${beatMs}`);
  }
}

/** Runs `work` against replicas in this process, in virtual time. */
export async function inMemory<T>(
  random: Random,
  options: { readonly replicas: number; readonly spoil: Spoil },
  work: (arena: Arena) => Promise<T>,
): Promise<T> {
  const clock = new ManualClock();
  const isShared = options.replicas > 1;
  const database = new MemoryDatabase(isShared ? { shared: { clock } } : {});
  const problems: unknown[] = [];
  const { tables } = database;
  new Chronicle({ database, clock, onCommit: () => {}, onProblem: (problem) => problems.push(problem) });
  const log = loggedFor(tables);
  const save = tables.saveHeartbeats.bind(tables);
  tables.saveHeartbeats = (...parameters) => {
    const before = beatsIn(tables.load().agents);
    save(...parameters);
    try {
      checkSaved(before, beatsIn(tables.load().agents));
    } catch (problem) {
      problems.push(problem);
    }
  };
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
        fault: () => null,
        spoil: () => ({}),
        onOpened: options.spoil,
        settings: REGISTRY_SETTINGS,
      }),
  );
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
  const arena: Arena = {
    request: (send) => random.pick(replicas).request(send),
    sleep,
    async crash() {
      const replica = random.pick(replicas);
      replica.kill();
      await sleep(random.between(0, LATENCY_MS));
      await replica.start();
    },
    log: async () => log(),
  };
  let outcome: { readonly value: T } | { readonly error: unknown } | null = null;
  const running = async () => {
    for (const replica of replicas) await replica.start();
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

const loggedFor =
  (tables: MemoryDatabase["tables"]): (() => ReturnType<MemoryDatabase["tables"]["readLog"]>) =>
  () =>
    tables.readLog(0, Number.MAX_SAFE_INTEGER);

const beatsIn = (
  agents: Iterable<{ readonly record: { readonly id: string }; readonly lastHeartbeatMs: number | null }>,
) => new Map([...agents].map(({ record, lastHeartbeatMs }) => [record.id, lastHeartbeatMs]));

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
