import { cpuTimeMs, machineBusyMs, mainThreadBusyMs } from "../process/proc.ts";
import type { LoadRequest, LoadResult } from "./messages.ts";
import { type MeasuredWindow, StreamRunner } from "./stream.ts";

/** How long answers may be awaited after the window; what has not come by then counts as failed. */
const DRAIN_LIMIT_MS = 10_000;

interface CpuSample {
  readonly atMs: number;
  readonly own: number | null;
  readonly ownProcess: number;
  readonly server: number | null;
  readonly machine: number | null;
}

function sampleCpu(serverPid: number): CpuSample {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    own: mainThreadBusyMs(process.pid),
    ownProcess: (user + system) / 1000,
    server: cpuTimeMs(serverPid),
    machine: machineBusyMs(),
  };
}

const difference = (after: number | null, before: number | null): number | null =>
  after === null || before === null ? null : after - before;

/** Offers all streams of the request at once and reports what each got, and who used how much CPU time meanwhile. */
export async function runLoad(
  request: LoadRequest,
  { drainLimitMs = DRAIN_LIMIT_MS }: { readonly drainLimitMs?: number } = {},
): Promise<LoadResult> {
  const opensAtMs = performance.now() + request.warmMs;
  const window: MeasuredWindow = {
    opensAtMs,
    closesAtMs: request.measureMs === null ? Number.POSITIVE_INFINITY : opensAtMs + request.measureMs,
  };
  const runners = request.streams.map((stream) => new StreamRunner(stream, request.port, window));
  const finished = Promise.all(runners.map((runner) => runner.finished));
  for (const runner of runners) runner.start();

  await Bun.sleep(request.warmMs);
  const before = sampleCpu(request.serverPid);
  await (request.measureMs === null ? finished : Bun.sleep(window.closesAtMs - performance.now()));
  const after = sampleCpu(request.serverPid);
  await Promise.race([finished, Bun.sleep(drainLimitMs)]);
  for (const runner of runners) runner.stop();

  const elapsedMs = after.atMs - before.atMs;
  const windowMs = request.measureMs ?? elapsedMs;
  const own = difference(after.own, before.own) ?? after.ownProcess - before.ownProcess;
  const server = difference(after.server, before.server);
  const machine = difference(after.machine, before.machine);
  const ownProcess = after.ownProcess - before.ownProcess;
  return {
    id: request.id,
    windowMs,
    streams: runners.map((runner) => runner.result(windowMs)),
    generatorBusy: own / elapsedMs,
    serverCores: server === null ? null : server / elapsedMs,
    otherCores: machine === null || server === null ? null : Math.max(0, (machine - server - ownProcess) / elapsedMs),
  };
}
