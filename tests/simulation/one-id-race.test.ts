import { describe, expect, test } from "bun:test";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { effort } from "../support/effort.ts";
import { type Call, whyNotLinearizable } from "./one-id-model.ts";
import { race, twoWinners } from "./one-id-race.ts";
import { inMemory, onSqlite, type Spoil } from "./race-arenas.ts";
import { Random } from "./random.ts";
import { seedsOf } from "./seeds.ts";

/*
 * The one-id race (architecture, "Three tests that would catch the worst mistakes", 3). 32 requests at a time want the same
 * agent: registrations with one `If-Match`, registrations without, beats that move or adopt it, deletions, capabilities,
 * flushes; registries die among them and start again with another wall clock. Everybody's answers must be those of one
 * register with a version.
 */

const TIME_LIMIT_MS = effort({ short: 110_000, long: 3_500_000 });
const CALLERS = 32;

const unspoilt: Spoil = () => {};

type Contest = (seed: number, crashes: boolean, spoil: Spoil) => Promise<readonly Call[]>;

const replicas =
  (count: number): Contest =>
  (seed, crashes, spoil) => {
    const random = new Random(seed);
    const options = { rounds: 4, callers: CALLERS, arrivalMs: 25, crashes, looksCount: count === 1 };
    return inMemory(random, { replicas: count, failureRate: crashes ? 0.05 : 0, spoil }, (arena) =>
      race(arena, random, options),
    );
  };

const sqlite =
  (worker: "never" | "always"): Contest =>
  (seed, crashes, spoil) => {
    const random = new Random(seed);
    const options = { rounds: 3, callers: CALLERS, arrivalMs: 2, crashes, looksCount: true };
    return onSqlite(random, { worker, spoil }, (arena) => race(arena, random, options));
  };

const problemOf = (calls: readonly Call[]): string | null => twoWinners(calls) ?? whyNotLinearizable(calls);

const ARENAS = [
  { name: "one registry in memory", contest: replicas(1), seeds: effort({ short: 150, long: 20_000 }) },
  { name: "three replicas in memory", contest: replicas(3), seeds: effort({ short: 150, long: 20_000 }) },
  { name: "SQLite on the event loop", contest: sqlite("never"), seeds: effort({ short: 15, long: 2_000 }) },
  { name: "SQLite in its own thread", contest: sqlite("always"), seeds: effort({ short: 15, long: 2_000 }) },
];

for (const { name, contest, seeds } of ARENAS) {
  describe(name, () => {
    for (const crashes of [false, true]) {
      test(
        `one id is one register with a version${crashes ? ", whoever dies meanwhile" : ""}`,
        async () => {
          let told = 0;
          for (const seed of seedsOf(name, seeds)) {
            const calls = await contest(seed, crashes, unspoilt);
            expect({ seed, problem: problemOf(calls) }).toEqual({ seed, problem: null });
            told += calls.length;
          }
          expect(told).toBeGreaterThan(CALLERS);
        },
        TIME_LIMIT_MS,
      );
    }

    test(
      "the race notices decisions that are made before their batch",
      async () => {
        const problems: (string | null)[] = [];
        for (let seed = 1; seed <= 3; seed++) problems.push(problemOf(await contest(seed, false, decideAtOnce)));
        expect(problems.join("\n")).toContain("both changed");
      },
      TIME_LIMIT_MS,
    );
  });
}

/** The mistake: what is to be written is decided when the request arrives, and only written later. */
function decideAtOnce({ writer, state, directory }: RegistryCore): void {
  const change = writer.change.bind(writer);
  writer.change = (agentId, decide) => {
    const view = {
      ...directory,
      buriedAtMs: (id: string) => state.tombstones.get(id),
      lastBeatMs: (id: string) => state.get(id)?.beatMs ?? null,
    };
    const decided = decide(directory.find(agentId), view);
    return change(agentId, () => decided);
  };
}
