import { ManualClock } from "@mcp-mesh/registry/clock";
import type { AgentRecord, ResourceVersion } from "@mcp-mesh/registry/domain/agent";
import type { AgentFilter } from "@mcp-mesh/registry/domain/agent-filter";
import { EVERY_AGENT } from "@mcp-mesh/registry/domain/agent-filter";
import { statusAfterSilence } from "@mcp-mesh/registry/domain/status";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import type { RegistryOptions } from "@mcp-mesh/registry/registry";
import { MemoryDatabase } from "@mcp-mesh/registry/store/memory/memory-store";
import { StoreUnavailableError } from "@mcp-mesh/registry/store/store";
import { Chronicle } from "./chronicle.ts";
import { differenceOf, expected, type ListReader, Mirror, readList } from "./mirror.ts";
import { Random } from "./random.ts";
import { REGISTRY_SETTINGS } from "./registry-settings.ts";
import { Replica } from "./replica.ts";
import type { ReplicaClock } from "./replica-clock.ts";
import { SimulatedAgent } from "./simulated-agent.ts";
import { Vigil } from "./vigil.ts";
import { type Climate, Weather } from "./weather.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** 1: a registry alone with its database. More share one, as on PostgreSQL. */
  readonly replicas: number;
  readonly agents: number;
  readonly mirrors: number;
  readonly minutes: number;
  /** Longest way to the database, and back. */
  readonly latencyMs: number;
  readonly climate: Climate;
  /** EXPIRED_AGENT_RETENTION; 0 = never. */
  readonly expiredAgentMs?: number;
  /** Puts a mistake into each registry before it opens. */
  readonly spoil?: (clock: ReplicaClock) => Partial<RegistryOptions>;
  /** Puts a mistake into each registry before it starts. */
  readonly spoilCore?: (core: RegistryCore) => void;
  readonly readList?: ListReader;
  /** Whether each list is compared with the log at its version; false leaves it to the mirrors to find out at rest. */
  readonly checksLists?: boolean;
}

export interface SimulationReport {
  readonly changes: number;
  readonly transitions: number;
  readonly worstLatenessMs: number;
  readonly lists: number;
  readonly rests: number;
}

const STEP_MS = 250;
/** Time between two looks at whether everything agrees. */
const REST_EVERY_MS = 3_000;
const REST_LIMIT_MS = 60_000;
/** By then everybody who asked before has an answer. */
const ANSWERED_MS = 90_000;
const NOTES = 5_000;

/** Hours of a registry's life in seconds, the same each time for one seed. */
export class Simulation {
  readonly clock = new ManualClock();
  readonly database: MemoryDatabase;
  readonly replicas: readonly Replica[];
  readonly vigil: Vigil;
  readonly chronicle: Chronicle;
  readonly isShared: boolean;
  /**
   * How long after a disturbance everybody may still be forgiven: until the next probe of the database, or until replicas
   * have given one up, and have heard of all others twice.
   */
  readonly recoveryMs: number;
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #weather: Weather;
  readonly #agents: readonly SimulatedAgent[];
  readonly #mirrors: readonly Mirror[];
  readonly #notes: string[] = [];
  #problem: unknown;
  #hasProblem = false;
  #isOver = false;
  #lists = 0;
  #rests = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.isShared = options.replicas > 1;
    this.recoveryMs = this.isShared ? 8_000 : 1_500;
    this.database = new MemoryDatabase({
      ...(this.isShared ? { shared: { clock: this.clock } } : {}),
      recentLogLimit: 200,
    });
    this.vigil = new Vigil(tolerance(options));
    this.chronicle = new Chronicle({
      database: this.database,
      clock: this.clock,
      onCommit: (committed) => {
        const { version, agentId, cause, old, new: record } = committed.entry;
        this.note(`${version} ${agentId} ${cause} ${old?.status} -> ${record?.status}`);
        this.vigil.committed(committed);
      },
      onProblem: (problem) => this.#fail(problem),
    });
    this.#weather = new Weather(this, this.#random.fork(), options.climate);
    this.replicas = Array.from({ length: options.replicas }, (_, index) => this.#replica(`replica-${index + 1}`));
    this.#agents = Array.from(
      { length: options.agents },
      (_, index) => new SimulatedAgent(this, `agent-${index + 1}`, this.#random.fork()),
    );
    this.#mirrors = Array.from(
      { length: options.mirrors },
      () => new Mirror(this, this.#random.fork(), options.readList ?? readList),
    );
  }

