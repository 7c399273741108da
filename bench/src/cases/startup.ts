import type { Bench, BenchCase } from "../bench-case.ts";
import { below } from "../expectations.ts";
import { registerFleet, STILL_SHAPE } from "../register-fleet.ts";
import { referenceCommand } from "../servers/reference.ts";
import { registryCommand } from "../servers/registry.ts";
import { type ServerCommand, ServerProcess } from "../servers/server-process.ts";
import { median } from "../statistics.ts";

const SMALL_FLEET = 100;
const SMALL_LIMIT_MS = 100;
const LARGE_LIMIT_MS = 1_500;
/** Starts are short and vary with what else the machine does. */
const STARTS_PER_ROUND = 3;

/** Starts and stops on the same database; the first start only warms the file cache. */
async function startTimes(command: ServerCommand, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let start = 0; start <= count; start += 1) {
    await using server = await ServerProcess.start(command);
    if (start > 0) times.push(server.startMs);
  }
  return times;
}

async function referenceTimes(bench: Bench, count: number): Promise<number[]> {
  if (!bench.reference.isAvailable) return [];
  const command = referenceCommand(bench.reference.executable, bench.newFolder("reference"));
  {
    await using server = await ServerProcess.start(command);
    const fleet = { dialect: "reference", agents: SMALL_FLEET, shape: STILL_SHAPE, connections: 8 } as const;
    await registerFleet(bench.load, server, fleet);
  }
  return await startTimes(command, count);
}

export const startup: BenchCase = {
  name: "startup",
  about: "process start to the first 200 on /health, file cache warm",
  async run(bench: Bench) {
    const { agents, rounds } = bench.options;
    const startsOf = async (fleet: number, count: number) => {
      const folder = await bench.databases.copyOf(fleet);
      return await startTimes(registryCommand(bench.registry, { folder }), count);
    };
    const small = await startsOf(SMALL_FLEET, rounds * STARTS_PER_ROUND);
    const large = await startsOf(agents, rounds);
    const reference = await referenceTimes(bench, rounds);
    return {
      figures: { smallMs: small, largeMs: large, referenceSmallMs: reference },
      expectations: [
        below(`start with ${SMALL_FLEET} agents`, median(small), SMALL_LIMIT_MS, "ms"),
        below(`start with ${agents} agents`, median(large), LARGE_LIMIT_MS, "ms"),
      ],
    };
  },
};
