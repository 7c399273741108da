import type { AgentRecord, CapabilityRecord } from "@mcp-mesh/registry/domain/agent";
import semver from "semver";

/** What a list is asked for, as it is meant and before it is written as a query. Null: not asked for. */
export interface Question {
  readonly agentId: string | null;
  readonly namespace: string | null;
  readonly statuses: readonly string[] | null;
  /** `capability` on agents, `name` on capabilities. */
  readonly name: string | null;
  /** Any of these names; agents only, and only where `name` is null. */
  readonly names: readonly string[] | null;
  readonly isFuzzy: boolean | null;
  readonly category: string | null;
  readonly stability: string | null;
  readonly tags: readonly string[] | null;
  readonly version: readonly VersionClause[] | null;
  readonly description: string | null;
  readonly includesDeprecated: boolean | null;
  /** By `label_selector`. */
  readonly labels: readonly LabelRequirement[];
  /** By `labelSelector`, which can say more. */
  readonly furtherLabels: readonly LabelRequirement[];
}

export type LabelRequirement =
  | { readonly kind: "is" | "isNot"; readonly key: string; readonly value: string }
  | { readonly kind: "oneOf" | "noneOf"; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: "has" | "lacks"; readonly key: string }
  | { readonly kind: "above" | "below"; readonly key: string; readonly bound: number };

export type VersionClause =
  | { readonly kind: "anything" }
  | { readonly kind: "unreadable" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "compare"; readonly operator: VersionOperator; readonly bound: WrittenVersion };

export type VersionOperator = ">=" | "<=" | "==" | "=" | "!=" | ">" | "<" | "~" | "^" | "";

/** A version as somebody wrote it, what it means (null: it is none), and how many numbers it has. */
export interface WrittenVersion {
  readonly text: string;
  readonly meant: string | null;
  readonly parts: 1 | 2 | 3;
}

/** Versions that agents have here: registrations need three numbers, files of older registries hold the rest too. */
export const AGENT_VERSIONS: readonly WrittenVersion[] = [
  ...["0.2.0", "0.3.0", "1.0.0-alpha", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0", "1.2.0-rc.1", "1.2.0", "1.2.3"].map(
    (text) => ({ text, meant: text, parts: 3 as const }),
  ),
  ...["1.10.0", "2.0.0-rc.1", "2.0.0", "2.1.0-beta"].map((text) => ({ text, meant: text, parts: 3 as const })),
  { text: "1.2.3+build.5", meant: "1.2.3", parts: 3 },
  { text: "v2.0.0", meant: "2.0.0", parts: 3 },
  { text: "1.2", meant: "1.2.0", parts: 2 },
  { text: "latest", meant: null, parts: 3 },
];

/** The answer of `GET /agents`, by looking at every agent (registry-api 4.8). */
export function naiveAgents(agents: readonly AgentRecord[], asked: Question): AgentRecord[] {
  const { name, names, category, stability, tags, version, includesDeprecated } = asked;
  const asksCapability =
    [name, names, category, stability, tags, version].some((criterion) => criterion !== null) ||
    includesDeprecated === false;
  const capabilityFits = (capability: CapabilityRecord) => {
    if (includesDeprecated === false && capability.stability === "deprecated") return false;
    const wanted = name === null ? names : [name];
    if (wanted !== null) {
      const isNamed = wanted.some((text) =>
        asked.isFuzzy ? isClose(text, capability.name) : text === capability.name,
      );
      if (!isNamed) return false;
    }
    return hasWhatIsAsked(capability, asked);
  };
  return agents
    .filter((agent) => asked.statuses === null || hasStatus(agent, asked.statuses))
    .filter((agent) => isAsked(agent, asked))
    .filter((agent) => !asksCapability || agent.capabilities.filter(capabilityFits).length > 0)
    .sort((a, b) => inOrder([-a.updatedAtMs, a.id], [-b.updatedAtMs, b.id]));
}

