import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_JSON_DEPTH, parseJsonText } from "./json-text.ts";

const arrays = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("parseJsonText", () => {
  test("reads JSON", () => {
    expect(parseJsonText('{"a":[1,"x",null]}')).toEqual({ ok: true, value: { a: [1, "x", null] } });
  });

  test.each(["", " ", "\n\t"])("an empty body is EOF: %j", (text) => {
    expect(parseJsonText(text)).toEqual({ ok: false, detail: "EOF" });
  });

  test("a truncated body says so", () => {
    expect(parseJsonText('{"a":')).toEqual({ ok: false, detail: "unexpected EOF" });
  });

  test("the offending text does not come back raw or whole", () => {
    const long = parseJsonText(`{"a": ${"x".repeat(1_000_000)}}`);
    expect(long.ok ? "" : long.detail.length).toBeLessThan(150);
    const control = parseJsonText('{"a\u0001\u001b": 1}');
    expect(control.ok ? "" : control.detail).not.toMatch(/\p{Cc}/u);
  });

  test.each([
    ["arrays", arrays],
    ["objects", objects],
  ])("%s may be nested to the limit and no deeper, however deep they are", (_, nested) => {
    expect(parseJsonText(nested(MAX_JSON_DEPTH)).ok).toBe(true);
    for (const depth of [MAX_JSON_DEPTH + 1, 100_000, 800_000]) {
      expect(parseJsonText(nested(depth))).toEqual({
        ok: false,
        detail: "invalid JSON: nested deeper than 500 levels",
      });
    }
  });

  test("what is accepted at the limit can be printed and cloned again", () => {
    const parsed = parseJsonText(objects(MAX_JSON_DEPTH));
    const value = parsed.ok ? parsed.value : undefined;
    expect(JSON.parse(JSON.stringify(structuredClone(value)))).toEqual(value);
  });

  test("brackets inside strings are not nesting, and neither are many siblings", () => {
    expect(parseJsonText(JSON.stringify(`\\"${"[{".repeat(5000)}`)).ok).toBe(true);
    expect(parseJsonText(`[${"[],".repeat(5000)}1]`).ok).toBe(true);
  });

  test("of duplicate keys the last wins", () => {
    expect(parseJsonText('{"a":1,"a":2}')).toEqual({ ok: true, value: { a: 2 } });
  });

  test("__proto__ and constructor are keys like any other", () => {
    const parsed = parseJsonText('{"__proto__":{"polluted":true},"constructor":1}');
    const value = parsed.ok ? parsed.value : null;
    expect(Object.entries(value ?? {})).toEqual([
      ["__proto__", { polluted: true }],
      ["constructor", 1],
    ]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("agrees with JSON.parse on every text that is not too deep", () => {
    const text = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.string({ unit: "binary" }),
      fc.string().map((s) => `{"a":${s}`),
    );
    fc.assert(
      fc.property(text, (body) => {
        const parsed = parseJsonText(body);
        let expected: unknown;
        try {
          expected = JSON.parse(body);
        } catch {
          expect(parsed.ok).toBe(false);
          return;
        }
        expect(parsed).toEqual({ ok: true, value: expected });
      }),
    );
  });
});
