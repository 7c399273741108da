import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { FleetShape } from "./fleet.ts";
import type { LoadGenerator } from "./load/load-generator.ts";
import { registerFleet } from "./register-fleet.ts";
import { registryCommand } from "./servers/registry.ts";
import { ServerProcess } from "./servers/server-process.ts";

/** Agents as they register today: no thresholds of their own, so the registry's 60 s and 120 s apply. */
export const DEFAULT_SHAPE: FleetShape = { leaseSeconds: null, hasDependencies: false };
const SEEDING_CONNECTIONS = 32;
const REST_MS = 2_000;

export interface SeededDatabase {
  readonly folder: string;
  readonly registrationsPerSecond: number;
  /** RSS of the process that took the registrations, a moment after the last one. */
  readonly rssKb: number;
}

/** Databases filled through the registry itself, each made once a run and copied for every server that starts from it. */
export class SeededDatabases {
  readonly #made = new Map<number, Promise<SeededDatabase>>();
  readonly #load: LoadGenerator;
  readonly #registry: readonly string[];
  readonly #newFolder: (name: string) => string;

  constructor(load: LoadGenerator, registry: readonly string[], newFolder: (name: string) => string) {
    this.#load = load;
    this.#registry = registry;
    this.#newFolder = newFolder;
  }

  of(agents: number): Promise<SeededDatabase> {
    let made = this.#made.get(agents);
    if (made === undefined) {
      made = this.#make(agents);
      this.#made.set(agents, made);
    }
    return made;
  }

  /** A folder of its own with a copy of the database, for a server to start from. */
  async copyOf(agents: number): Promise<string> {
    const { folder } = await this.of(agents);
    const copy = this.#newFolder(`fleet-of-${agents}`);
    const isDatabase = (name: string) => name.startsWith("registry.db") && !name.endsWith(".lock");
    for (const name of readdirSync(folder).filter(isDatabase)) copyFileSync(join(folder, name), join(copy, name));
    return copy;
  }

  async #make(agents: number): Promise<SeededDatabase> {
    const folder = this.#newFolder(`seed-of-${agents}`);
    await using server = await ServerProcess.start(registryCommand(this.#registry, { folder }));
    const { perSecond } = await registerFleet(this.#load, server, {
      dialect: "ours",
      agents,
      shape: DEFAULT_SHAPE,
      connections: SEEDING_CONNECTIONS,
    });
    await Bun.sleep(REST_MS);
    return { folder, registrationsPerSecond: perSecond, rssKb: server.memory().rssKb };
  }
}
