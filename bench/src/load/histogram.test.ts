import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";

function filled(valuesMs: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of valuesMs) histogram.record(value);
  return histogram;
}

test("percentiles are within a hundredth, or a microsecond, of those of the sorted values", () => {
  const latencies = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1), (values, share) => {
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
      expect(Math.abs(filled(values).percentileMs(share) - exact)).toBeLessThanOrEqual(exact / 100 + 0.001);
    }),
  );
});

test("the summary counts, averages and keeps the exact maximum", () => {
  const summary = filled([1, 2, 3, 10]).summary();
  expect(summary).toMatchObject({ count: 4, meanMs: 4, maxMs: 10 });
  expect(summary.p50Ms).toBeCloseTo(2, 1);
});

test("an empty histogram answers zeros", () => {
  expect(filled([]).summary()).toEqual({
    count: 0,
    meanMs: 0,
    p50Ms: 0,
    p90Ms: 0,
    p99Ms: 0,
    p999Ms: 0,
    maxMs: 0,
  });
});

test("values beyond half an hour are kept in the last bucket and not lost", () => {
  const summary = filled([1, 10_000_000]).summary();
  expect(summary.count).toBe(2);
  expect(summary.maxMs).toBe(10_000_000);
});
