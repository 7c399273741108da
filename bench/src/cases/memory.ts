import type { Bench, BenchCase } from "../bench-case.ts";
import { below } from "../expectations.ts";
import type { Dialect } from "../fleet.ts";
import type { Stream } from "../load/messages.ts";
import { DEFAULT_SHAPE } from "../seeded-databases.ts";
import { REFERENCE, referenceCommand } from "../servers/reference.ts";
import { OURS, registryCommand } from "../servers/registry.ts";
import { type ServerCommand, ServerProcess } from "../servers/server-process.ts";
import { median, rotate } from "../statistics.ts";

/** Memory settles long before the rounds of a throughput case would, so more than this adds nothing. */
const ROUNDS_LIMIT = 3;
const IDLE_MS = 3_000;
const IDLE_LIMIT_MIB = 45;
/** Seed 003: 50 agents started together, then 1,000 requests by curl, 100 at once, then `ps -o rss=`. */
const SEED_AGENTS = 50;
const SEED_REQUESTS = 1_000;
const SEED_BATCH = 100;
const SEED_LIMIT_KB = 51_200;

interface MemoryRound {
  readonly idleKb: number;
  readonly loadedKb: number;
  readonly peakKb: number;
}

function seedSteps(dialect: Dialect): readonly (readonly Stream[])[] {
  const arrival: Stream = {
    name: "agents",
    pace: { kind: "closed", connections: SEED_AGENTS },
    workload: { kind: "registrations", dialect, from: 0, count: SEED_AGENTS, shape: DEFAULT_SHAPE },
  };
  const beats: Stream = {
    name: "beats",
    pace: { kind: "one-shot", requests: SEED_AGENTS, batch: SEED_AGENTS },
    workload: { kind: "heartbeats", dialect, agents: SEED_AGENTS, shape: DEFAULT_SHAPE },
  };
  const requests: Stream = {
    name: "requests",
    pace: { kind: "one-shot", requests: SEED_REQUESTS, batch: SEED_BATCH },
    workload: { kind: "get", paths: ["/agents"] },
  };
  return [[arrival], [beats], [requests]];
}

async function measureMemory(bench: Bench, command: ServerCommand, dialect: Dialect): Promise<MemoryRound> {
  await using server = await ServerProcess.start(command);
  await Bun.sleep(IDLE_MS);
  const idleKb = server.memory().rssKb;
  for (const streams of seedSteps(dialect)) await bench.load.run(server, { warmMs: 0, measureMs: null, streams });
  const { rssKb, peakKb } = server.memory();
  return { idleKb, loadedKb: rssKb, peakKb };
}

export const memory: BenchCase = {
  name: "memory",
  about: `RSS when idle, and after seed 003's load (${SEED_AGENTS} agents, ${SEED_REQUESTS} requests)`,
  async run(bench: Bench) {
    const { registry, reference } = bench;
    const candidates = [
      { name: OURS, dialect: "ours" as Dialect, command: (folder: string) => registryCommand(registry, { folder }) },
    ];
    if (reference.isAvailable) {
      const command = (folder: string) => referenceCommand(reference.executable, folder);
      candidates.push({ name: REFERENCE, dialect: "reference", command });
    }
    const rounds: Record<string, MemoryRound[]> = {};
    for (let number = 0; number < Math.min(bench.options.rounds, ROUNDS_LIMIT); number += 1) {
      for (const { name, dialect, command } of rotate(candidates, number)) {
        const round = await measureMemory(bench, command(bench.newFolder("memory")), dialect);
        rounds[name] = [...(rounds[name] ?? []), round];
      }
    }
    const medianOf = (name: string, of: (round: MemoryRound) => number) => median((rounds[name] ?? []).map(of));
    const idleKb = medianOf(OURS, (round) => round.idleKb);
    const loadedKb = medianOf(OURS, (round) => round.loadedKb);
    return {
      figures: {
        idleKb,
        loadedKb,
        peakKb: medianOf(OURS, (round) => round.peakKb),
        referenceIdleKb: medianOf(REFERENCE, (round) => round.idleKb),
        referenceLoadedKb: medianOf(REFERENCE, (round) => round.loadedKb),
      },
      expectations: [
        below("idle RSS", idleKb / 1024, IDLE_LIMIT_MIB, "MiB"),
        below("RSS after seed 003's load", loadedKb, SEED_LIMIT_KB, "KB"),
      ],
    };
  },
};
