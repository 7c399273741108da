import type { Bench, BenchCase } from "../bench-case.ts";
import { timesReference } from "../expectations.ts";
import { type Dialect, registrationBody } from "../fleet.ts";
import type { Stream } from "../load/messages.ts";
import { STILL_SHAPE } from "../register-fleet.ts";
import { measureOnce, type Round, throughputRatio, untilBelieved } from "../rounds.ts";
import { CEILING, startCeiling } from "../servers/ceiling.ts";
import { REFERENCE, referenceCommand } from "../servers/reference.ts";
import { AGAINST, OURS, registryCommand } from "../servers/registry.ts";
import { ServerProcess } from "../servers/server-process.ts";
import { rotate } from "../statistics.ts";

const AT_ONCE = 32;
/** Every round begins with an empty registry and cold code; a server that has run for a while is what users have. */
const WARM_MS = 1_000;

const registrationsIn = (dialect: Dialect): Stream => ({
  name: "registrations",
  pace: { kind: "closed", connections: AT_ONCE },
  workload: { kind: "registrations", dialect, from: 1, count: null, shape: STILL_SHAPE },
});

interface Starter {
  readonly name: string;
  readonly dialect: Dialect;
  start(): Promise<ServerProcess>;
}

/** One registration on an instance of its own, for the ceiling to answer with the same bytes. */
async function sampleAnswer(bench: Bench): Promise<string> {
  const folder = bench.newFolder("sample");
  await using server = await ServerProcess.start(registryCommand(bench.registry, { folder }));
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: registrationBody(0, STILL_SHAPE) };
  return await server.fetchText("/agents/register_with_metadata", init);
}

async function startersOf(bench: Bench): Promise<Starter[]> {
  const { registry, against, reference } = bench;
  const startOf = (command: readonly string[], name: string) => () =>
    ServerProcess.start(registryCommand(command, { name, folder: bench.newFolder("ours") }));
  const answers = { list: "{}", answer: await sampleAnswer(bench) };
  const starters: Starter[] = [
    { name: CEILING, dialect: "ours", start: () => startCeiling(bench.newFolder("ceiling"), answers) },
    { name: OURS, dialect: "ours", start: startOf(registry, OURS) },
  ];
  if (against !== null) starters.push({ name: AGAINST, dialect: "ours", start: startOf(against, AGAINST) });
  if (reference.isAvailable) {
    const { executable } = reference;
    const start = () => ServerProcess.start(referenceCommand(executable, bench.newFolder("reference")));
    starters.push({ name: REFERENCE, dialect: "reference", start });
  }
  return starters;
}

export const registrations: BenchCase = {
  name: "registrations",
  about: `registrations of new agents, ${AT_ONCE} at a time, durable`,
  async run(bench: Bench) {
    const starters = await startersOf(bench);
    const rounds: Record<string, Round[]> = Object.fromEntries(starters.map(({ name }) => [name, []]));
    for (let number = 0; number < bench.options.rounds; number += 1) {
      for (const { name, dialect, start } of rotate(starters, number)) {
        const plan = { streams: [registrationsIn(dialect)], measureMs: bench.options.seconds * 1000, warmMs: WARM_MS };
        const round = await untilBelieved(async () => {
          // A registry of its own for each attempt: in a second one the same agents would only be updated.
          await using server = await start();
          return await measureOnce(bench.load, server, plan);
        });
        rounds[name]?.push(round);
      }
    }
    const share = throughputRatio(rounds[OURS] ?? [], rounds[CEILING] ?? []);
    return {
      candidates: rounds,
      figures: { shareOfCeiling: share },
      expectations: [timesReference(bench, this.about, rounds, 10, ">=")],
    };
  },
};
