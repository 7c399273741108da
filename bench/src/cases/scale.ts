import type { Bench, BenchCase, Expectation } from "../bench-case.ts";
import { below } from "../expectations.ts";
import { AGENTS_PER_CAPABILITY, rareCapabilityQuery } from "../fleet.ts";
import type { LoadResult, Stream, StreamResult } from "../load/messages.ts";
import { forgetPeak } from "../process/proc.ts";
import { refusalOf } from "../rounds.ts";
import { DEFAULT_SHAPE } from "../seeded-databases.ts";
import { registryCommand } from "../servers/registry.ts";
import { ServerProcess } from "../servers/server-process.ts";

const BEAT_INTERVAL_S = 30;
const SEARCHES_PER_SECOND = 100;
const SEARCH_PATHS = 500;
const BEAT_CONNECTIONS = 64;
const SEARCH_CONNECTIONS = 8;
const WARM_MS = 2_000;
/** Long enough for a collection of garbage after the load, short enough that no agent misses its next beat. */
const REST_MS = 5_000;
const SAMPLE_MS = 100;
const P99_LIMIT_MS = 10;
const REST_LIMIT_MB = 400;
const PEAK_LIMIT_MB = 600;

const megabytes = (kb: number): number => (kb * 1024) / 1e6;

function streamsFor(agents: number): Stream[] {
  const groups = Math.floor(agents / AGENTS_PER_CAPABILITY);
  const count = Math.min(SEARCH_PATHS, groups);
  const paths = Array.from({ length: count }, (_, number) =>
    rareCapabilityQuery(Math.floor((number * groups) / count)),
  );
  return [
    {
      name: "beats",
      pace: { kind: "open", connections: BEAT_CONNECTIONS, ratePerSecond: agents / BEAT_INTERVAL_S },
      workload: { kind: "heartbeats", dialect: "ours", agents, shape: DEFAULT_SHAPE },
    },
    {
      name: "searches",
      pace: { kind: "open", connections: SEARCH_CONNECTIONS, ratePerSecond: SEARCHES_PER_SECOND },
      workload: { kind: "get", paths },
    },
  ];
}

/** RSS in kB of a registry that holds nothing, to take from the large one's. */
async function emptyRssKb(bench: Bench): Promise<number> {
  await using server = await ServerProcess.start(registryCommand(bench.registry, { folder: bench.newFolder("empty") }));
  await Bun.sleep(REST_MS);
  return server.memory().rssKb;
}

interface FullList {
  readonly peakKb: number;
  readonly ms: number;
  readonly bytes: number;
}

/** One `GET /agents` of everything, and the largest RSS while it was answered. */
async function fullList(bench: Bench, server: ServerProcess): Promise<FullList> {
  if (!forgetPeak(server.pid)) throw new Error("the peak RSS cannot be reset on this system: clear_refs was refused");
  const result = await bench.load.run(server, {
    warmMs: 0,
    measureMs: null,
    streams: [
      {
        name: "full list",
        pace: { kind: "one-shot", requests: 1, batch: 1 },
        workload: { kind: "get", paths: ["/agents"] },
      },
    ],
  });
  const [stream] = result.streams;
  if (stream?.requests !== 1) throw new Error(`the full list was not answered: ${stream?.firstFailure ?? "no reason"}`);
  return { peakKb: server.memory().peakKb, ms: stream.latency.maxMs, bytes: stream.bodyBytes };
}

function judgeLatency(what: string, stream: StreamResult, result: LoadResult, wantedPerSecond: number): Expectation {
  const line = below(`${what}: p99 from when each was due`, stream.latency.p99Ms, P99_LIMIT_MS, "ms");
  const refusal = refusalOf(result);
  if (refusal !== null) return { ...line, measured: `${line.measured}; ${refusal}`, verdict: "refused" };
  if (stream.failures === 0) return { ...line, measured: `${line.measured} at ${stream.perSecond.toFixed(0)}/s` };
  const why = `${stream.failures} of ${(wantedPerSecond * result.windowMs) / 1000} failed: ${stream.firstFailure}`;
  return { ...line, measured: `${line.measured}; ${why}`, verdict: "miss" };
}

