/**
 * Reads what Python's `repr` wrote of JSON-like values. The Python registry stored its columns so and read them back with
 * `eval`; here they are only ever parsed, because agents supplied them.
 *
 *     value   = dict | list | tuple | set | string+ | number | True | False | None
 *     dict    = {} | { key : value, ... }      key = string | number | True | False | None, as JSON would write it
 *     tuple   = () | (value,) | (value, ...)   becomes a list, as do set() and {value, ...}
 *     string  = 'text' or "text", tripled or not, with the prefixes u, r, b
 *
 * Integers that a double cannot hold become text, so that no digit is lost. `nan`, `inf`, complex numbers and printed
 * objects have no counterpart: the whole text is then no literal.
 */
import type { JsonValue } from "../../../domain/agent.ts";

export type LiteralResult = { readonly ok: true; readonly value: JsonValue } | { readonly ok: false };

const MAX_LENGTH = 4 * 1024 * 1024;
const MAX_DEPTH = 100;

/** Never throws. Longer than 4 MiB or deeper than 100 levels is no literal. */
export function parsePythonLiteral(text: string): LiteralResult {
  if (text.length > MAX_LENGTH) return { ok: false };
  const reader = new LiteralReader(text);
  try {
    return { ok: true, value: reader.readAll() };
  } catch (error) {
    if (error === NOT_A_LITERAL) return { ok: false };
    throw error;
  }
}

/** Thrown and caught in this file only: without it, each of the reader's methods would check each of its steps. */
const NOT_A_LITERAL = new Error("not a Python literal");

const WORDS: Readonly<Record<string, JsonValue>> = { True: true, False: false, None: null };

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

class LiteralReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): JsonValue {
    const value = this.#readValue();
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw NOT_A_LITERAL;
    return value;
  }

  #readValue(): JsonValue {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#nested(() => this.#readBraces());
      case "[":
        return this.#nested(() => this.#readItems("[", "]"));
      case "(":
        return this.#nested(() => this.#readParentheses());
      default:
        return this.#readScalar();
    }
  }

  #nested(read: () => JsonValue): JsonValue {
    if (++this.#depth > MAX_DEPTH) throw NOT_A_LITERAL;
    const value = read();
    this.#depth--;
    return value;
  }

  #readScalar(): JsonValue {
    if (this.#match(STRING_START) !== null) return this.#readStrings();
    const number = this.#match(NUMBER);
    if (number !== null) {
      this.#at += number.length;
      return toNumber(number);
    }
    if (this.#match(EMPTY_SET) !== null) {
      this.#at += this.#match(EMPTY_SET)?.length ?? 0;
      return [];
    }
    const word = this.#match(WORD) ?? "";
    if (!Object.hasOwn(WORDS, word)) throw NOT_A_LITERAL;
    this.#at += word.length;
    return WORDS[word] ?? null;
  }

  #readBraces(): JsonValue {
    this.#expect("{");
    if (this.#take("}")) return {};
    const first = this.#readValue();
    if (!this.#take(":")) return this.#readItemsAfter([first], "}");
    // Without a prototype, `__proto__` is a key like any other.
    const entries: Record<string, JsonValue> = Object.create(null);
    entries[toKey(first)] = this.#readValue();
    while (!this.#take("}")) {
      this.#expect(",");
      if (this.#take("}")) break;
      const key = toKey(this.#readValue());
      this.#expect(":");
      entries[key] = this.#readValue();
    }
    return entries;
  }

  #readItems(open: string, close: string): JsonValue[] {
    this.#expect(open);
    return this.#take(close) ? [] : this.#readItemsAfter([this.#readValue()], close);
  }

  /** The rest of a list whose first item has been read; a comma may follow the last. */
  #readItemsAfter(items: JsonValue[], close: string): JsonValue[] {
    while (!this.#take(close)) {
      this.#expect(",");
      if (this.#take(close)) break;
      items.push(this.#readValue());
    }
    return items;
  }

  /** `(x)` is x; only a comma makes it a tuple. */
  #readParentheses(): JsonValue {
    this.#expect("(");
    if (this.#take(")")) return [];
    const first = this.#readValue();
    return this.#take(")") ? first : this.#readItemsAfter([first], ")");
  }

  /** Python joins strings that stand side by side. */
  #readStrings(): string {
    let joined = "";
    for (let start = this.#match(STRING_START); start !== null; start = this.#match(STRING_START)) {
      this.#at += start.length;
      joined += this.#readString(start.replace(/^[a-z]*/i, ""), start.replace(/['"]+$/, "").toLowerCase());
      this.#skipSpace();
    }
    return joined;
  }

  #readString(quote: string, prefix: string): string {
    const isRaw = prefix.includes("r");
    let value = "";
    while (!this.#text.startsWith(quote, this.#at)) {
      const character = this.#text[this.#at];
      if (character === undefined || (character === "\n" && quote.length === 1)) throw NOT_A_LITERAL;
      if (character === "\\") value += isRaw ? this.#readRawPair() : this.#readEscape(prefix.includes("b"));
      else {
        value += character;
        this.#at++;
      }
    }
    this.#at += quote.length;
    return prefix.includes("b") ? decodeBytes(value) : value;
  }

  #readRawPair(): string {
    const pair = this.#text.slice(this.#at, this.#at + 2);
    this.#at += 2;
    return pair;
  }

  #readEscape(isBytes: boolean): string {
    const letter = this.#text[this.#at + 1] ?? "";
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const octal = this.#match(OCTAL_ESCAPE);
    if (octal !== null) {
      this.#at += octal.length;
      return String.fromCodePoint(Number.parseInt(octal.slice(1), 8));
    }
    const digitCount = isBytes && letter !== "x" ? undefined : HEX_DIGITS[letter];
    if (digitCount !== undefined) return this.#readHexEscape(digitCount);
    // Needs Python's table of character names, which repr never uses.
    if (letter === "N" && !isBytes) throw NOT_A_LITERAL;
    // An escape that Python does not know means its two characters.
    return this.#readRawPair();
  }

  #readHexEscape(digitCount: number): string {
    const digits = this.#text.slice(this.#at + 2, this.#at + 2 + digitCount);
    const codePoint = Number.parseInt(digits, 16);
    if (digits.length !== digitCount || !/^[0-9a-f]+$/i.test(digits) || codePoint > 0x10ffff) throw NOT_A_LITERAL;
    this.#at += 2 + digitCount;
    return String.fromCodePoint(codePoint);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? null;
  }

  #skipSpace(): void {
    this.#at += this.#match(SPACE)?.length ?? 0;
  }

  #take(symbol: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== symbol) return false;
    this.#at++;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw NOT_A_LITERAL;
  }
}

const SPACE = /[ \t\n\r\f]*/y;
const STRING_START = /(?:u|r|b|br|rb)?("""|'''|"|')/iy;
const WORD = /[A-Za-z_]\w*/y;
const EMPTY_SET = /(?:frozen)?set\(\)/y;
const OCTAL_ESCAPE = /\\[0-7]{1,3}/y;
/** A letter or digit right behind it (`1j`, `1x`, `01`) makes it something else. */
const NUMBER = /[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?(?![\w.])/iy;

function toNumber(text: string): JsonValue {
  const number = Number(text);
  if (!Number.isFinite(number)) throw NOT_A_LITERAL;
  return /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(number) ? text.replace("+", "") : number;
}

/** As Python's json module writes keys. */
function toKey(value: JsonValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) throw NOT_A_LITERAL;
  return String(value);
}

/** One character a byte so far. Bytes that are no text have no JSON. */
function decodeBytes(binary: string): string {
  if (/[^\0-\xff]/.test(binary)) throw NOT_A_LITERAL;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(binary, "latin1"));
  } catch {
    throw NOT_A_LITERAL;
  }
}
