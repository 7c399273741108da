import { expect, test } from "bun:test";
import fc from "fast-check";
import { goQuote } from "./go-quote.ts";

test.each([
  ["maybe", '"maybe"'],
  ["", '""'],
  ['say "hi"', '"say \\"hi\\""'],
  ["a\\b", '"a\\\\b"'],
  ["it's <b>&", '"it\'s <b>&"'],
  ["\u0007\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'],
  ["\u0000\u001b\u007f", '"\\x00\\x1b\\x7f"'],
  ["\u0085\u00a0\u200b\u2028\ufeff", '"\\u0085\\u00a0\\u200b\\u2028\\ufeff"'],
  ["größe 日本 🙂", '"größe 日本 🙂"'],
  ["\u{e0001}", '"\\U000e0001"'],
  ["\ufffd", '"\ufffd"'],
  ["\ud800", '"\\ufffd"'],
])("%p is quoted as %s", (text, expected) => {
  expect(goQuote(text)).toBe(expected);
});

test("no text leaves the line or the quotes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const inner = goQuote(text).slice(1, -1);
      expect(inner).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(inner.replace(/\\./g, "")).not.toContain('"');
    }),
  );
});

test("printable ASCII reads back as JSON", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(JSON.parse(goQuote(text))).toBe(text);
    }),
  );
});
