import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CAPABILITY_NAME_PATTERN, NAME_PATTERN, normalizeForCheck, normalizeName } from "./names.ts";

describe("normalizeName", () => {
  test.each([
    ["Test_Agent X", "test-agent-x"],
    ["__a--b__", "a-b"],
    ["___", "agent"],
    ["MyAgent", "myagent"],
    ["", "agent"],
    ["my.agent", "my-agent"],
    ["größe", "gr-e"],
    ["a/../b", "a-b"],
    ["agent\n1", "agent-1"],
    ["mesh_agent", "mesh-agent"],
  ])("%p becomes %p", (text, expected) => {
    expect(normalizeName(text)).toBe(expected);
  });

  test("any text becomes a valid name, and a name stays what it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const name = normalizeName(text);
        expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        expect(normalizeName(name)).toBe(name);
      }),
    );
  });
});

describe("normalizeForCheck", () => {
  test.each([
    ["Test_Agent X", true],
    ["__a--b__", true],
    ["___", true],
    ["MyAgent", true],
    ["my.agent", false],
    ["a/b", false],
    ["agent\n", false],
    ["größe", false],
    ["__proto__", true],
    ["'; drop table agents; --", false],
  ])("%p passes the check: %p", (text, expected) => {
    expect(NAME_PATTERN.test(normalizeForCheck(text))).toBe(expected);
  });

  test("whatever passes the check has one normalised form", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9_. -]{0,20}$/), (text) => {
        const checked = normalizeForCheck(text);
        if (NAME_PATTERN.test(checked)) expect(checked).toBe(normalizeName(text));
      }),
    );
  });
});

describe("capability names", () => {
  test.each(["a", "read_file", "Read-File2"])("%s is one", (name) => {
    expect(CAPABILITY_NAME_PATTERN.test(name)).toBe(true);
  });

  test.each(["", "2fast", "_x", "read file", "read.file", "name\n", "größe"])("%p is none", (name) => {
    expect(CAPABILITY_NAME_PATTERN.test(name)).toBe(false);
  });
});

// Anything but linear would run into the test's time limit.
test.each(["-", "a-", "_", " ", "a", "-_ "])("a megabyte of %p is normalised and checked", (piece) => {
  const long = `a${piece.repeat(1_000_000 / piece.length)}!`;
  expect(NAME_PATTERN.test(normalizeForCheck(long))).toBe(false);
  expect(normalizeName(long)).toMatch(/^a/);
  expect(CAPABILITY_NAME_PATTERN.test(long)).toBe(false);
});