/** The answer of `GET /capabilities`, by looking at every capability (registry-api 4.9). */
export function naiveCapabilities(
  agents: readonly AgentRecord[],
  asked: Question,
): { readonly agent: AgentRecord; readonly capability: CapabilityRecord }[] {
  const statuses = asked.statuses ?? ["healthy", "pending"];
  const showsDeprecated = asked.includesDeprecated === true || asked.stability === "deprecated";
  return agents
    .filter((agent) => asked.agentId === null || agent.id === asked.agentId)
    .filter((agent) => statuses.includes("any") || statuses.includes("*") || hasStatus(agent, statuses))
    .filter((agent) => isAsked(agent, asked))
    .flatMap((agent) => agent.capabilities.map((capability) => ({ agent, capability })))
    .filter(({ capability }) => showsDeprecated || capability.stability !== "deprecated")
    .filter(({ capability: { name } }) => {
      if (asked.name === null) return true;
      return asked.isFuzzy ? isClose(asked.name, name) : asked.name.toLowerCase() === name.toLowerCase();
    })
    .filter(({ capability }) => hasWhatIsAsked(capability, asked))
    .filter(({ capability: { description } }) => {
      if (asked.description === null) return true;
      return description?.toLowerCase().includes(asked.description.toLowerCase()) === true;
    })
    .sort((a, b) =>
      inOrder([a.capability.name, a.agent.id, a.capability.id], [b.capability.name, b.agent.id, b.capability.id]),
    );
}

function inOrder(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  if (at < 0) return 0;
  return (a[at] as string | number) < (b[at] as string | number) ? -1 : 1;
}

function hasStatus(agent: AgentRecord, asked: readonly string[]): boolean {
  if (asked.includes(agent.status)) return true;
  return asked.includes("unhealthy") && (agent.status === "degraded" || agent.status === "expired");
}

function isAsked(agent: AgentRecord, asked: Question): boolean {
  const labels = new Map(Object.entries(agent.labels));
  return (
    (asked.namespace === null || agent.namespace === asked.namespace) &&
    [...asked.labels, ...asked.furtherLabels].every((requirement) => meetsLabel(requirement, labels))
  );
}

function meetsLabel(requirement: LabelRequirement, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(requirement.key);
  switch (requirement.kind) {
    case "is":
      return value === requirement.value;
    case "isNot":
      return value !== requirement.value;
    case "oneOf":
      return requirement.values.some((wanted) => wanted === value);
    case "noneOf":
      return requirement.values.every((unwanted) => unwanted !== value);
    case "has":
      return value !== undefined;
    case "lacks":
      return value === undefined;
    case "above":
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) > requirement.bound;
    case "below":
      return value !== undefined && /^-?\d+$/.test(value) && Number(value) < requirement.bound;
  }
}

function hasWhatIsAsked(capability: CapabilityRecord, asked: Question): boolean {
  const { category, stability, tags, version } = asked;
  if (category !== null && category !== capability.category) return false;
  if (stability !== null && stability !== capability.stability) return false;
  if (tags !== null && capability.tags.every((tag) => !tags.includes(tag))) return false;
  return version === null || version.every((clause) => meetsClause(clause, capability.version));
}

function meetsClause(clause: VersionClause, text: string): boolean {
  if (clause.kind === "anything") return true;
  if (clause.kind === "unreadable") return false;
  if (clause.kind === "text") return clause.text === text;
  const version = AGENT_VERSIONS.find((known) => known.text === text)?.meant ?? null;
  const { operator, bound } = clause;
  if (version === null || bound.meant === null) return operator === "!=";
  const order = semver.compare(version, bound.meant);
  const hasSameMajor = semver.major(version) === semver.major(bound.meant);
  const hasSameMinor = hasSameMajor && semver.minor(version) === semver.minor(bound.meant);
  const isEqual = bound.parts === 3 ? order === 0 : bound.parts === 2 ? hasSameMinor : hasSameMajor;
  switch (operator) {
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case "<": {
      const isCandidateOfBound = hasSameMinor && semver.patch(version) === semver.patch(bound.meant);
      return order < 0 && !(isCandidateOfBound && semver.prerelease(bound.meant) === null);
    }
    case "~":
      return order >= 0 && (bound.parts === 1 ? hasSameMajor : hasSameMinor);
    case "^":
      return order >= 0 && hasSameMajor;
    case "!=":
      return !isEqual;
    default:
      return isEqual;
  }
}

/** Registry-api 5.2, read literally. */
function isClose(query: string, name: string): boolean {
  const wanted = query.toLowerCase();
  const offered = name.toLowerCase();
  if (wanted === offered || offered.includes(wanted)) return true;
  const longest = Math.max(wanted.length, offered.length);
  // In tenths, for 1 - 3/10 is not 0.7 in floating point.
  return (longest - edits(wanted, offered)) * 10 >= longest * 7;
}

/** Levenshtein distance by its definition: the whole table. */
function edits(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const swapped = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      (table[i] as number[])[j] = Math.min(swapped, at(i - 1, j) + 1, at(i, j - 1) + 1);
    }
  }
  return at(a.length, b.length);
}
