import { isJsonObject, parseJsonText } from "@mcp-mesh/protocol";
import type { JsonValue } from "../../../domain/agent.ts";
import { storableJson } from "../../../domain/json-value.ts";
import { parsePythonLiteral } from "./python-literal.ts";

/** What a column that should hold JSON holds. */
export type JsonColumn =
  /** NULL, empty text, JSON null or Python's None: the column's default. */
  | { readonly kind: "none" }
  /** `text` is JSON: what was there, if that was JSON already. */
  | { readonly kind: "value"; readonly value: JsonValue; readonly text: string; readonly original: string }
  | { readonly kind: "unreadable"; readonly text: string };

/** JSON first: what both notations share means the same in both. */
export function readJsonColumn(stored: unknown): JsonColumn {
  if (stored === null || stored === undefined) return { kind: "none" };
  const text = toText(stored);
  if (text.trim() === "") return { kind: "none" };
  const json = parseJsonText(text);
  if (json.ok)
    return json.value === null
      ? { kind: "none" }
      : { kind: "value", value: json.value as JsonValue, text, original: text };
  const literal = parsePythonLiteral(text);
  if (!literal.ok) return { kind: "unreadable", text };
  if (literal.value === null) return { kind: "none" };
  const value = storableJson(literal.value);
  return { kind: "value", value, text: JSON.stringify(value), original: text };
}

/** A value of the shape that a column is to have; anything else that was there is unreadable. */
export function expectShape(column: JsonColumn, isShape: (value: JsonValue) => boolean): JsonColumn {
  return column.kind === "value" && !isShape(column.value) ? { kind: "unreadable", text: column.original } : column;
}

export const isObjectValue = (value: JsonValue): boolean => isJsonObject(value);
export const isArrayValue = (value: JsonValue): boolean => Array.isArray(value);

function toText(stored: unknown): string {
  return stored instanceof Uint8Array ? new TextDecoder().decode(stored) : String(stored);
}
