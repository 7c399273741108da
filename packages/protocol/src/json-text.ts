import { printableText } from "./safe-text.ts";

/**
 * Deepest nesting a body may have. Bun parses a million levels but cannot print them again, and Python's decoder gives up
 * near 1,000: an agent registered with more would break every list that contains it. Go's own limit is 10,000.
 */
export const MAX_JSON_DEPTH = 500;

const MAX_REASON_LENGTH = 100;

/** An object as JSON has it: not null and not an array. */
export type UnknownObject = { readonly [key: string]: unknown };

export const isJsonObject = (value: unknown): value is UnknownObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export type JsonText = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly detail: string };

/**
 * Parses a request body. Of duplicate keys the last wins; `__proto__` and `constructor` are keys like any other.
 *
 * @returns `detail` is the 400 text: `EOF` for an empty body (registry-api 2.1), else a short text without anything
 *   unprintable. Never throws, whatever the text is.
 */
export function parseJsonText(text: string): JsonText {
  if (isNestedDeeperThan(MAX_JSON_DEPTH, text)) {
    return {
      ok: false,
      detail: `invalid JSON: nested deeper than ${MAX_JSON_DEPTH} levels`,
    };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return {
      ok: false,
      detail: text.trim() === "" ? "EOF" : syntaxProblem(error),
    };
  }
}

/** Engines quote the offending text, raw and sometimes whole. */
function syntaxProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/Unexpected (EOF|end of JSON input)$/.test(message)) return "unexpected EOF";
  return `invalid JSON: ${printableText(message.replace(/^JSON Parse error: /, ""), MAX_REASON_LENGTH)}`;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Looks at brackets outside strings only, so that it may run before the text is known to be JSON. */
function isNestedDeeperThan(limit: number, text: string): boolean {
  // Almost every heartbeat ends here; reading it character by character would cost more than parsing it.
  if (text.length <= 2 * limit || countUpTo(limit + 1, text, "{") + countUpTo(limit + 1, text, "[") <= limit)
    return false;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isInString) {
      if (code === BACKSLASH) index++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) {
      isInString = true;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
  return false;
}

function countUpTo(limit: number, text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1 && count < limit; at = text.indexOf(character, at + 1)) count++;
  return count;
}
