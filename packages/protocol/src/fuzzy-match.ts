import { distance } from "fastest-levenshtein";

/**
 * Whether a capability name is what somebody may have meant by `query` (registry-api 5.2), regardless of case: equal,
 * containing it, or at least 70 % alike by Levenshtein distance over the longer text. Nothing matches an empty text.
 */
export function fuzzyMatches(query: string, name: string): boolean {
  if (query === "" || name === "") return false;
  const wanted = query.toLowerCase();
  const offered = name.toLowerCase();
  if (offered.includes(wanted)) return true;
  // ratio >= 0.7 without the rounding of fractions: distance * 10 <= longest * 3.
  const longest = Math.max(wanted.length, offered.length);
  // The distance is at least the difference in length, so most names need no matrix.
  if (Math.abs(wanted.length - offered.length) * 10 > longest * 3) return false;
  return distance(wanted, offered) * 10 <= longest * 3;
}
