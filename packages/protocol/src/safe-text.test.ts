import { expect, test } from "bun:test";
import fc from "fast-check";
import { printableText, storableText } from "./safe-text.ts";

test("controls, bidirectional overrides and line separators are written as escapes", () => {
  expect(printableText("a\nb\u0000\u001b[31m\u202e\u2028\u{e0001}", 100)).toBe(
    "a\\u000ab\\u0000\\u001b[31m\\u202e\\u2028\\u{e0001}",
  );
});

test("printable text is cut, and not inside a character", () => {
  expect(printableText("abcdef", 3)).toBe("abc...");
  expect(printableText("ab\u{1f600}", 3)).toBe("ab\ufffd...");
});

test("whatever comes in, nothing unprintable comes out", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const shown = printableText(text, 100);
      expect(shown).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(shown.isWellFormed()).toBe(true);
    }),
  );
});

test("text that no database takes as it is gets the replacement character", () => {
  expect(storableText("plain \u{1f600} text")).toBe("plain \u{1f600} text");
  expect(storableText("a\u0000b\ud800c")).toBe("a\ufffdb\ufffdc");
});
