/** Control characters, format characters (direction overrides) and separators; JSON lets all but the first 32 through raw. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const UNSAFE_ALL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * JSON on one line in which no character is left that could drive a terminal or forge a line (spec README, "Hostile text
 * stays text"). Parses to the same value as `JSON.stringify` of it.
 */
export function toSafeJson(value: unknown): string {
  const json = JSON.stringify(value);
  return UNSAFE.test(json) ? json.replace(UNSAFE_ALL, escapeUnits) : json;
}

/** JSON has only `\u` and four digits: a character beyond the first plane takes two. */
function escapeUnits(character: string): string {
  let escaped = "";
  for (let unit = 0; unit < character.length; unit += 1) {
    escaped += `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
