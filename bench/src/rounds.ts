import type { LoadGenerator, Target } from "./load/load-generator.ts";
import type { LoadResult, Stream } from "./load/messages.ts";
import type { BenchOptions } from "./options.ts";
import { memoryOf } from "./process/proc.ts";
import { median, rotate } from "./statistics.ts";

/** One measured window of one candidate; the figures of its first stream, and of the processes meanwhile. */
export interface Round {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  readonly cpuUsPerRequest: number | null;
  readonly serverCores: number | null;
  readonly generatorBusy: number;
  readonly otherCores: number | null;
  readonly rssKb: number | null;
  /** Why the figures must not be believed. */
  readonly refusal: string | null;
}

/** From here on the generator's thread has no time left; the server must then be as busy for the figure to be its own. */
export const GENERATOR_FULL = 0.95;
const SERVER_FULL = 0.9;
const SEND_DELAY_LIMIT_MS = 3;
/** A refused window is measured again before it is given up: another process may have taken the core for a moment. */
const ATTEMPTS = 3;
const WARM_MS = 400;

/** Why this result tells about the load generator and not about the server; null when it does not. */
export function refusalOf(result: LoadResult): string | null {
  const busy = result.generatorBusy;
  const cores = result.serverCores;
  if (busy >= GENERATOR_FULL && cores !== null && cores < SERVER_FULL) {
    return `the load generator was the limit: its thread was busy ${percent(busy)}, the server ${percent(cores)} of a core`;
  }
  const paced = result.streams.filter((stream) => stream.sendDelayP99Ms !== null);
  // Beside a stream at full throughput the generator's ticks are late by design; what counts there is the throughput.
  if (paced.length === result.streams.length) {
    const delayMs = Math.max(...paced.map((stream) => stream.sendDelayP99Ms ?? 0));
    if (delayMs > SEND_DELAY_LIMIT_MS) return `the load generator sent ${delayMs.toFixed(1)} ms late (p99)`;
  }
  return null;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

export function roundOf(result: LoadResult, pid: number): Round {
  const [first] = result.streams;
  if (first === undefined) throw new Error("a run without a stream measures nothing");
  const all = result.streams.reduce((sum, stream) => sum + stream.requests, 0);
  return {
    perSecond: first.perSecond,
    p50Ms: first.latency.p50Ms,
    p99Ms: first.latency.p99Ms,
    failures: result.streams.reduce((sum, stream) => sum + stream.failures, 0),
    firstFailure: result.streams.find((stream) => stream.firstFailure !== null)?.firstFailure ?? null,
    cpuUsPerRequest: result.serverCores === null ? null : (result.serverCores * result.windowMs * 1000) / all,
    serverCores: result.serverCores,
    generatorBusy: result.generatorBusy,
    otherCores: result.otherCores,
    rssKb: memoryOf(pid)?.rssKb ?? null,
    refusal: refusalOf(result),
  };
}

/** Loads one server for one window. */
export async function measureOnce(
  load: LoadGenerator,
  target: Target,
  { streams, measureMs, warmMs = WARM_MS }: WindowPlan,
): Promise<Round> {
  return roundOf(await load.run(target, { warmMs, measureMs, streams }), target.pid);
}

/** Tries again while the result has to be refused, and returns the last one whatever it is. */
export async function untilBelieved(attempt: () => Promise<Round>): Promise<Round> {
  let round = await attempt();
  for (let attempts = 1; round.refusal !== null && attempts < ATTEMPTS; attempts += 1) round = await attempt();
  return round;
}

export interface WindowPlan {
  /** The first one is the one whose figures the round carries. */
  readonly streams: readonly Stream[];
  readonly measureMs: number;
  readonly warmMs?: number;
}

export interface Candidate {
  readonly name: string;
  readonly target: Target;
  /** The first stream is the one compared. */
  readonly streams: readonly Stream[];
}

/** Measures all candidates in every round, in rotating order, so that whatever else the machine does hits all alike. */
export async function alternate(
  load: LoadGenerator,
  candidates: readonly Candidate[],
  options: BenchOptions,
): Promise<Record<string, Round[]>> {
  const rounds: Record<string, Round[]> = Object.fromEntries(candidates.map(({ name }) => [name, []]));
  for (let number = 0; number < options.rounds; number += 1) {
    for (const { name, target, streams } of rotate(candidates, number)) {
      const plan: WindowPlan = { streams, measureMs: options.seconds * 1000 };
      rounds[name]?.push(await untilBelieved(() => measureOnce(load, target, plan)));
    }
  }
  return rounds;
}

/** Median over the rounds of one candidate's throughput divided by another's in the same round. */
export function throughputRatio(of: readonly Round[], to: readonly Round[]): number {
  return median(of.map((round, number) => round.perSecond / (to[number]?.perSecond ?? Number.NaN)));
}
