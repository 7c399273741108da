import { expect, test } from "bun:test";
import type { LoadResult } from "./load/messages.ts";
import { type Round, refusalOf, throughputRatio, untilBelieved } from "./rounds.ts";

const LATENCY = { count: 1, meanMs: 1, p50Ms: 1, p90Ms: 1, p99Ms: 1, p999Ms: 1, maxMs: 1 };
const STREAM = {
  name: "lists",
  requests: 1,
  perSecond: 1,
  failures: 0,
  firstFailure: null,
  bodyBytes: 0,
  latency: LATENCY,
  sendDelayP99Ms: null,
};
const RESULT: LoadResult = {
  id: 1,
  windowMs: 1000,
  streams: [STREAM],
  generatorBusy: 0.7,
  serverCores: 1,
  otherCores: 0,
};
const ROUND: Round = {
  perSecond: 100,
  p50Ms: 1,
  p99Ms: 1,
  failures: 0,
  firstFailure: null,
  cpuUsPerRequest: 1,
  serverCores: 1,
  generatorBusy: 0.7,
  otherCores: 0,
  rssKb: 1,
  refusal: null,
};

test("a window is refused when the generator has no time left and the server has", () => {
  expect(refusalOf(RESULT)).toBeNull();
  expect(refusalOf({ ...RESULT, generatorBusy: 0.99, serverCores: 0.6 })).toBe(
    "the load generator was the limit: its thread was busy 99 %, the server 60 % of a core",
  );
  expect(refusalOf({ ...RESULT, generatorBusy: 0.99, serverCores: 0.97 })).toBeNull();
  expect(refusalOf({ ...RESULT, generatorBusy: 0.3, serverCores: 0.5 })).toBeNull();
  expect(refusalOf({ ...RESULT, generatorBusy: 0.99, serverCores: null })).toBeNull();
});

test("a paced run is refused when the generator sent late, but not beside a stream at full throughput", () => {
  const late = { ...STREAM, sendDelayP99Ms: 8 };
  expect(refusalOf({ ...RESULT, streams: [late] })).toBe("the load generator sent 8.0 ms late (p99)");
  expect(refusalOf({ ...RESULT, streams: [{ ...late, sendDelayP99Ms: 1 }] })).toBeNull();
  expect(refusalOf({ ...RESULT, streams: [STREAM, late] })).toBeNull();
});

test("a refused window is measured again, three times at most", async () => {
  const attemptsUntil = async (believedAt: number) => {
    let attempts = 0;
    const round = await untilBelieved(async () => {
      attempts += 1;
      return { ...ROUND, refusal: attempts < believedAt ? "no" : null };
    });
    return { attempts, refusal: round.refusal };
  };
  expect(await attemptsUntil(1)).toEqual({ attempts: 1, refusal: null });
  expect(await attemptsUntil(3)).toEqual({ attempts: 3, refusal: null });
  expect(await attemptsUntil(9)).toEqual({ attempts: 3, refusal: "no" });
});

test("ratios are taken within a round before the median is", () => {
  const at = (perSecond: number): Round => ({ ...ROUND, perSecond });
  // The machine was half as fast in the last round; the ratio does not notice.
  expect(throughputRatio([at(80), at(82), at(40)], [at(100), at(100), at(50)])).toBe(0.8);
});
