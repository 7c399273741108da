import type { JsonObject } from "./agent.ts";

/**
 * Values that thousands of records have in common, kept once. Parsing gives every record copies of its own of "default",
 * "1.0.0" and {}; of 100,000 agents those copies would be 70 MB.
 */
export const NO_TEXTS: readonly string[] = Object.freeze([]);
export const EMPTY_OBJECT: JsonObject = Object.freeze({});

const LONGEST = 64;
const LIMIT = 10_000;
const texts = new Map<string, string>();

/** The same text; the same object for equal short texts, as long as they keep coming. */
export function sharedText(text: string): string {
  if (text.length > LONGEST) return text;
  const known = texts.get(text);
  if (known !== undefined) return known;
  // Full of texts that were seen once (ids, endpoints): those in common come back at once.
  if (texts.size >= LIMIT) texts.clear();
  texts.set(text, text);
  return text;
}
