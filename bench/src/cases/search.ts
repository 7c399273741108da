import type { Bench, BenchCase, Expectation } from "../bench-case.ts";
import { doubtOf } from "../expectations.ts";
import { AGENTS_PER_CAPABILITY, AGENTS_PER_ZONE, rareCapabilityQuery, rareLabelQuery } from "../fleet.ts";
import type { Stream } from "../load/messages.ts";
import { measureOnce, type Round, untilBelieved } from "../rounds.ts";
import { registryCommand } from "../servers/registry.ts";
import { ServerProcess } from "../servers/server-process.ts";
import { median, rotate } from "../statistics.ts";

const SMALL_FLEET = 1_000;
const ANSWER_AGENTS = 20;
const CONNECTIONS = 8;
const LIMIT = 2;
const WARM_MS = 1_000;
/** Enough different queries that neither a cache of answers nor the processor's own hides the work. */
const QUERIES = 2_000;
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

/** Queries spread evenly over the whole fleet, whatever its size. */
export function pathsOf(query: Query, agents: number): string[] {
  const groups = Math.floor(agents / query.groupSize);
  const count = Math.min(QUERIES, groups);
  return Array.from({ length: count }, (_, number) => query.path(Math.floor((number * groups) / count)));
}

const searchFor = (query: Query, agents: number): Stream => ({
  name: query.name,
  pace: { kind: "closed", connections: CONNECTIONS },
  workload: { kind: "get", paths: pathsOf(query, agents) },
});

async function startFleet(bench: Bench, agents: number): Promise<ServerProcess> {
  const folder = await bench.databases.copyOf(agents);
  const server = await ServerProcess.start(registryCommand(bench.registry, { folder, environment: ENVIRONMENT }));
  for (const query of QUERY_KINDS) {
    const { count } = JSON.parse(await server.fetchText(query.path(1)));
    if (count !== ANSWER_AGENTS) throw new Error(`${query.path(1)} counts ${count} agents instead of ${ANSWER_AGENTS}`);
  }
  return server;
}

const labelOf = (query: Query, agents: number): string => `${query.name}, ${agents} agents`;

/** Both sizes are started afresh each round: nobody beats here, and after 60 s every agent's status would change. */
async function measureRound(bench: Bench, number: number, rounds: Record<string, Round[]>): Promise<void> {
  const sizes = [SMALL_FLEET, bench.options.agents];
  await using started = new AsyncDisposableStack();
  const fleets: { agents: number; server: ServerProcess }[] = [];
  for (const agents of sizes) fleets.push({ agents, server: started.use(await startFleet(bench, agents)) });
  for (const query of QUERY_KINDS) {
    for (const { agents, server } of rotate(fleets, number)) {
      const plan = { streams: [searchFor(query, agents)], measureMs: bench.options.seconds * 500, warmMs: WARM_MS };
      const round = await untilBelieved(() => measureOnce(bench.load, server, plan));
      const name = labelOf(query, agents);
      rounds[name] = [...(rounds[name] ?? []), round];
    }
  }
}

function judge(query: Query, agents: number, rounds: Readonly<Record<string, readonly Round[]>>): Expectation {
  const small = rounds[labelOf(query, SMALL_FLEET)] ?? [];
  const large = rounds[labelOf(query, agents)] ?? [];
  const ratio = median(large.map((round, number) => (small[number]?.perSecond ?? Number.NaN) / round.perSecond));
  const doubt = doubtOf([...small, ...large]);
  const measured = `${ratio.toFixed(2)} times`;
  return {
    work: `search answering ${ANSWER_AGENTS} (${query.name}): ${agents} agents against ${SMALL_FLEET}`,
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
      expectations: QUERY_KINDS.map((query) => judge(query, bench.options.agents, rounds)),
      notes: ["time = 1 / throughput at full load, cache of answers off"],
    };
  },
};
