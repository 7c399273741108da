import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fuzzyMatches } from "./fuzzy-match.ts";

test.each([
  ["file", "read_file", true],
  ["read_file", "file", false],
  ["proces_data", "process_data", true],
  ["data", "date", true],
  ["abc", "abd", false],
  ["read-file", "read_file", true],
  ["xyz", "read_file", false],
  ["", "read_file", false],
  ["file", "", false],
  ["", "", false],
  ["FILE", "Read_File", true],
  // Exactly 0.7: three edits in ten.
  ["abcdefghij", "abcdefgxyz", true],
  ["abcdefghij", "abcdefg", true],
  ["abcdefghij", "abcdefwxyz", false],
])("%p for %p is %p", (query, name, expected) => {
  expect(fuzzyMatches(query, name)).toBe(expected);
});

describe("properties", () => {
  /** The definition, cell by cell. */
  function naiveDistance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
        next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
      }
      row = next;
    }
    return row[b.length] ?? 0;
  }

  function naiveMatch(query: string, name: string): boolean {
    if (query === "" || name === "") return false;
    if (name.includes(query)) return true;
    return (1 - naiveDistance(query, name) / Math.max(query.length, name.length)).toFixed(9) >= "0.700000000";
  }

  // Few letters and lengths beyond 32, where the library changes its method.
  const word = fc.stringMatching(/^[ab_]{0,48}$/);
  const similar = fc
    .tuple(word, fc.nat({ max: 48 }), fc.constantFrom("", "a", "zz", "_b_"))
    .map(([text, at, piece]) => {
      return [text, text.slice(0, at) + piece + text.slice(at + 2)] as const;
    });

  test("agrees with the definition", () => {
    fc.assert(
      fc.property(fc.oneof(fc.tuple(word, word), similar), ([query, name]) => {
        expect(fuzzyMatches(query, name)).toBe(naiveMatch(query, name));
      }),
      { numRuns: 1000 },
    );
  });

  test("every part of a name finds it, in any case", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_]{1,20}$/), fc.nat({ max: 19 }), (name, at) => {
        const query = name.slice(Math.min(at, name.length - 1));
        expect(fuzzyMatches(query.toUpperCase(), name)).toBe(true);
      }),
    );
  });
});
