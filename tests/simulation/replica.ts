import type { ManualClock } from "@mcp-mesh/registry/clock";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { openRegistry, type Registry, type RegistryOptions } from "@mcp-mesh/registry/registry";
import {
  type MemoryDatabase,
  type MemoryStore,
  openMemoryStore,
  type StoreOperation,
} from "@mcp-mesh/registry/store/memory/memory-store";
import type { RegistryStore, StoreUnavailableError } from "@mcp-mesh/registry/store/store";
import type { Random } from "./random.ts";
import { ReplicaClock } from "./replica-clock.ts";

/** What became of a request: an answer, none because the process was gone, or an exception, which is always a bug. */
export type Outcome<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "refused" | "lost" }
  | { readonly kind: "crashed"; readonly error: unknown };

export interface ReplicaOptions {
  readonly name: string;
  readonly truth: ManualClock;
  readonly database: MemoryDatabase;
  readonly random: Random;
  /** Longest way to the database, and back. */
  readonly latencyMs: number;
  /** How far the wall clock may be off at the start of a process. */
  readonly skewMs: number;
  readonly fault: (operation: StoreOperation) => StoreUnavailableError["outcome"] | null;
  readonly settings: Pick<RegistryOptions, "settings" | "retention" | "retentionIntervalMs" | "healthSampleMs">;
  /** Where a test puts a mistake into the registry before it starts. */
  readonly spoil: (clock: ReplicaClock) => Partial<RegistryOptions>;
  readonly onOpened: (core: RegistryCore) => void;
}

/** Replicas give one up after five seconds without a report, of which there is one in 1.25 s at least. */
const LONG_STALL_MS = 3_500;

/** One life of the process, from start to death. */
interface Life {
  readonly clock: ReplicaClock;
  readonly store: MemoryStore;
  registry: Registry | null;
  /** Callers who hear nothing if it dies now. */
  readonly callers: Set<(outcome: Outcome<never>) => void>;
  /** What has arrived in the sockets of a process that does not run. */
  inbox: (() => void)[];
}

/** A registry process that can be started, stopped, killed, stalled and cut off from its database, again and again. */
export class Replica {
  readonly name: string;
  readonly #options: ReplicaOptions;
  /** A request sent before this true time waited at a replica that the others may have given up meanwhile. */
  givenUpUntilMs = 0;
  #life: Life | null = null;
  #lives = 0;
  #stalledAtMs = 0;

  constructor(options: ReplicaOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#life?.registry !== undefined && this.#life?.registry !== null;
  }

  get isGone(): boolean {
    return this.#life === null;
  }

  get isStalled(): boolean {
    return this.#life?.clock.isStalled ?? false;
  }

  /** For checks by the test itself, which see memory as it is. Null while it is not up. */
  get core(): RegistryCore | null {
    return this.#life?.registry?.core ?? null;
  }

  /** @throws what opening throws; the process is gone then. */
  async start(): Promise<void> {
    if (this.#life !== null) throw new Error(`${this.name} runs already`);
    const { truth, random, skewMs, database, latencyMs, fault, settings } = this.#options;
    const clock = new ReplicaClock(truth, {
      skewMs: random.between(-skewMs, skewMs),
      originMs: random.between(0, 1_000_000) + random.next(),
    });
    const store = openMemoryStore(database, {
      replica: `${this.name}#${++this.#lives}`,
      clock,
      fault,
      delay: () => new Promise((resolve) => void truth.after(random.between(0, latencyMs), resolve)),
    });
    const life: Life = { clock, store, registry: null, callers: new Set(), inbox: [] };
    this.#life = life;
    try {
      const registry = await openRegistry({
        store: heardByTheLiving(store, () => this.#running(life)),
        clock,
        timers: clock,
        defer: (run) => void clock.after(0, run),
        log: () => {},
        ...settings,
        ...this.#options.spoil(clock),
      });
      if (this.#life !== life) return;
      this.#options.onOpened(registry.core);
      registry.start();
      life.registry = registry;
    } catch (error) {
      if (this.#life === life) this.kill();
      throw error;
    }
  }

  /** As by `kill -9`: memory is gone, nobody is answered. */
  kill(): void {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    life.clock.die();
    life.store.kill();
    for (const hangUp of life.callers) hangUp({ kind: "lost" });
  }

  /** As by SIGTERM. New requests are refused at once. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life?.registry == null) return this.kill();
    const { registry } = life;
    life.registry = null;
    await registry.stop();
    if (this.#life === life) this.kill();
  }

  /** The process stands still; what is sent to it waits. */
  stall(): void {
    this.#life?.clock.stall();
    this.#stalledAtMs = this.#options.truth.monotonicMs();
  }

  resume(): void {
    const life = this.#life;
    if (life === null || !life.clock.isStalled) return;
    const nowMs = this.#options.truth.monotonicMs();
    if (nowMs - this.#stalledAtMs > LONG_STALL_MS) this.givenUpUntilMs = nowMs;
    // As in an event loop: timers that are due come before sockets.
    life.clock.resume();
    const { inbox } = life;
    life.inbox = [];
    for (const read of inbox) life.clock.after(0, read);
  }

  setCutOff(isCutOff: boolean): void {
    if (this.#life !== null) this.#life.store.isCutOff = isCutOff;
  }

  /** The wall clock is set. */
  stepWall(byMs: number): void {
    if (this.#life !== null) this.#life.clock.skewMs += byMs;
  }

  /** A request of a client: it runs now, or when the process runs again. */
  request<T>(work: (core: RegistryCore) => T | Promise<T>): Promise<Outcome<T>> {
    const life = this.#life;
    if (life === null || life.registry === null) return Promise.resolve({ kind: "refused" });
    return new Promise<Outcome<T>>((resolve) => {
      const settle = (outcome: Outcome<T>): void => {
        life.callers.delete(settle);
        resolve(outcome);
      };
      life.callers.add(settle);
      const read = async (): Promise<void> => {
        if (life.registry === null) return settle({ kind: "refused" });
        try {
          settle({ kind: "answered", value: await work(life.registry.core) });
        } catch (error) {
          settle({ kind: "crashed", error });
        }
      };
      if (life.clock.isStalled) life.inbox.push(() => void read());
      else void read();
    });
  }

  /** Resolves when the process can hear an answer; never, if it has died. */
  #running(life: Life): Promise<void> {
    if (this.#life !== life) return new Promise(() => {});
    if (!life.clock.isStalled) return Promise.resolve();
    return new Promise((resolve) => void life.inbox.push(resolve));
  }
}

/** Answers of the database reach a process when it runs: a stalled one reads them later, a dead one never. */
function heardByTheLiving(store: MemoryStore, running: () => Promise<void>): RegistryStore {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]) => {
        try {
          return await member.apply(target, parameters);
        } finally {
          await running();
        }
      };
    },
  });
}
