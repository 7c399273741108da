import type { SemVer } from "semver";
import parseSemVer from "semver/functions/parse.js";

/**
 * Version constraints (registry-api 5.3): clauses separated by commas, all of which must hold. The meaning of the operators
 * is the registry's own and not npm's: `^` and `~` look at the major (and minor) part only, so `^0.2.0` admits 0.3.0.
 *
 *   clause   = "*" | [">=" | "<=" | "==" | "!=" | ">" | "<" | "=" | "~" | "^"] VERSION | any other text
 *   VERSION  = ["v"] MAJOR ["." MINOR ["." PATCH]] ["-" PRERELEASE] ["+" BUILD]
 */
export interface VersionConstraint {
  readonly clauses: readonly Clause[];
}

type Operator = ">=" | "<=" | "!=" | ">" | "<" | "=" | "~" | "^";

type Clause =
  | { readonly kind: "compare"; readonly operator: Operator; readonly bound: SemVer; readonly precision: Precision }
  /** A bare text that is no version: matches the equal string. */
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "never" };

/** How much of a version was written out. `1.2` stands for any 1.2.x where equality is asked, and for 1.2.0 elsewhere. */
type Precision = "major" | "minor" | "exact";

/** A constraint is held against every agent, so its size is a factor of the cost of a request. */
const MAX_CLAUSES = 32;

/** The library refuses longer ones; saying so first keeps them out of the memo. */
const MAX_VERSION_LENGTH = 256;

/** A fleet has few distinct versions. When more come by, the oldest make room. */
const MAX_MEMO_ENTRIES = 4096;
const versionMemo = new Map<string, SemVer | null>();

const CLAUSE = /^(>=|<=|==|!=|[><=~^])?\s*(.*)$/s;
const VERSION =
  /^[vV]?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/**
 * Compiles a constraint, to be kept while many versions are matched. Never throws: empty text and `*` match everything,
 * what cannot be read (or has more than 32 clauses) matches nothing.
 */
export function parseVersionConstraint(text: string): VersionConstraint {
  const parts = text.split(",", MAX_CLAUSES + 1).map((part) => part.trim());
  if (parts.length > MAX_CLAUSES) return { clauses: [{ kind: "never" }] };
  return { clauses: parts.filter((part) => part !== "" && part !== "*").map(parseClause) };
}

/** Whether a version, as an agent wrote it, meets the constraint. One that is no version meets only `!=`, `*` and equal text. */
export function satisfies(constraint: VersionConstraint, version: string): boolean {
  return constraint.clauses.every((clause) => meetsClause(clause, version));
}

/** SemVer 2.0 in full and nothing else: `1.0.0`, `1.0.0-rc.1+build`; not `v1.0.0`, `1.0`, ` 1.0.0`. At most 256 characters. */
export function isSemVer(text: string): boolean {
  // The library drops surrounding whitespace and a leading "v", which the format does not know.
  return /^\d\S*$/.test(text) && parseSemVer(text) !== null;
}

/**
 * Negative when `a` is the lower version, for sorting. SemVer precedence (builds are equal); texts that are no versions are
 * below all versions, and among themselves in the order of their code units.
 */
export function compareVersions(a: string, b: string): number {
  const left = readVersion(a);
  const right = readVersion(b);
  if (left !== null && right !== null) return left.compare(right);
  if (left !== null) return 1;
  if (right !== null) return -1;
  return a === b ? 0 : a < b ? -1 : 1;
}

function parseClause(text: string): Clause {
  const match = CLAUSE.exec(text);
  const sign = match?.[1];
  // In a URL the "+" before a build arrives as a space (registry-api 5.3).
  const written = (match?.[2] ?? "").replace(" ", "+");
  const bound = parseVersion(written);
  if (bound !== null) return { kind: "compare", operator: toOperator(sign), ...bound };
  return sign === undefined ? { kind: "text", text } : { kind: "never" };
}

function toOperator(sign: string | undefined): Operator {
  return sign === undefined || sign === "==" ? "=" : (sign as Operator);
}

function meetsClause(clause: Clause, text: string): boolean {
  if (clause.kind === "never") return false;
  if (clause.kind === "text") return clause.text === text;
  const version = readVersion(text);
  if (version === null) return clause.operator === "!=";
  return meetsBound(version, clause.operator, clause.bound, clause.precision);
}

function meetsBound(version: SemVer, operator: Operator, bound: SemVer, precision: Precision): boolean {
  switch (operator) {
    case ">=":
      return version.compare(bound) >= 0;
    case ">":
      return version.compare(bound) > 0;
    case "<=":
      return version.compare(bound) <= 0;
    case "<":
      // Who asks for less than 2.0.0 does not want its release candidates.
      return version.compare(bound) < 0 && (bound.prerelease.length > 0 || version.compareMain(bound) !== 0);
    case "=":
      return isEqual(version, bound, precision);
    case "!=":
      return !isEqual(version, bound, precision);
    case "^":
      return version.major === bound.major && version.compare(bound) >= 0;
    case "~":
      return (
        version.major === bound.major &&
        (precision === "major" || version.minor === bound.minor) &&
        version.compare(bound) >= 0
      );
  }
}

function isEqual(version: SemVer, bound: SemVer, precision: Precision): boolean {
  if (precision === "exact") return version.compare(bound) === 0;
  return version.major === bound.major && (precision === "major" || version.minor === bound.minor);
}

function readVersion(text: string): SemVer | null {
  if (text.length > MAX_VERSION_LENGTH) return null;
  const known = versionMemo.get(text);
  if (known !== undefined) return known;
  const version = parseVersion(text)?.bound ?? null;
  if (versionMemo.size >= MAX_MEMO_ENTRIES) versionMemo.delete(versionMemo.keys().next().value ?? "");
  versionMemo.set(text, version);
  return version;
}

/**
 * Reads more than SemVer admits, since files made by older registries hold such versions and their users compare them:
 * missing parts are zero, and leading zeros (`2025.06.01`) do not count.
 */
function parseVersion(text: string): { readonly bound: SemVer; readonly precision: Precision } | null {
  if (text.length > MAX_VERSION_LENGTH) return null;
  const match = VERSION.exec(text);
  if (match === null) return null;
  const [, major = "0", minor, patch, prerelease] = match;
  const core = [major, minor ?? "0", patch ?? "0"].map(withoutLeadingZeros).join(".");
  const bound = parseSemVer(prerelease === undefined ? core : `${core}-${toSemVerPrerelease(prerelease)}`);
  if (bound === null) return null;
  // `=1.2-rc` cannot mean "any 1.2.x": with a prerelease, one version is meant.
  const isWhole = patch !== undefined || prerelease !== undefined;
  return { bound, precision: isWhole ? "exact" : minor === undefined ? "major" : "minor" };
}

function toSemVerPrerelease(text: string): string {
  return text
    .split(".")
    .map((identifier) => (/^\d+$/.test(identifier) ? withoutLeadingZeros(identifier) : identifier))
    .join(".");
}

function withoutLeadingZeros(digits: string): string {
  return digits.replace(/^0+(?=\d)/, "");
}
