/** Agent ids, names and namespaces (registry-api 2.2); what is checked is the form `normalizeForCheck` gives. */
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Capability names (registry-api 2.2), checked as given. */
export const CAPABILITY_NAME_PATTERN = /^[a-zA-Z][a-zA-Z0-9_-]*$/;

/** The form in which names and agent types are stored (registry-api 2.3): always matches `NAME_PATTERN`. */
export function normalizeName(text: string): string {
  return joinWords(text.toLowerCase().replace(/[^a-z0-9-]/g, "-"));
}

/** The form held against `NAME_PATTERN`: only `_` and space are mapped, so that `my.agent` is refused and not renamed. */
export function normalizeForCheck(text: string): string {
  return joinWords(text.toLowerCase().replace(/[_ ]/g, "-"));
}

function joinWords(text: string): string {
  const joined = text.replace(/-+/g, "-").replace(/^-|-$/g, "");
  return joined === "" ? "agent" : joined;
}
