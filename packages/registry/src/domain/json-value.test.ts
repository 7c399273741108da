import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { JsonValue } from "./agent.ts";
import { isSameJson, storableJson, storableObject, storableTextOrNull, storableTexts } from "./json-value.ts";

const parsedJson = fc.json({ maxDepth: 4, stringUnit: "binary" }).map((text): JsonValue => JSON.parse(text));

describe("storable values", () => {
  test("what JSON or a database cannot hold is replaced, in keys and at any depth", () => {
    const value = JSON.parse('{"a\\u0000":["\\ud800",{"b":1e999}],"__proto__":{"polluted":true}}');
    const stored = storableObject(value);
    expect(JSON.stringify(stored)).toBe('{"a\ufffd":["\ufffd",{"b":null}],"__proto__":{"polluted":true}}');
    expect((stored as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(stored)).toBe(Object.prototype);
  });

  test("only objects, lists of strings and non-empty strings are taken for what they should be", () => {
    expect(storableObject([1])).toEqual({});
    expect(storableObject(null)).toEqual({});
    expect(storableTexts(["a", 1, null, "b\u0000"])).toEqual(["a", "b\ufffd"]);
    expect(storableTexts("a")).toEqual([]);
    expect(storableTextOrNull("")).toBeNull();
    expect(storableTextOrNull(5)).toBeNull();
    expect(storableTextOrNull("x")).toBe("x");
  });

  test("a stored value survives UTF-8 and JSON, and storing it again changes nothing", () => {
    fc.assert(
      fc.property(parsedJson, (value) => {
        const stored = storableJson(value);
        const bytes = new TextEncoder().encode(JSON.stringify(stored));
        expect(isSameJson(JSON.parse(new TextDecoder().decode(bytes)), stored)).toBe(true);
        expect(isSameJson(storableJson(stored), stored)).toBe(true);
      }),
    );
  });
});

describe("isSameJson", () => {
  test("the order of keys does not matter, that of items does", () => {
    expect(isSameJson({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toBe(true);
    expect(isSameJson([1, 2], [2, 1])).toBe(false);
  });

  test.each([
    [{}, []],
    [{ a: null }, {}],
    [{ a: null }, { b: null }],
    [{ length: 0 }, []],
    [null, {}],
    [1, "1"],
    [JSON.parse('{"__proto__":1}'), {}],
    [{ constructor: 1 } as unknown as JsonValue, { a: 1 }],
  ])("%j is not %j", (left, right) => {
    expect(isSameJson(left as JsonValue, right as JsonValue)).toBe(false);
    expect(isSameJson(right as JsonValue, left as JsonValue)).toBe(false);
  });

  test("agrees with comparing the printed form, keys sorted", () => {
    const printed = (value: JsonValue): string =>
      JSON.stringify(value, (_, item) =>
        typeof item === "object" && item !== null && !Array.isArray(item)
          ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
          : item,
      );
    const small = fc
      .json({ maxDepth: 2, stringUnit: fc.constantFrom("a", "b") })
      .map((text): JsonValue => JSON.parse(text));
    fc.assert(
      fc.property(small, small, (left, right) => {
        expect(isSameJson(left, right)).toBe(printed(left) === printed(right));
        expect(isSameJson(left, structuredClone(left))).toBe(true);
      }),
    );
  });
});