  /** @throws the first thing that went wrong, with its seed and what happened before */
  async run(): Promise<SimulationReport> {
    try {
      return await this.#run();
    } catch (error) {
      const { seed } = this.#options;
      const subject = /agent-\d+/.exec(String(error))?.[0];
      const history = this.#notes.filter(
        (note) => !note.includes(" agent-") || (subject && note.includes(`${subject} `)),
      );
      throw new Error(
        `seed ${seed}: ${error instanceof Error ? error.stack : error}\n${history.slice(-40).join("\n")}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Runs something later. What it throws ends the simulation. */
  after(delayMs: number, act: () => Promise<void>): void {
    this.clock.after(delayMs, () => {
      if (!this.#isOver) act().catch((error) => this.#fail(error));
    });
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }

  /** Starts a replica, trying again while the database does not answer. */
  async start(replica: Replica): Promise<void> {
    for (;;) {
      try {
        return await replica.start();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        await this.sleep(500);
      }
    }
  }

  note(what: string): void {
    this.#notes.push(`${this.clock.monotonicMs()} ${what}`);
    if (this.#notes.length > 2 * NOTES) this.#notes.splice(0, NOTES);
  }

  /** A list is a function of its version. @throws when this one is not */
  checkList(filter: AgentFilter, found: readonly AgentRecord[], version: ResourceVersion): void {
    this.#lists++;
    if (this.#options.checksLists === false) return;
    const difference = differenceOf(found, expected(filter, this.chronicle.at(version).values()));
    if (difference !== null) throw new Error(`a list at ${version} is not the log at that version: ${difference}`);
  }

  async #run(): Promise<SimulationReport> {
    const { minutes } = this.#options;
    for (const replica of this.replicas) await this.#withTime(this.start(replica));
    this.vigil.amnesty(this.clock.monotonicMs());
    this.vigil.disturbed(0)(this.clock.monotonicMs(), this.recoveryMs);
    for (const actor of [...this.#agents, ...this.#mirrors]) actor.start();
    this.#weather.start();
    const endMs = this.clock.monotonicMs() + minutes * 60_000;
    let restMs = 0;
    while (this.clock.monotonicMs() < endMs) {
      await this.#advance();
      this.vigil.check(this.chronicle.current.values(), this.clock.monotonicMs());
      restMs += STEP_MS;
      if (restMs >= REST_EVERY_MS && this.#isAtRest()) {
        restMs = 0;
        this.#compare();
        this.vigil.judge(this.clock.monotonicMs() - ANSWERED_MS);
      }
    }
    await this.#finish();
    return {
      changes: this.chronicle.length,
      transitions: this.vigil.transitions,
      worstLatenessMs: this.vigil.worstMs,
      lists: this.#lists,
      rests: this.#rests,
    };
  }

  /** Everything comes to rest; then every view must agree, and so must one that begins with the database. */
  async #finish(): Promise<void> {
    this.#weather.end();
    const restByMs = this.clock.monotonicMs() + REST_LIMIT_MS + ANSWERED_MS;
    do await this.#advance();
    while (this.clock.monotonicMs() < restByMs - REST_LIMIT_MS);
    this.#isOver = true;
    while (!this.#isAtRest() || !this.replicas.every((replica) => replica.isUp)) {
      if (this.clock.monotonicMs() > restByMs) throw new Error("the replicas do not come to rest");
      await this.#advance();
    }
    this.#compare();
    for (const replica of this.replicas) await this.#withTime(replica.stop());
    for (const replica of this.replicas) await this.#withTime(this.start(replica));
    while (!this.#isAtRest()) await this.#advance();
    this.#compare();
    this.vigil.judge(Number.POSITIVE_INFINITY);
  }

  /** Everybody shows the newest change, and time is about to change nothing: what differs now stays different. */
  #isAtRest(): boolean {
    const cores = this.#cores();
    return cores.length > 0 && cores.every((core) => core.state.head === this.chronicle.head && !isAnythingDue(core));
  }

  /** Of the replicas that run. */
  #cores(): RegistryCore[] {
    return this.replicas.flatMap((replica) => (replica.isUp && !replica.isStalled && replica.core) || []);
  }

  /** Every mirror = a list on every replica = the folded log = the tables. */
  #compare(): void {
    this.#rests++;
    const truth = this.chronicle.current;
    const stored = new Map([...this.database.tables.load().agents].map(({ record }) => [record.id, record]));
    must(
      differenceOf(
        [...stored.values()],
        [...stored.keys()].flatMap((id) => truth.get(id) ?? []),
      ),
      "the tables",
    );
    if (stored.size !== truth.size) throw new Error(`${stored.size} agents in the tables, ${truth.size} in the log`);
    const cores = this.#cores();
    const everybody = expected(EVERY_AGENT, truth.values());
    for (const core of cores) {
      const list = (this.#options.readList ?? readList)(core, "");
      if (!list.ok) throw new Error(list.error.message);
      if (this.#options.checksLists !== false) must(differenceOf(list.value.items, everybody), "a list at rest");
      if (list.value.version !== this.chronicle.head) throw new Error(`a list shows ${list.value.version} at rest`);
      for (const [id, record] of truth)
        must(hiddenDifference(core.state.get(id)?.record, record), "a replica's memory");
    }
    for (const mirror of this.#mirrors) {
      must(mirror.differenceAtRest(this.#random.pick(cores), truth.values()), "a mirror");
    }
  }

  async #advance(): Promise<void> {
    await this.clock.advance(STEP_MS);
    if (this.#hasProblem) throw this.#problem;
  }

  async #withTime(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = work.then(() => {
      isDone = true;
    });
    while (!isDone) await this.#advance();
    await done;
  }

  #fail(problem: unknown): void {
    if (this.#hasProblem) return;
    this.#hasProblem = true;
    this.#problem = problem;
  }

  #replica(name: string): Replica {
    const { latencyMs, expiredAgentMs = 0 } = this.#options;
    return new Replica({
      name,
      truth: this.clock,
      database: this.database,
      random: this.#random.fork(),
      latencyMs,
      skewMs: this.isShared ? 30_000 : 0,
      fault: (operation) => this.#weather.fault(operation),
      spoil: this.#options.spoil ?? (() => ({})),
      onOpened: this.#options.spoilCore ?? (() => {}),
      settings: { ...REGISTRY_SETTINGS, retention: { ...REGISTRY_SETTINGS.retention, expiredAgentMs } },
    });
  }
}

/** Alone, a transition waits 100 ms at most, and for the commits before its own; replicas wait for one another's reports. */
function tolerance({ replicas, latencyMs }: SimulationOptions) {
  if (replicas === 1) return { slackMs: 100 + 4 * latencyMs, lagMs: 100 + 4 * latencyMs };
  return { slackMs: 4_000 + 10 * latencyMs, lagMs: 10_000 };
}

function isAnythingDue({ state, clock }: RegistryCore): boolean {
  const nowMs = clock.monotonicMs();
  for (const entry of state.entries()) {
    if (statusAfterSilence(entry.record, state.silentMs(entry, nowMs), entry.patience) !== null) return true;
  }
  return false;
}

function must(difference: string | null, what: string): void {
  if (difference !== null) throw new Error(`${what} differs from the log: ${difference}`);
}

/** What lists do not show: choices of providers, and the version that writes are held against. */
function hiddenDifference(found: AgentRecord | undefined, wanted: AgentRecord): string | null {
  const isSame =
    found?.logVersion === wanted.logVersion && JSON.stringify(found.providers) === JSON.stringify(wanted.providers);
  return isSame ? null : `${wanted.id} ${found?.logVersion} instead of ${wanted.logVersion}`;
}