async function loadFleet(bench: Bench, server: ServerProcess): Promise<{ result: LoadResult; largestRssKb: number }> {
  let largestRssKb = 0;
  const sample = () => {
    largestRssKb = Math.max(largestRssKb, server.memory().rssKb);
  };
  const timer = setInterval(sample, SAMPLE_MS);
  try {
    const measureMs = bench.options.scaleSeconds * 1000;
    const streams = streamsFor(bench.options.agents);
    return { result: await bench.load.run(server, { warmMs: WARM_MS, measureMs, streams }), largestRssKb };
  } finally {
    clearInterval(timer);
  }
}

export const scale: BenchCase = {
  name: "scale",
  about: `a large fleet beating every ${BEAT_INTERVAL_S} s with ${SEARCHES_PER_SECOND} filtered searches a second beside it`,
  async run(bench: Bench) {
    const { agents } = bench.options;
    const seeded = await bench.databases.of(agents);
    const emptyKb = await emptyRssKb(bench);
    // A registry restarted with its fleet, as after an upgrade: everybody has a full timeout from now, and every lease
    // comes due at the same moment a minute later, inside the measured window.
    const folder = await bench.databases.copyOf(agents);
    await using server = await ServerProcess.start(registryCommand(bench.registry, { folder }));
    await Bun.sleep(REST_MS);
    const beforeKb = server.memory().rssKb;
    const { result, largestRssKb } = await loadFleet(bench, server);
    const [beats, searches] = result.streams;
    if (beats === undefined || searches === undefined) throw new Error("the run lost a stream");
    await Bun.sleep(REST_MS);
    const restKb = server.memory().rssKb;
    const list = await fullList(bench, server);
    // A registry is at rest after its fleet registered, after a restart and after the load; the worst of them counts.
    const atRestKb = Math.max(seeded.rssKb, beforeKb, restKb);
    const fleet = `${agents} agents`;
    return {
      figures: {
        registrationsPerSecond: seeded.registrationsPerSecond,
        rssAfterRegisteringKb: seeded.rssKb,
        startMs: server.startMs,
        rssEmptyKb: emptyKb,
        rssAfterStartKb: beforeKb,
        rssLargestUnderLoadKb: largestRssKb,
        rssAfterLoadKb: restKb,
        bytesPerAgent: Math.round(((atRestKb - emptyKb) * 1024) / agents),
        rssPeakOfFullListKb: list.peakKb,
        fullListMs: list.ms,
        fullListBytes: list.bytes,
        serverCores: result.serverCores ?? Number.NaN,
        generatorBusy: result.generatorBusy,
        beatsPerSecond: beats.perSecond,
        beatP50Ms: beats.latency.p50Ms,
        beatP99Ms: beats.latency.p99Ms,
        beatP999Ms: beats.latency.p999Ms,
        beatMaxMs: beats.latency.maxMs,
        searchP50Ms: searches.latency.p50Ms,
        searchP99Ms: searches.latency.p99Ms,
        searchP999Ms: searches.latency.p999Ms,
        searchMaxMs: searches.latency.maxMs,
      },
      expectations: [
        judgeLatency(`${fleet} beating every ${BEAT_INTERVAL_S} s`, beats, result, agents / BEAT_INTERVAL_S),
        judgeLatency("filtered searches beside it", searches, result, SEARCHES_PER_SECOND),
        below(`${fleet}: RSS at rest`, megabytes(atRestKb), REST_LIMIT_MB, "MB"),
        below(`${fleet}: RSS at the peak of one full list`, megabytes(list.peakKb), PEAK_LIMIT_MB, "MB"),
      ],
    };
  },
};
