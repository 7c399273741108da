import { describe, expect, test } from "bun:test";
import { matchesAgent } from "@mcp-mesh/registry/domain/agent-filter";
import { statusAfterSilence } from "@mcp-mesh/registry/domain/status";
import { agentListQuery } from "@mcp-mesh/registry/http/list-query";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { byLastChange } from "@mcp-mesh/registry/state/snapshot";
import { effort } from "../support/effort.ts";
import type { ListReader } from "./mirror.ts";
import type { ReplicaClock } from "./replica-clock.ts";
import { seedsOf } from "./seeds.ts";
import { Simulation, type SimulationOptions } from "./simulation.ts";
import { CALM, STORMY } from "./weather.ts";

/*
 * The mirror test (architecture, "Three tests that would catch the worst mistakes", 1). Agents and clients live with one
 * registry, or with three replicas of one, through stalls, deaths, outages and wrong clocks, in virtual time. At rest every
 * mirror = a list on every replica = the folded log = the tables; and always: nobody who beat in time is blamed, silence
 * makes nothing better, no transition is late, every list is the log at its version, versions rise.
 */

const TIME_LIMIT_MS = effort({ short: 110_000, long: 3_500_000 });

const alone = (seed: number): SimulationOptions => ({
  seed,
  replicas: 1,
  agents: 20,
  mirrors: 20,
  minutes: 60,
  latencyMs: seed % 3 === 0 ? 0 : 20,
  climate: STORMY,
  expiredAgentMs: seed % 2 === 0 ? 20_000 : 0,
});

const threeReplicas = (seed: number): SimulationOptions => ({ ...alone(seed), replicas: 3, minutes: 10 });

async function live(seeds: readonly number[], scenario: (seed: number) => SimulationOptions): Promise<void> {
  for (const seed of seeds) {
    const { changes, transitions, lists, rests } = await new Simulation(scenario(seed)).run();
    // One in which nothing happens would prove nothing.
    for (const count of [changes, transitions, lists, rests]) expect(count).toBeGreaterThan(50);
  }
}

describe("mirrors, lists, log and tables agree, and no agent is wronged", () => {
  const few = effort({ short: 3, long: 400 });
  const many = effort({ short: 8, long: 1_500 });

  test(
    "with one registry that nothing disturbs, whose transitions are at most 100 ms late",
    () => {
      const undisturbed = (seed: number) => ({ ...alone(seed), latencyMs: 0, climate: CALM });
      return live(seedsOf("one registry, undisturbed", few), undisturbed);
    },
    TIME_LIMIT_MS,
  );

  test("with one registry in trouble", () => live(seedsOf("one registry", few), alone), TIME_LIMIT_MS);

  test("with three replicas in trouble", () => live(seedsOf("three replicas", many), threeReplicas), TIME_LIMIT_MS);
});

describe("the simulation notices", () => {
  /** What the first of some seeds to find anything has found. */
  async function firstProblem(count: number, scenario: (seed: number) => SimulationOptions): Promise<string> {
    for (let seed = 1; seed <= count; seed++) {
      try {
        await new Simulation(scenario(seed)).run();
      } catch (error) {
        return (error as Error).message;
      }
    }
    return `${count} seeds found nothing`;
  }

  test(
    "lists with a status computed from the clock: their mirrors stay wrong",
    async () => {
      const found = await firstProblem(8, (seed) => ({
        ...threeReplicas(seed),
        readList: readByTheClock,
        checksLists: false,
      }));
      expect(found).toContain("a mirror differs from the log");
    },
    TIME_LIMIT_MS,
  );

  test(
    "a sweeper that does not wait for what other replicas have heard",
    async () => {
      const now = (clock: ReplicaClock) => ({ horizon: { horizonMs: () => clock.monotonicMs() } });
      const found = await firstProblem(8, (seed) => ({ ...threeReplicas(seed), spoil: now }));
      expect(found).toMatch(/went from \w+ to \w+ by silence at \d+, limit \d+ ms, signs of life at/);
    },
    TIME_LIMIT_MS,
  );

  test(
    "an older lease that overwrites a newer one",
    async () => {
      const found = await firstProblem(8, (seed) => ({ ...threeReplicas(seed), spoilCore: believeTheLatestNews }));
      expect(found).toMatch(/went from \w+ to \w+ by silence at \d+, limit \d+ ms, signs of life at/);
    },
    TIME_LIMIT_MS,
  );
});

const readByTheClock: ListReader = ({ state, clock }, query) => {
  const parsed = agentListQuery(query);
  if (!parsed.ok) return parsed;
  const nowMs = clock.monotonicMs();
  const items = [...state.entries()]
    .map((entry) => {
      const status = statusAfterSilence(entry.record, state.silentMs(entry, nowMs), entry.patience);
      return status === null ? entry.record : { ...entry.record, status };
    })
    .filter((record) => matchesAgent(parsed.value.filter, record))
    .sort(byLastChange);
  return { ok: true, value: { items, version: state.head, total: items.length, next: null } };
};

function believeTheLatestNews({ state }: RegistryCore): void {
  state.renewLease = (entry, beatMs, heardAtMs) => {
    entry.beatMs = beatMs;
    entry.silentSinceMs = heardAtMs;
  };
}
