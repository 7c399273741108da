import { goQuote } from "./go-quote.ts";

/** `value` is undefined when the parameter is absent. `detail` is the text of the 400. */
export type ParsedBooleanParameter =
  | { readonly ok: true; readonly value: boolean | undefined }
  | { readonly ok: false; readonly detail: string };

/** The union of what Go and Python accepted (registry-api 1). */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "true", "y", "yes", "on"].map((word) => [word, true] as const),
  ...["0", "f", "false", "n", "no", "off"].map((word) => [word, false] as const),
]);

/**
 * The items of a list parameter, given all its decoded values in order: commas and repetition both separate, items are
 * trimmed and empty ones dropped. Nothing left counts as absent (registry-api 1).
 */
export function parseListParameter(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",").map((item) => item.trim())).filter((item) => item !== "");
}

/** A boolean parameter, in any case of letters; absent and empty are the same (registry-api 1). */
export function parseBooleanParameter(value: string | null | undefined): ParsedBooleanParameter {
  if (value === undefined || value === null || value === "") return { ok: true, value: undefined };
  const parsed = BOOLEANS.get(value.toLowerCase());
  if (parsed !== undefined) return { ok: true, value: parsed };
  return { ok: false, detail: `strconv.ParseBool: parsing ${goQuote(value)}: invalid syntax` };
}
