import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import fc from "fast-check";
import { agentRecord, CREATED_AT_MS, capabilityRecord } from "./agent-record.ts";
import { AGENT_VERSIONS, type LabelRequirement, type Question, type VersionClause } from "./naive-filter.ts";

/** Keys that objects have without anybody's doing. */
const INHERITED = ["__proto__", "constructor", "toString"];
const NAMESPACES = ["default", "staging", "Default", ...INHERITED];
const LABEL_KEYS = ["env", "team", "level", "Env", "in", "notin", "app.kubernetes.io/name", ...INHERITED];
const LABEL_VALUES = ["prod", "dev", "Prod", "b=c", "", "10", "9", "-3", "two words", ...INHERITED];
const STATUSES = [
  "healthy",
  "pending",
  "degraded",
  "expired",
  "offline",
  "unhealthy",
  "unknown",
  "busy",
  "constructor",
];
const CATEGORIES = ["files", "data", "Files", ...INHERITED];
const STABILITIES = ["stable", "beta", "experimental", "deprecated"];
const TAGS = ["ml", "io", "ML", "two words", ...INHERITED];
const DESCRIPTIONS = ["Reads a File", "reads files", "100%_sure", "\u00c9tude", ""];
const NAMES = [
  ...["greeting", "Greeting", "GREETING", "greetings", "read_file", "read-file", "Read_File", "file", "process_data"],
  ...["proces_data", "data", "date", "abc", "abd", "\u00e9tude", "\u00c9TUDE", "e\u0301tude", ...INHERITED],
];

/** Few moments, so that many agents changed at the same one. */
const moment = fc.integer({ min: 0, max: 5 }).map((seconds) => CREATED_AT_MS + seconds * 1000);
const from = <T>(values: readonly T[]) => fc.constantFrom(...values);
const someOf = <T>(values: readonly T[], maxLength: number) => fc.uniqueArray(from(values), { maxLength });

const capability = fc
  .record({
    id: fc.integer({ min: 1, max: 1_000_000 }),
    name: from(NAMES),
    version: from(AGENT_VERSIONS).map(({ text }) => text),
    description: fc.option(from(DESCRIPTIONS)),
    category: fc.option(from(CATEGORIES)),
    stability: from(STABILITIES),
    tags: someOf(TAGS, 3),
  })
  .map((fields) => capabilityRecord(fields));

const agentFields = fc.record({
  namespace: from(NAMESPACES),
  status: fc.oneof({ weight: 2, arbitrary: fc.constant("healthy") }, { weight: 3, arbitrary: from(STATUSES) }),
  labels: fc
    .uniqueArray(fc.tuple(from(LABEL_KEYS), from(LABEL_VALUES)), { maxLength: 4, selector: ([key]) => key })
    .map((entries) => Object.fromEntries(entries)),
  // Looked at by no filter: those are about the tags and the version of capabilities.
  tags: someOf(TAGS, 2),
  version: from(AGENT_VERSIONS).map(({ text }) => text),
  updatedAtMs: moment,
  capabilities: fc.uniqueArray(capability, { maxLength: 4, selector: ({ id }) => id }),
});

/** Something that happens to one agent; `unseen` moves its log version only, as another choice of provider does. */
export type Happening =
  | { readonly kind: "put"; readonly record: AgentRecord }
  | { readonly kind: "deleted" | "unseen"; readonly id: string };

const agentId = (count: number) => fc.integer({ min: 1, max: count }).map((number) => `agent-${number}`);
const put = (id: fc.Arbitrary<string>): fc.Arbitrary<Happening> =>
  fc.tuple(id, agentFields).map(([id, fields]) => ({ kind: "put", record: agentRecord({ id, ...fields }) }));

/** Changes of a registry of up to `count` agents: new records (of those that are there, too), and deletions. */
export function arbitraryHappenings(count: number, maxLength: number): fc.Arbitrary<Happening[]> {
  const id = agentId(count);
  const other = fc.record({ kind: fc.constantFrom("deleted" as const, "deleted" as const, "unseen" as const), id });
  const happening = fc.oneof({ weight: 2, arbitrary: put(id) }, { weight: 1, arbitrary: other });
  return fc.array(happening, { maxLength, size: "max" });
}

/** 5 to 60 agents, and what becomes of them. */
export const arbitraryHistory: fc.Arbitrary<Happening[]> = fc.integer({ min: 5, max: 60 }).chain((count) => {
  const first = Array.from({ length: count }, (_, index) => put(fc.constant(`agent-${index + 1}`)));
  return fc.tuple(fc.tuple(...first), arbitraryHappenings(count, 30)).map(([puts, later]) => [...puts, ...later]);
});

