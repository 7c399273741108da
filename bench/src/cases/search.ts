import type { Bench, BenchCase, Expectation } from "../bench-case.ts";
import { doubtOf } from "../expectations.ts";
import { AGENTS_PER_CAPABILITY, AGENTS_PER_ZONE, rareCapabilityQuery, rareLabelQuery } from "../fleet.ts";
import type { Stream } from "../load/messages.ts";
import { measureOnce, type Round, throughputRatio, untilBelieved } from "../rounds.ts";
import { registryCommand } from "../servers/registry.ts";
import { ServerProcess } from "../servers/server-process.ts";
import { rotate } from "../statistics.ts";

const SMALL_FLEET = 1_000;
const ANSWER_AGENTS = 20;
const CONNECTIONS = 8;
const LIMIT = 2;
const WARM_MS = 300;
/** A large registry that has just started still compiles its code and collects what loading left behind. */
const SETTLE_MS = 1_500;
/** As many different queries at both sizes, so that the size of the fleet is the only difference. */
const QUERIES = 25;
/** What the large fleet is asked besides: so many that fewer of the agents in the answers are still warm. */
const MANY_QUERIES = 2_000;
/** Without its cache of answers the registry works out each one, as it has to after every change. */
const ENVIRONMENT = { ENABLE_RESPONSE_CACHE: "false" };

interface Query {
  readonly name: string;
  readonly groupSize: number;
  path(group: number): string;
}

const QUERY_KINDS: readonly Query[] = [
  { name: "rare capability, common label", groupSize: AGENTS_PER_CAPABILITY, path: rareCapabilityQuery },
  { name: "common category, rare label", groupSize: AGENTS_PER_ZONE, path: rareLabelQuery },
];

/** So many queries, if the fleet has as many groups, spread evenly over all of it. */
function pathsOf(query: Query, agents: number, queries: number): string[] {
  const groups = Math.floor(agents / query.groupSize);
  const count = Math.min(queries, groups);
  return Array.from({ length: count }, (_, number) => query.path(Math.floor((number * groups) / count)));
}

interface Probe {
  readonly agents: number;
  readonly queries: number;
}

const SMALL: Probe = { agents: SMALL_FLEET, queries: QUERIES };
const largeProbe = (bench: Bench): Probe => ({ agents: bench.options.agents, queries: QUERIES });
const manyProbe = (bench: Bench): Probe => ({ agents: bench.options.agents, queries: MANY_QUERIES });

function searchesFor(query: Query, { agents, queries }: Probe): Stream[] {
  const paths = pathsOf(query, agents, queries);
  return [{ name: query.name, pace: { kind: "closed", connections: CONNECTIONS }, workload: { kind: "get", paths } }];
}

const labelOf = (query: Query, { agents, queries }: Probe): string =>
  `${query.name}: ${agents} agents, ${queries} different`;

/** Starts from a copy of the fleet and makes sure that the answers are what the case is about. */
async function startFleet(bench: Bench, agents: number): Promise<ServerProcess> {
  const folder = await bench.databases.copyOf(agents);
  const server = await ServerProcess.start(registryCommand(bench.registry, { folder, environment: ENVIRONMENT }));
  for (const query of QUERY_KINDS) {
    const { count } = JSON.parse(await server.fetchText(query.path(1)));
    if (count !== ANSWER_AGENTS) throw new Error(`${query.path(1)} counts ${count} agents instead of ${ANSWER_AGENTS}`);
  }
  for (const query of QUERY_KINDS) {
    const streams = searchesFor(query, { agents, queries: QUERIES });
    await bench.load.run(server, { warmMs: 0, measureMs: SETTLE_MS / QUERY_KINDS.length, streams });
  }
  return server;
}

/** Both sizes are started afresh each round: nobody beats here, and after 60 s every agent's status would change. */
async function measureRound(bench: Bench, number: number, rounds: Record<string, Round[]>): Promise<void> {
  await using small = await startFleet(bench, SMALL_FLEET);
  await using large = await startFleet(bench, bench.options.agents);
  const probes = [
    { probe: SMALL, server: small },
    { probe: largeProbe(bench), server: large },
    { probe: manyProbe(bench), server: large },
  ];
  for (const query of QUERY_KINDS) {
    for (const { probe, server } of rotate(probes, number)) {
      const name = labelOf(query, probe);
      const plan = {
        streams: searchesFor(query, probe),
        measureMs: bench.options.seconds * 500,
        warmMs: WARM_MS,
      };
      const round = await untilBelieved(() => measureOnce(bench.load, server, plan));
      rounds[name] = [...(rounds[name] ?? []), round];
    }
  }
}

type Rounds = Readonly<Record<string, readonly Round[]>>;

/** How many times the time of the small fleet the large one takes. */
function timesSmall(query: Query, probe: Probe, rounds: Rounds): number {
  return throughputRatio(rounds[labelOf(query, SMALL)] ?? [], rounds[labelOf(query, probe)] ?? []);
}

function judge(query: Query, probe: Probe, rounds: Rounds): Expectation {
  const ratio = timesSmall(query, probe, rounds);
  const doubt = doubtOf([SMALL, probe].flatMap((of) => rounds[labelOf(query, of)] ?? []));
  const measured = `${ratio.toFixed(2)} times`;
  return {
    work: `search answering ${ANSWER_AGENTS} (${query.name}): ${probe.agents} agents against ${SMALL_FLEET}`,
    expected: `<= ${LIMIT} times the time`,
    measured: doubt === null ? measured : `${measured}; ${doubt.why}`,
    verdict: doubt?.verdict ?? (ratio <= LIMIT ? "pass" : "miss"),
  };
}

export const search: BenchCase = {
  name: "search",
  about: `capability + label query answering ${ANSWER_AGENTS} agents, large fleet against ${SMALL_FLEET}`,
  async run(bench: Bench) {
    const rounds: Record<string, Round[]> = {};
    for (let number = 0; number < bench.options.rounds; number += 1) await measureRound(bench, number, rounds);
    return {
      candidates: rounds,
      figures: { timesWithManyQueries: QUERY_KINDS.map((query) => timesSmall(query, manyProbe(bench), rounds)) },
      expectations: QUERY_KINDS.map((query) => judge(query, largeProbe(bench), rounds)),
      notes: ["time = 1 / throughput at full load, cache of answers off"],
    };
  },
};
