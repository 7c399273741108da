import { expect, test } from "bun:test";
import fc from "fast-check";
import { toSafeJson } from "./safe-json.ts";

/** Written out here, so that a hole in the source's own pattern shows. */
const RAW_CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/;

test("escapes also what JSON.stringify lets through, and nothing that is harmless", () => {
  expect(toSafeJson({ a: "\u001b\u007f\u009b\u202e\u{e0001}\ud800" })).toBe(
    '{"a":"\\u001b\\u007f\\u009b\\u202e\\udb40\\udc01\\ud800"}',
  );
  expect(toSafeJson("🗄️ Grüße 東京")).toBe('"🗄️ Grüße 東京"');
});

test("no control character survives, and the value is the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const json = toSafeJson({ text });
      expect(json).not.toMatch(RAW_CONTROL);
      expect(JSON.parse(json)).toEqual({ text });
    }),
  );
});