/** A name as somebody may type it who means this one. */
function nearly(name: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: name.length - 1 });
  return fc.oneof(
    fc.constant(name),
    fc.constant(name.toUpperCase()),
    at.map((start) => name.slice(start)),
    at.map((gap) => name.slice(0, gap) + name.slice(gap + 1)).filter((text) => text !== ""),
    at.map((gap) => `${name.slice(0, gap)}x${name.slice(gap + 1)}`),
  );
}

function arbitraryRequirement(target: AgentRecord, isFull: boolean): fc.Arbitrary<LabelRequirement> {
  const owned = Object.entries(target.labels);
  const anyPair = fc.tuple(from(LABEL_KEYS), from(LABEL_VALUES));
  const pair = owned.length === 0 ? anyPair : mostly(from(owned), anyPair);
  const further = fc.array(from(LABEL_VALUES), { maxLength: 2 });
  // Without a single value a set is an error, and `k in ()` is how a set of one empty value would be written.
  const set = fc
    .tuple(pair, further)
    .map(([[key, value], more]) => ({ key, values: [value, ...more] }))
    .filter(({ values }) => values.join() !== "");
  const kinds: fc.Arbitrary<LabelRequirement>[] = [
    fc.tuple(from(["is", "is", "isNot"] as const), pair).map(([kind, [key, value]]) => ({ kind, key, value })),
    fc.tuple(from(["oneOf", "oneOf", "noneOf"] as const), set).map(([kind, keyed]) => ({ kind, ...keyed })),
    from(LABEL_KEYS).map((key) => ({ kind: "lacks", key })),
  ];
  if (isFull) {
    const bound = fc.integer({ min: -4, max: 11 });
    kinds.push(
      pair.map(([key]) => ({ kind: "has", key })),
      fc.tuple(from(["above", "below"] as const), pair, bound).map(([kind, [key], bound]) => ({ kind, key, bound })),
    );
  }
  return fc.oneof(...kinds);
}

const clause: fc.Arbitrary<VersionClause> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("compare" as const),
      operator: fc.constantFrom(">=", "<=", "==", "=", "!=", ">", "<", "~", "^", ""),
      bound: from([
        ...AGENT_VERSIONS.filter(({ meant }) => meant !== null),
        { text: "1", meant: "1.0.0", parts: 1 as const },
        { text: "2", meant: "2.0.0", parts: 1 as const },
        { text: "2.0", meant: "2.0.0", parts: 2 as const },
      ]),
    }),
  },
  {
    weight: 1,
    arbitrary: from<VersionClause>([
      { kind: "anything" },
      { kind: "unreadable" },
      { kind: "text", text: "latest" },
      { kind: "text", text: "newest" },
    ]),
  },
);

const mostly = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: other });

/** Asked for in one question of three: with everything asked at once, hardly an answer would hold anything. */
const perhaps = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });

/** Questions that mostly the given agent answers: it is, or once was, in the registry that is asked. */
function questionFor(target: AgentRecord): fc.Arbitrary<Question> {
  return fc.nat({ max: Math.max(0, target.capabilities.length - 1) }).chain((index) => {
    const offered = target.capabilities[index] ?? capabilityRecord();
    const tagsOffered = offered.tags.length > 0 ? offered.tags : TAGS;
    const name = mostly(nearly(offered.name), from(NAMES).chain(nearly));
    const description = offered.description === null || offered.description === "" ? "file" : offered.description;
    const requirements = (isFull: boolean) => fc.array(arbitraryRequirement(target, isFull), { maxLength: 2 });
    return fc.record({
      agentId: perhaps(mostly(fc.constant(target.id), agentId(70))),
      namespace: perhaps(mostly(fc.constant(target.namespace), from([...NAMESPACES, "nowhere"]))),
      statuses: perhaps(
        fc.array(mostly(fc.constant(target.status), from([...STATUSES, "any", "*"])), { minLength: 1, maxLength: 3 }),
      ),
      name: perhaps(name),
      names: perhaps(fc.array(name, { minLength: 1, maxLength: 3 })),
      isFuzzy: fc.constantFrom(true, false, null),
      category: perhaps(mostly(fc.constant(offered.category ?? "files"), from(CATEGORIES))),
      stability: perhaps(mostly(fc.constant(offered.stability), from([...STABILITIES, "odd"]))),
      tags: perhaps(fc.array(mostly(from(tagsOffered), from(TAGS)), { minLength: 1, maxLength: 3 })),
      version: perhaps(fc.array(clause, { minLength: 1, maxLength: 2 })),
      description: perhaps(mostly(nearly(description), from(["%", "_", "READS"]))),
      includesDeprecated: perhaps(fc.boolean()),
      labels: perhaps(requirements(false)).map((given) => given ?? []),
      furtherLabels: perhaps(requirements(true)).map((given) => given ?? []),
    });
  });
}

