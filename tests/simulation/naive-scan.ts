/**
 * Discovery as somebody would write it who has never seen the registry's: each agent on the wire is held against each part of
 * the question (registry-api 4.8, 4.9, 5.2 to 5.4). Takes questions, not texts; how they are written is `questions.ts`.
 */
export interface WireCapability {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  readonly category: string | null;
  readonly stability: string;
  readonly tags: readonly string[];
}

export interface WireAgent {
  readonly id: string;
  readonly namespace: string;
  readonly status: string;
  readonly labels: { readonly [key: string]: string };
  readonly capabilities: readonly WireCapability[];
}

export type LabelQuestion =
  | { readonly ask: "=" | "==" | "!="; readonly key: string; readonly value: string }
  | { readonly ask: "in" | "notin"; readonly key: string; readonly values: readonly string[] }
  | { readonly ask: "there" | "absent"; readonly key: string }
  | { readonly ask: ">" | "<"; readonly key: string; readonly value: number };

export type VersionQuestion =
  | { readonly ask: "*" }
  | { readonly ask: "compare"; readonly sign: Sign; readonly version: WrittenVersion }
  /** No version at all, perhaps after a sign. */
  | { readonly ask: "text"; readonly sign: Sign; readonly text: string };

export type Sign = "" | "=" | "==" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "^";

export interface WrittenVersion {
  /** One to three. */
  readonly parts: readonly number[];
  readonly prerelease: readonly (string | number)[];
}

/** What a question may ask of both lists; what is undefined is not asked. */
export interface Question {
  readonly namespace?: string | undefined;
  readonly statuses?: readonly string[] | undefined;
  readonly labels: readonly LabelQuestion[];
  readonly names?: readonly string[] | undefined;
  readonly isFuzzy: boolean;
  readonly category?: string | undefined;
  readonly stability?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly versions: readonly VersionQuestion[];
  readonly includesDeprecated?: boolean | undefined;
  /** `GET /capabilities` only. */
  readonly agentId?: string | undefined;
  readonly describedBy?: string | undefined;
}

export function scanAgents(agents: readonly WireAgent[], question: Question): readonly WireAgent[] {
  const isAboutCapabilities =
    question.names !== undefined ||
    question.category !== undefined ||
    question.stability !== undefined ||
    question.tags !== undefined ||
    question.versions.length > 0 ||
    question.includesDeprecated === false;
  return agents.filter((agent) => {
    if (!isAgentMeant(agent, question, undefined)) return false;
    if (!isAboutCapabilities) return true;
    // All of it must hold of one and the same capability.
    return agent.capabilities.some(
      (capability) =>
        (question.names === undefined ||
          question.names.some((name) => isNamed(capability.name, name, question.isFuzzy))) &&
        !(question.includesDeprecated === false && capability.stability === "deprecated") &&
        isCapabilityMeant(capability, question),
    );
  });
}

