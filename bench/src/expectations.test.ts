import { expect, test } from "bun:test";
import { below, shareOfCeiling, timesReference } from "./expectations.ts";
import type { Round } from "./rounds.ts";

const at = (perSecond: number, change: Partial<Round> = {}): Round => ({
  perSecond,
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
  ...change,
});
const HERE = { reference: { isAvailable: true, executable: "registry" } } as const;
const REFERENCE = "@mcpmesh/cli-linux-x64 3.7.1";

test("the share of the ceiling passes at its limit and not below", () => {
  const judge = (ours: number) => shareOfCeiling("lists", { "bare Bun.serve": [at(1000)], ours: [at(ours)] }, 0.8);
  expect(judge(800)).toEqual({
    work: "lists",
    expected: ">= 80 % of bare Bun.serve",
    measured: "80.0 %",
    verdict: "pass",
  });
  expect(judge(799).verdict).toBe("miss");
});

test("a refused round is reported as refused, however good the figure", () => {
  const ours = [at(990), at(990, { refusal: "the load generator was the limit" })];
  const line = shareOfCeiling("lists", { "bare Bun.serve": [at(1000), at(1000)], ours }, 0.8);
  expect(line).toMatchObject({ verdict: "refused", measured: "99.0 %; the load generator was the limit" });
});

test("lost requests are a miss, however good the figure", () => {
  const ours = [at(990, { failures: 2, firstFailure: "status 503" })];
  const line = shareOfCeiling("lists", { "bare Bun.serve": [at(1000)], ours }, 0.8);
  expect(line).toMatchObject({ verdict: "miss", measured: "99.0 %; 2 requests failed, the first: status 503" });
});

test("the comparison tells what the ceiling itself would reach, and forgives the other registry its failures", () => {
  const rounds = { "bare Bun.serve": [at(2000)], ours: [at(1500)], [REFERENCE]: [at(10, { failures: 7 })] };
  expect(timesReference(HERE, "lists", rounds, 150, ">")).toEqual({
    work: "lists",
    expected: `> 150 times ${REFERENCE}`,
    measured: "150.0 times (bare Bun.serve: 200.0)",
    verdict: "miss",
  });
  expect(timesReference(HERE, "lists", rounds, 150, ">=").verdict).toBe("pass");
});

test("without the other registry the comparison is not available, and says why", () => {
  const nowhere = { reference: { isAvailable: false, why: "does not run on darwin-arm64" } } as const;
  expect(timesReference(nowhere, "lists", {}, 150, ">")).toMatchObject({
    verdict: "not available",
    measured: "does not run on darwin-arm64",
  });
});

test("a limit from above is strict, and nothing measured is a miss", () => {
  expect(below("start", 99.94, 100, "ms")).toEqual({
    work: "start",
    expected: "< 100 ms",
    measured: "99.9 ms",
    verdict: "pass",
  });
  expect(below("start", 100, 100, "ms").verdict).toBe("miss");
  expect(below("start", Number.NaN, 100, "ms").verdict).toBe("miss");
});
