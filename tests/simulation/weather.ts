import type { StoreOperation } from "@mcp-mesh/registry/store/memory/memory-store";
import type { StoreUnavailableError } from "@mcp-mesh/registry/store/store";
import type { Random } from "./random.ts";
import type { Replica } from "./replica.ts";
import type { Simulation } from "./simulation.ts";

/** What can happen to a registry, and how often one against the other. 0: never. */
export interface Climate {
  /** Mean time between two disturbances. 0: nothing ever happens. */
  readonly everyMs: number;
  readonly odds: Readonly<Record<Disturbance, number>>;
}

export type Disturbance = "stall" | "suspend" | "kill" | "restart" | "cut off" | "outage" | "flaky" | "wall step";

export const CALM: Climate = {
  everyMs: 0,
  odds: { stall: 0, suspend: 0, kill: 0, restart: 0, "cut off": 0, outage: 0, flaky: 0, "wall step": 0 },
};

export const STORMY: Climate = {
  everyMs: 25_000,
  odds: { stall: 4, suspend: 2, kill: 3, restart: 1, "cut off": 3, outage: 1, flaky: 1, "wall step": 2 },
};

/** From here on a pause counts as one, whatever the phase of the timers it hits. */
const SURELY_A_PAUSE_MS = 3_500;
/** By then an outage was noticed, even by a registry that has nothing to write. */
const SURELY_NOTICED_MS = 8_000;

/** Makes things go wrong, one after another, and tells the vigil what the registry may be excused for. */
export class Weather {
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #climate: Climate;
  readonly #troubled = new Set<Replica | "database">();
  #failureRate = 0;
  #isOver = false;

  constructor(simulation: Simulation, random: Random, climate: Climate) {
    this.#simulation = simulation;
    this.#random = random;
    this.#climate = climate;
  }

  start(): void {
    if (this.#climate.everyMs === 0) return;
    this.#plan();
    // Where there are several, one may be in trouble while another is.
    if (this.#simulation.isShared) this.#plan();
  }

  /** No more disturbances from now on; the one under way ends in its time. */
  end(): void {
    this.#isOver = true;
  }

  readonly fault = (_operation: StoreOperation): StoreUnavailableError["outcome"] | null => {
    if (this.#failureRate === 0 || !this.#random.chance(this.#failureRate)) return null;
    return this.#random.chance(0.5) ? "unknown" : "not-written";
  };

  #plan(): void {
    const random = this.#random;
    this.#simulation.after(random.between(1_000, 2 * this.#climate.everyMs), async () => {
      if (this.#isOver) return;
      const what = random.weighted(this.#climate.odds);
      const replica = random.pick(this.#simulation.replicas);
      const subject = what === "outage" || what === "flaky" ? "database" : replica;
      if (!this.#troubled.has(subject)) {
        this.#troubled.add(subject);
        await this.#disturb(what, replica);
        this.#troubled.delete(subject);
      }
      this.#plan();
    });
  }

  async #disturb(what: Disturbance, replica: Replica): Promise<void> {
    const { clock, vigil, recoveryMs } = this.#simulation;
    this.#simulation.note(`${what} ${replica.name}`);
    if (what === "wall step") {
      // Nothing but what people read goes by the wall clock.
      replica.stepWall(this.#random.between(-3_600_000, 3_600_000));
      return;
    }
    const startMs = clock.monotonicMs();
    const over = vigil.disturbed(startMs);
    await this.#strike(what, replica);
    over(clock.monotonicMs(), recoveryMs);
    this.#simulation.note(`${what} ${replica.name} over after ${clock.monotonicMs() - startMs} ms`);
  }

  async #strike(what: Exclude<Disturbance, "wall step">, replica: Replica): Promise<void> {
    const random = this.#random;
    switch (what) {
      case "stall":
        return this.#stall(replica, random.between(50, 2_900));
      case "suspend":
        return this.#stall(replica, random.chance(0.7) ? random.between(3_000, 9_000) : random.between(9_000, 60_000));
      case "kill":
        replica.kill();
        return this.#startAgain(replica);
      case "restart":
        await replica.stop();
        return this.#startAgain(replica);
      case "cut off":
        replica.setCutOff(true);
        await this.#simulation.sleep(random.chance(0.7) ? random.between(200, 3_900) : random.between(4_000, 15_000));
        replica.setCutOff(false);
        return;
      case "outage":
        return this.#outage(random.chance(0.6) ? random.between(100, 4_000) : random.between(4_000, 30_000));
      case "flaky":
        this.#failureRate = random.pick([0.02, 0.2, 0.6]);
        await this.#simulation.sleep(random.between(500, 8_000));
        this.#failureRate = 0;
        return;
    }
  }

  async #stall(replica: Replica, ms: number): Promise<void> {
    replica.stall();
    await this.#simulation.sleep(ms);
    replica.resume();
    if (ms > SURELY_A_PAUSE_MS) this.#amnesty();
  }

  async #startAgain(replica: Replica): Promise<void> {
    const ms = this.#random.chance(0.3) ? 0 : this.#random.between(0, 20_000);
    await this.#simulation.sleep(ms);
    await this.#simulation.start(replica);
    this.#amnesty();
  }

  async #outage(ms: number): Promise<void> {
    const { database } = this.#simulation;
    database.isDown = true;
    await this.#simulation.sleep(ms);
    database.isDown = false;
    if (ms > SURELY_NOTICED_MS) this.#amnesty();
  }

  /** One registry that was away owes everybody a full timeout. Where others were there, beats were heard. */
  #amnesty(): void {
    const { vigil, clock, isShared } = this.#simulation;
    if (!isShared) vigil.amnesty(clock.monotonicMs());
  }
}
