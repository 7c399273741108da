import { isJsonObject, storableText } from "@mcp-mesh/protocol";
import type { JsonObject, JsonValue } from "./agent.ts";
import { EMPTY_OBJECT, NO_TEXTS, sharedText } from "./shared-values.ts";

/**
 * A copy of what an agent supplied, fit to be stored and read back equal: text as `storableText` makes it, and null for what
 * JSON cannot print (1e999 parses to infinity). Keys such as `__proto__` stay data. `value` is parsed JSON, so it is a tree;
 * its depth is bounded where it was parsed.
 */
export function storableJson(value: unknown): JsonValue {
  if (typeof value === "string") return sharedText(storableText(value));
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(storableJson);
  return isJsonObject(value) ? storableObject(value) : null;
}

/** `storableJson` of an object; of anything else, `{}`. */
export function storableObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) return EMPTY_OBJECT;
  const entries = Object.entries(value);
  if (entries.length === 0) return EMPTY_OBJECT;
  // fromEntries defines properties, where assignment to `__proto__` would set a prototype.
  return Object.fromEntries(entries.map(([key, item]) => [storableText(key), storableJson(item)]));
}

/** The strings of a list, storable; `[]` for anything but a list. */
export function storableTexts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return NO_TEXTS;
  return value.filter((item) => typeof item === "string").map((item) => sharedText(storableText(item)));
}

/** A non-empty string, storable, or null for anything else: null, empty and wrong-typed all count as absent. */
export function storableTextOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? sharedText(storableText(value)) : null;
}

/** Equality of JSON, whatever the order of keys: a database may give them back in another. */
export function isSameJson(left: JsonValue, right: JsonValue): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (isJsonArray(left) || isJsonArray(right)) {
    if (!isJsonArray(left) || !isJsonArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => isSameJson(item, right[index] ?? null));
  }
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && isSameJson(left[key] ?? null, right[key] ?? null));
}

const isJsonArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
