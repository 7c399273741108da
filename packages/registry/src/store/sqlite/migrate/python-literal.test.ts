import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePythonLiteral } from "./python-literal.ts";

describe("parsePythonLiteral", () => {
  test.each<[string, unknown]>([
    ["{'env': 'p', 'a': True, 'b': None}", { env: "p", a: true, b: null }],
    ["{}", {}],
    ["[]", []],
    ["()", []],
    ["set()", []],
    ["frozenset()", []],
    ["{1, 2}", [1, 2]],
    ["(1,)", [1]],
    ["(1, 'x')", [1, "x"]],
    ["('x')", "x"],
    ["[1, 2,]", [1, 2]],
    ["{'a': [{'b': ()}],}", { a: [{ b: [] }] }],
    [`{"it's": 'a "quote"'}`, { "it's": 'a "quote"' }],
    [String.raw`'it\'s "both"'`, `it's "both"`],
    [String.raw`'\x00\x1b\u20ac\U0001f680\t\n\\'`, "\0\x1b€🚀\t\n\\"],
    [String.raw`'\101\0\a\b\f\v\r'`, "A\0\x07\b\f\v\r"],
    [String.raw`'\d \ud83d'`, "\\d \ud83d"],
    ["'Grüße 東京 🚀'", "Grüße 東京 🚀"],
    ["'one' \"two\"", "onetwo"],
    ["'''it's\ntwo lines'''", "it's\ntwo lines"],
    [String.raw`r'\d\''`, String.raw`\d\'`],
    ["u'x'", "x"],
    [String.raw`b'caf\xc3\xa9'`, "café"],
    ["-12", -12],
    ["0.5", 0.5],
    ["1e-05", 0.00001],
    ["1.", 1],
    ["{1: 'a', None: 'b', True: 'c', 0.5: 'd'}", { "1": "a", null: "b", true: "c", "0.5": "d" }],
    ["12345678901234567890", "12345678901234567890"],
    [" \n{'a' : 1 }\t", { a: 1 }],
  ])("reads %j", (text, expected) => {
    expect(parsePythonLiteral(text)).toEqual({ ok: true, value: expected as never });
  });

  test.each([
    "",
    "  ",
    "{",
    "{'a'",
    "{'a': }",
    "{'a': 1, 'b'}",
    "{1, 2: 3}",
    "[1 2]",
    "[,]",
    "(,)",
    "'open",
    "'line\nbreak'",
    String.raw`'\x4'`,
    String.raw`'\U00110000'`,
    String.raw`'\N{BULLET}'`,
    String.raw`b'\xff'`,
    "b'€'",
    "1j",
    "0x10",
    "012",
    "1.2.3",
    "nan",
    "[inf]",
    "1e999",
    "true",
    "null",
    "Nonexistent",
    "constructor",
    "<Status.HEALTHY: 'healthy'>",
    "datetime.datetime(2025, 6, 8)",
    "__import__('os').system('true')",
    "[x for x in (1, 2)]",
    "'a' + 'b'",
    "'%s' % 1",
    "{[1]: 2}",
    "{} {}",
  ])("takes %j for no literal", (text) => {
    expect(parsePythonLiteral(text)).toEqual({ ok: false });
  });

  test("keeps __proto__ as an ordinary key", () => {
    const result = parsePythonLiteral("{'__proto__': {'polluted': True}, 'constructor': 1}");
    expect(JSON.stringify(result)).toBe('{"ok":true,"value":{"__proto__":{"polluted":true},"constructor":1}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("is bounded in depth and length", () => {
    expect(parsePythonLiteral("[".repeat(100) + "]".repeat(100)).ok).toBe(true);
    expect(parsePythonLiteral("[".repeat(101) + "]".repeat(101)).ok).toBe(false);
    expect(parsePythonLiteral("(".repeat(1_000_000)).ok).toBe(false);
    expect(parsePythonLiteral(`'${"x".repeat(4 * 1024 * 1024)}'`).ok).toBe(false);
  });

  test("reads back whatever repr prints", () => {
    fc.assert(
      fc.property(jsonLike, fc.infiniteStream(fc.nat()), (value, choices) => {
        const text = repr(value, () => choices.next().value ?? 0);
        const result = parsePythonLiteral(text);
        expect(result.ok).toBe(true);
        expect(JSON.stringify(result.ok && result.value)).toBe(JSON.stringify(value));
      }),
    );
  });

  test("answers any text without throwing", () => {
    const fragment = fc.constantFrom(
      ..."{}[](),:'\"\\ubrxNU01-.eTrueFalseNone \n".split(""),
      "True",
      "None",
      "set()",
      "\\x",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(fragment).map((parts) => parts.join("")),
        ),
        (text) => {
          expect(typeof parsePythonLiteral(text).ok).toBe("boolean");
        },
      ),
    );
  });
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const { jsonLike } = fc.letrec<{ jsonLike: Json }>((tie) => ({
  jsonLike: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("jsonLike")),
    fc.dictionary(fc.string({ unit: "grapheme" }), tie("jsonLike")),
  ),
}));

/** What Python prints, with a free choice wherever it has one. */
function repr(value: Json, choose: () => number): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return reprNumber(value);
  if (typeof value === "string") return reprString(value, choose() % 2 === 0 ? "'" : '"', choose() % 2 === 0);
  if (Array.isArray(value)) {
    const items = value.map((item) => repr(item, choose));
    if (choose() % 2 === 0) return `[${items.join(", ")}]`;
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
  }
  return `{${Object.entries(value)
    .map(([key, item]) => `${repr(key, choose)}: ${repr(item, choose)}`)
    .join(", ")}}`;
}

/** A double of that size is a whole number, but Python shows that it is a float. */
function reprNumber(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? `${text}.0` : text;
}

function reprString(text: string, quote: string, asciiOnly: boolean): string {
  const characters = [...text].map((character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === quote || character === "\\") return `\\${character}`;
    if (character === "\n") return "\\n";
    if (code < 0x20 || (code >= 0x7f && code < 0xa1)) return `\\x${code.toString(16).padStart(2, "0")}`;
    if (code >= 0xd800 && code < 0xe000) return `\\u${code.toString(16)}`;
    if (!asciiOnly || code < 0x7f) return character;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
  return quote + characters.join("") + quote;
}