export function arbitraryQuestion(history: readonly Happening[]): fc.Arbitrary<Question> {
  const records = history.flatMap((happening) => (happening.kind === "put" ? [happening.record] : []));
  return from(records).chain(questionFor);
}

/** In which of the ways that mean the same a question is written. */
export interface Spelling {
  readonly usesAliases: boolean;
  readonly repeatsParameters: boolean;
  readonly isSpaced: boolean;
  readonly hasEmptyParameters: boolean;
  readonly yes: string;
  readonly no: string;
}

export const arbitrarySpelling: fc.Arbitrary<Spelling> = fc.record({
  usesAliases: fc.boolean(),
  repeatsParameters: fc.boolean(),
  isSpaced: fc.boolean(),
  hasEmptyParameters: fc.boolean(),
  yes: fc.constantFrom("1", "t", "true", "True", "y", "YES", "on"),
  no: fc.constantFrom("0", "f", "false", "FALSE", "n", "No", "off"),
});

/** The question as the query of `GET /agents` (registry-api 4.8). */
export function agentQuery(asked: Question, spelling: Spelling): string {
  return written(asked, spelling, [
    ["namespace", "namespace", asked.namespace],
    ["status", "status", asked.statuses],
    ["capability", "capability", asked.name],
    ["capabilities", "capabilities", asked.names],
    ["capability_category", "category", asked.category],
    ["capability_stability", "stability", asked.stability],
    ["capability_tags", "tags", asked.tags],
  ]);
}

/** The question as the query of `GET /capabilities` (registry-api 4.9). */
export function capabilityQuery(asked: Question, spelling: Spelling): string {
  return written(asked, spelling, [
    ["agent_id", "agent_id", asked.agentId],
    ["agent_namespace", "namespace", asked.namespace],
    ["agent_status", "status", asked.statuses],
    ["name", "capability_name", asked.name],
    ["category", "capability_category", asked.category],
    ["stability", "capability_stability", asked.stability],
    ["tags", "capability_tags", asked.tags],
    ["description_contains", "description_contains", asked.description],
  ]);
}

type Parameter = readonly [name: string, alias: string, value: string | readonly string[] | null];

function written(asked: Question, spelling: Spelling, own: readonly Parameter[]): string {
  const comma = spelling.isSpaced ? " , " : ",";
  const selector = (labels: readonly LabelRequirement[]) =>
    labels.length === 0 ? null : labels.map((requirement) => writtenRequirement(requirement, spelling)).join(comma);
  const boolean = (value: boolean | null) => (value === null ? null : value ? spelling.yes : spelling.no);
  const parameters: readonly Parameter[] = [
    ...own,
    ["fuzzy_match", "fuzzy_match", boolean(asked.isFuzzy)],
    ["include_deprecated", "include_deprecated", boolean(asked.includesDeprecated)],
    ["label_selector", "label_selector", selector(asked.labels)],
    ["labelSelector", "labelSelector", selector(asked.furtherLabels)],
    [
      "version_constraint",
      "version_constraint",
      asked.version?.map((clause) => writtenClause(clause, spelling)).join(comma) ?? null,
    ],
  ];
  const query = new URLSearchParams();
  for (const [name, alias, value] of parameters) {
    const key = spelling.usesAliases ? alias : name;
    if (value === null) {
      if (spelling.hasEmptyParameters) query.append(key, "");
    } else if (typeof value === "string") query.append(key, value);
    else if (spelling.repeatsParameters) for (const item of value) query.append(key, item);
    else query.append(key, value.join(comma));
  }
  return query.toString();
}

function writtenRequirement(requirement: LabelRequirement, { isSpaced }: Spelling): string {
  const { key } = requirement;
  switch (requirement.kind) {
    case "is":
      return isSpaced ? `${key} == ${requirement.value}` : `${key}=${requirement.value}`;
    case "isNot":
      return isSpaced ? `${key} != ${requirement.value}` : `${key}!=${requirement.value}`;
    case "oneOf":
      return `${key} in (${requirement.values.join(isSpaced ? " , " : ",")})`;
    case "noneOf":
      return `${key} notin (${requirement.values.join(",")})`;
    case "has":
      return key;
    case "lacks":
      return `!${key}`;
    case "above":
      return `${key}>${requirement.bound}`;
    case "below":
      return `${key} < ${requirement.bound}`;
  }
}

function writtenClause(clause: VersionClause, { isSpaced }: Spelling): string {
  switch (clause.kind) {
    case "anything":
      return "*";
    case "unreadable":
      return ">=bogus";
    case "text":
      return clause.text;
    case "compare":
      return `${clause.operator}${isSpaced ? " " : ""}${clause.bound.text}`;
  }
}
