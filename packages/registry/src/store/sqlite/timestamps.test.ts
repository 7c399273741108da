import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatStoredTimestamp, parseStoredTimestamp } from "./timestamps.ts";

const iso = (value: unknown): string | null => {
  const epochMs = parseStoredTimestamp(value);
  return epochMs === null ? null : new Date(epochMs).toISOString();
};

describe("parseStoredTimestamp", () => {
  test.each<[unknown, string]>([
    ["2025-06-08T10:00:00.123+00:00", "2025-06-08T10:00:00.123Z"],
    ["2025-06-08T10:00:00.123456+00:00", "2025-06-08T10:00:00.123Z"],
    ["2025-06-08T10:00:00+00:00", "2025-06-08T10:00:00.000Z"],
    ["2025-06-08T10:00:00.123456", "2025-06-08T10:00:00.123Z"],
    ["2025-06-11 14:33:12.123456789+00:00", "2025-06-11T14:33:12.123Z"],
    ["2025-06-11 14:33:12.1+00:00", "2025-06-11T14:33:12.100Z"],
    ["2025-06-11 14:33:12.999999999+00:00", "2025-06-11T14:33:12.999Z"],
    ["2025-06-11 16:33:12.5+02:00", "2025-06-11T14:33:12.500Z"],
    ["2025-06-11 09:03:12-0530", "2025-06-11T14:33:12.000Z"],
    ["2025-06-11 16:33:12+02", "2025-06-11T14:33:12.000Z"],
    ["2025-06-11T14:33:12Z", "2025-06-11T14:33:12.000Z"],
    ["2025-06-11 14:33:12.123456789 +0000 UTC m=+0.012345678", "2025-06-11T14:33:12.123Z"],
    ["2025-06-11 16:33:12.123 +0200 CEST", "2025-06-11T14:33:12.123Z"],
    ["2025-06-11 14:33:12 UTC", "2025-06-11T14:33:12.000Z"],
    ["2025-06-08 10:00:00", "2025-06-08T10:00:00.000Z"],
    ["2025-06-08 10:00", "2025-06-08T10:00:00.000Z"],
    ["2025-06-08", "2025-06-08T00:00:00.000Z"],
    [" 2025-06-08 10:00:00 ", "2025-06-08T10:00:00.000Z"],
    ["2024-02-29 23:59:60", "2024-03-01T00:00:00.000Z"],
    ["0099-01-01 00:00:00+00:00", "0099-01-01T00:00:00.000Z"],
    [1749376800, "2025-06-08T10:00:00.000Z"],
    [1749376800.5, "2025-06-08T10:00:00.500Z"],
    [1749376800123, "2025-06-08T10:00:00.123Z"],
    [1749376800123n, "2025-06-08T10:00:00.123Z"],
    ["1749376800", "2025-06-08T10:00:00.000Z"],
    ["1749376800123", "2025-06-08T10:00:00.123Z"],
    [0, "1970-01-01T00:00:00.000Z"],
  ])("reads %p", (value, expected) => {
    expect(iso(value)).toBe(expected);
  });

  test.each<[unknown]>([
    ["0001-01-01 00:00:00+00:00"],
    ["0001-01-01T00:00:00Z"],
    ["0001-01-01 00:00:00+02:00"],
    [null],
    [undefined],
    [""],
    ["never"],
    ["None"],
    ["2025-02-30 10:00:00"],
    ["2025-13-01 10:00:00"],
    ["2025-06-08 24:00:00"],
    ["2025-06-08 10:60:00"],
    ["99999999999999999"],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1e300],
    [new Uint8Array(3)],
    [true],
  ])("finds no time in %p", (value) => {
    expect(parseStoredTimestamp(value)).toBeNull();
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (value, text) => {
        parseStoredTimestamp(value);
        parseStoredTimestamp(`2025-06-08 ${text}`);
      }),
    );
  });
});

describe("formatStoredTimestamp", () => {
  const epochMs = fc.integer({ min: Date.parse("0003-01-01T00:00:00Z"), max: Date.parse("9999-12-31T23:59:59.999Z") });

  test("writes one form", () => {
    expect(formatStoredTimestamp(1749376800120)).toBe("2025-06-08T10:00:00.120+00:00");
    expect(formatStoredTimestamp(1749376800120.9)).toBe("2025-06-08T10:00:00.120+00:00");
    expect(formatStoredTimestamp(8.64e15)).toBe("9999-12-31T23:59:59.999+00:00");
    expect(formatStoredTimestamp(-8.64e15)).toBe("0001-01-01T00:00:00.000+00:00");
  });

  test("is read back as the same moment", () => {
    fc.assert(fc.property(epochMs, (ms) => expect(parseStoredTimestamp(formatStoredTimestamp(ms))).toBe(ms)));
  });

  test("sorts as text in the order of time", () => {
    fc.assert(
      fc.property(epochMs, epochMs, (a, b) => {
        expect(formatStoredTimestamp(a) < formatStoredTimestamp(b)).toBe(a < b);
      }),
    );
  });
});