export function scanCapabilities(
  agents: readonly WireAgent[],
  question: Question,
): readonly { readonly agent: WireAgent; readonly capability: WireCapability }[] {
  const found: { agent: WireAgent; capability: WireCapability }[] = [];
  for (const agent of agents) {
    if (!isAgentMeant(agent, question, ["healthy", "pending"])) continue;
    for (const capability of agent.capabilities) {
      const name = question.names?.[0];
      if (name !== undefined) {
        const isMeant = question.isFuzzy
          ? isNamed(capability.name, name, true)
          : capability.name.toLowerCase() === name.toLowerCase();
        if (!isMeant) continue;
      }
      const isHidden = capability.stability === "deprecated" && question.includesDeprecated !== true;
      if (isHidden && question.stability !== "deprecated") continue;
      if (question.describedBy !== undefined) {
        if (!(capability.description ?? "").toLowerCase().includes(question.describedBy.toLowerCase())) continue;
        if (capability.description === null) continue;
      }
      if (isCapabilityMeant(capability, question)) found.push({ agent, capability });
    }
  }
  return found.sort(
    (a, b) =>
      compare(a.capability.name, b.capability.name) ||
      compare(a.agent.id, b.agent.id) ||
      a.capability.id - b.capability.id,
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function isAgentMeant(agent: WireAgent, question: Question, usually: readonly string[] | undefined): boolean {
  if (question.agentId !== undefined && agent.id !== question.agentId) return false;
  if (question.namespace !== undefined && agent.namespace !== question.namespace) return false;
  const statuses = question.statuses ?? usually;
  if (statuses !== undefined && !(usually && statuses.some((status) => status === "any" || status === "*"))) {
    const isOverdue = agent.status === "degraded" || agent.status === "expired";
    if (!statuses.includes(agent.status) && !(isOverdue && statuses.includes("unhealthy"))) return false;
  }
  return question.labels.every((label) => isLabelled(agent.labels, label));
}

function isLabelled(labels: WireAgent["labels"], question: LabelQuestion): boolean {
  const value = new Map(Object.entries(labels)).get(question.key);
  switch (question.ask) {
    case "=":
    case "==":
      return value === question.value;
    case "!=":
      return value !== question.value;
    case "in":
      return value !== undefined && question.values.includes(value);
    case "notin":
      return value === undefined || !question.values.includes(value);
    case "there":
      return value !== undefined;
    case "absent":
      return value === undefined;
    case ">":
    case "<": {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      return question.ask === ">" ? Number(value) > question.value : Number(value) < question.value;
    }
  }
}

function isCapabilityMeant(capability: WireCapability, question: Question): boolean {
  if (question.category !== undefined && capability.category !== question.category) return false;
  if (question.stability !== undefined && capability.stability !== question.stability) return false;
  if (question.tags !== undefined && !question.tags.some((tag) => capability.tags.includes(tag))) return false;
  return question.versions.every((asked) => isVersionMeant(capability.version, asked));
}

function isNamed(name: string, query: string, isFuzzy: boolean): boolean {
  if (!isFuzzy) return name === query;
  if (name === "" || query === "") return false;
  const [n, q] = [name.toLowerCase(), query.toLowerCase()];
  return n.includes(q) || 1 - levenshtein(n, q) / Math.max(n.length, q.length) >= 0.7 - 1e-9;
}

function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function isVersionMeant(text: string, question: VersionQuestion): boolean {
  if (question.ask === "*") return true;
  if (question.ask === "text") return question.sign === "" && text === question.text;
  const version = readVersion(text);
  if (version === null) return question.sign === "!=";
  const { sign, version: bound } = question;
  const order = orderOf(version, bound);
  const isPrefix = bound.parts.length < 3 && bound.prerelease.length === 0;
  const isEqual = isPrefix ? bound.parts.every((part, index) => version.parts[index] === part) : order === 0;
  const isSameMajor = version.parts[0] === bound.parts[0];
  switch (sign) {
    case "":
    case "=":
    case "==":
      return isEqual;
    case "!=":
      return !isEqual;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case "<": {
      const isPrereleaseOfBound = version.prerelease.length > 0 && sameParts(version, bound);
      return order < 0 && !(bound.prerelease.length === 0 && isPrereleaseOfBound);
    }
    case "^":
      return isSameMajor && order >= 0;
    case "~": {
      // `~1` leaves the minor part open; `~1-rc` means 1.0.0-rc.
      const isSameMinor =
        bound.parts.length === 1 && bound.prerelease.length === 0 ? true : version.parts[1] === (bound.parts[1] ?? 0);
      return isSameMajor && isSameMinor && order >= 0;
    }
  }
}

/** One to three numbers, then perhaps a prerelease and a build, which does not count. */
function readVersion(text: string): WrittenVersion | null {
  const [withoutBuild = ""] = text.replace(/^v/i, "").split("+");
  const dash = withoutBuild.indexOf("-");
  const core = dash < 0 ? withoutBuild : withoutBuild.slice(0, dash);
  if (!/^\d+(\.\d+){0,2}$/.test(core)) return null;
  const prerelease = dash < 0 ? [] : withoutBuild.slice(dash + 1).split(".");
  if (!prerelease.every((part) => /^[0-9A-Za-z-]+$/.test(part))) return null;
  return {
    parts: [...core.split(".").map(Number), 0, 0].slice(0, 3),
    prerelease: prerelease.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
  };
}

const partAt = ({ parts }: WrittenVersion, index: number): number => parts[index] ?? 0;

const sameParts = (a: WrittenVersion, b: WrittenVersion): boolean =>
  [0, 1, 2].every((index) => partAt(a, index) === partAt(b, index));

/** SemVer 2.0, section 11. */
function orderOf(a: WrittenVersion, b: WrittenVersion): number {
  for (const index of [0, 1, 2]) {
    if (partAt(a, index) !== partAt(b, index)) return partAt(a, index) - partAt(b, index);
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length;
  for (let index = 0; index < Math.max(a.prerelease.length, b.prerelease.length); index++) {
    const [left, right] = [a.prerelease[index], b.prerelease[index]];
    if (left === right) continue;
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (typeof left === "number" && typeof right === "number") return left - right;
    if (typeof left === "number") return -1;
    if (typeof right === "number") return 1;
    return compare(left, right);
  }
  return 0;
}
