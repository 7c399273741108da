import fc from "fast-check";
import type { LabelQuestion, Question, Sign, VersionQuestion, WrittenVersion } from "./naive-scan.ts";

/*
 * Questions that agents of `arbitraryRegistry` may or may not meet, and the ways to write them as a query: aliases, lists by
 * comma or by repetition, spaces, empty parameters, parameters nobody knows.
 */

export const NAMES = [
  "greeting",
  "Greeting",
  "greetings",
  "read_file",
  "read-file",
  "data",
  "date",
  "calculator",
] as const;
export const NAMESPACES = ["default", "team", "Team"] as const;
export const CATEGORIES = ["text", "data"] as const;
export const STABILITIES = ["stable", "beta", "deprecated"] as const;
export const TAGS = ["a", "b", "demo tag"] as const;
export const STATUSES = ["healthy", "pending", "degraded", "expired", "unhealthy", "offline", "busy"] as const;
export const LABEL_KEYS = ["env", "tier", "constructor", "__proto__", "a.b/c"] as const;
export const LABEL_VALUES = ["prod", "dev", "", "3", "+10", "-2", "b=c"] as const;
export const DESCRIPTIONS = ["Says hello", "HELLO there", ""] as const;
export const IDS = ["agent-1", "agent-2", "agent-3", "agent-10", "agent-20", "Agent-1", "a", "b"] as const;

export interface Asked {
  readonly question: Question;
  /** As in a URL, without the question mark. */
  readonly query: string;
}

const some = <T>(items: readonly T[]) => fc.subarray([...items], { minLength: 1, maxLength: 3 });
const one = <T>(items: readonly T[]) => fc.constantFrom(...items);
const writtenVersion: fc.Arbitrary<WrittenVersion> = fc.record({
  parts: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 3 }),
  prerelease: fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.oneof(one(["rc", "alpha"]), fc.integer({ min: 0, max: 11 })), {
        minLength: 1,
        maxLength: 2,
      }),
    },
  ),
});

export const printVersion = ({ parts, prerelease }: WrittenVersion): string =>
  `${parts.join(".")}${prerelease.length > 0 ? `-${prerelease.join(".")}` : ""}`;

/** What agents write: mostly versions, in the forms that files of older registries hold. */
export const versionText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: writtenVersion.map(printVersion) },
  { weight: 1, arbitrary: writtenVersion.map((version) => `v${printVersion(version)}`) },
  { weight: 1, arbitrary: writtenVersion.map((version) => `${printVersion(version)}+build.5`) },
  { weight: 1, arbitrary: one(["01.2.0", "banana", "1.2.3.4", "latest"]) },
);

const SIGNS: readonly Sign[] = ["", "=", "==", "!=", ">", ">=", "<", "<=", "~", "^"];

const versionQuestion: fc.Arbitrary<VersionQuestion> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ ask: "*" as const }) },
  {
    weight: 8,
    arbitrary: fc.record({ ask: fc.constant("compare" as const), sign: one(SIGNS), version: writtenVersion }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ask: fc.constant("text" as const),
      sign: one(SIGNS),
      text: one(["banana", "1.2.3.4", "x"]),
    }),
  },
);

function printVersionQuestion(question: VersionQuestion, space: string): string {
  switch (question.ask) {
    case "*":
      return "*";
    case "compare":
      return `${question.sign}${space}${printVersion(question.version)}`;
    case "text":
      return `${question.sign}${space}${question.text}`;
  }
}

/** What both grammars know. */
const plainLabel: fc.Arbitrary<LabelQuestion> = fc.oneof(
  fc.record({ ask: one(["=", "==", "!="] as const), key: one(LABEL_KEYS), value: one(LABEL_VALUES) }),
  fc.record({
    ask: one(["in", "notin"] as const),
    key: one(LABEL_KEYS),
    values: some(LABEL_VALUES.filter((value) => value !== "")),
  }),
  fc.record({ ask: fc.constant("absent" as const), key: one(LABEL_KEYS) }),
);

const fullLabel: fc.Arbitrary<LabelQuestion> = fc.oneof(
  { weight: 2, arbitrary: plainLabel },
  { weight: 1, arbitrary: fc.record({ ask: fc.constant("there" as const), key: one(LABEL_KEYS) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ask: one([">", "<"] as const),
      key: one(LABEL_KEYS),
      value: fc.integer({ min: -3, max: 11 }),
    }),
  },
);

function printLabel(question: LabelQuestion, space: string): string {
  switch (question.ask) {
    case "there":
      return question.key;
    case "absent":
      return `!${space}${question.key}`;
    case "in":
    case "notin":
      return `${question.key} ${question.ask} ${space}(${question.values.join(`,${space}`)})`;
    default:
      return `${question.key}${space}${question.ask}${space}${question.value}`;
  }
}

/** A parameter under one of its names; a list also split by commas or repeated. */
type Parameter = readonly [name: string, value: string];

const list = (names: readonly string[], values: readonly string[]): fc.Arbitrary<Parameter[]> =>
  fc
    .tuple(one(names), fc.boolean(), one(["", " "]))
    .map(([name, isRepeated, space]) =>
      isRepeated
        ? values.map((value): Parameter => [name, `${space}${value}`])
        : [[name, values.join(`,${space}`)] satisfies Parameter],
    );

const single = (names: readonly string[], value: string): fc.Arbitrary<Parameter[]> =>
  one(names).map((name) => [[name, value] satisfies Parameter]);

/** Words the registry takes for yes and no (registry-api 1). */
const yesOrNo = (value: boolean): fc.Arbitrary<string> =>
  value ? one(["true", "1", "YES", "on", "t"]) : one(["false", "0", "No", "off", "F"]);

interface Draft extends Omit<Question, "labels" | "isFuzzy" | "versions"> {
  readonly fuzzy?: boolean | undefined;
  readonly plainLabels?: readonly LabelQuestion[];
  readonly fullLabels?: readonly LabelQuestion[];
  readonly versions?: readonly VersionQuestion[];
}

type Criteria = { readonly [Key in keyof Draft]?: fc.Arbitrary<Draft[Key]> };

const criteria = {
  namespace: one(NAMESPACES),
  statuses: some(STATUSES),
  category: one(CATEGORIES),
  stability: one(STABILITIES),
  tags: some(TAGS),
  versions: fc.array(versionQuestion, { minLength: 1, maxLength: 2 }),
  includesDeprecated: fc.boolean(),
  plainLabels: fc.array(plainLabel, { minLength: 1, maxLength: 2 }),
  fullLabels: fc.array(fullLabel, { minLength: 1, maxLength: 2 }),
} satisfies Criteria;

/** Mostly one or two of the criteria, since who asks for much finds nothing; at times any number. */
function someOf(all: Criteria): fc.Arbitrary<Draft> {
  const keys = Object.keys(all) as (keyof Draft)[];
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.subarray(keys, { maxLength: 2 }) },
      { weight: 1, arbitrary: fc.subarray(keys, { minLength: 3 }) },
    )
    .chain((chosen) => {
      const asked = Object.fromEntries(chosen.map((key) => [key, all[key]])) as Record<string, fc.Arbitrary<unknown>>;
      return fc.record({ fuzzy: one([undefined, true, false]), ...asked }) as fc.Arbitrary<Draft>;
    });
}

const name = fc.oneof(one(NAMES), one(["read", "greting", "GREETING", "calculaxyz", "nothing", "e"]));

/** Of `GET /agents`. */
export const agentQuestion: fc.Arbitrary<Asked> = someOf({
  ...criteria,
  names: fc.array(name, { minLength: 1, maxLength: 3 }),
}).chain((asked) => written(asked, AGENT_PARAMETERS, agentNames(asked.names)));

/** Of `GET /capabilities`. */
export const capabilityQuestion: fc.Arbitrary<Asked> = someOf({
  ...criteria,
  statuses: fc.oneof(some(STATUSES), fc.constant(["any"]), fc.constant(["healthy", "*"])),
  names: name.map((wanted) => [wanted]),
  agentId: one(IDS),
  describedBy: one(["hello", "THERE", "nothing"]),
}).chain((asked) => {
  const { names: [wanted] = [], agentId, describedBy } = asked;
  const own = [
    ...(wanted === undefined ? [] : [single(["name", "capability_name"], wanted)]),
    ...(agentId === undefined ? [] : [single(["agent_id"], agentId)]),
    ...(describedBy === undefined ? [] : [single(["description_contains"], describedBy)]),
  ];
  return written(asked, CAPABILITY_PARAMETERS, own);
});

interface ParameterNames {
  readonly namespace: readonly string[];
  readonly statuses: readonly string[];
  readonly category: readonly string[];
  readonly stability: readonly string[];
  readonly tags: readonly string[];
}

const AGENT_PARAMETERS: ParameterNames = {
  namespace: ["namespace"],
  statuses: ["status"],
  category: ["capability_category", "category"],
  stability: ["capability_stability", "stability"],
  tags: ["capability_tags", "tags"],
};

const CAPABILITY_PARAMETERS: ParameterNames = {
  ...AGENT_PARAMETERS,
  namespace: ["agent_namespace", "namespace"],
  statuses: ["agent_status", "status"],
};

function agentNames(asked: readonly string[] | undefined): fc.Arbitrary<Parameter[]>[] {
  if (asked === undefined) return [];
  const [first = ""] = asked;
  if (asked.length > 1) return [list(["capabilities"], asked)];
  // `capability` alone counts where both are given.
  return [
    fc.oneof(
      single(["capability", "capabilities"], first),
      fc.constant<Parameter[]>([
        ["capabilities", "date"],
        ["capability", first],
      ]),
    ),
  ];
}

function written(
  asked: Draft,
  parameters: ParameterNames,
  own: readonly fc.Arbitrary<Parameter[]>[],
): fc.Arbitrary<Asked> {
  const { fuzzy, plainLabels = [], fullLabels = [], versions = [], ...rest } = asked;
  const question: Question = {
    ...rest,
    labels: [...plainLabels, ...fullLabels],
    isFuzzy: fuzzy === true,
    versions,
  };
  const space = one(["", " "]);
  const groups: fc.Arbitrary<Parameter[]>[] = [
    ...own,
    ...(rest.namespace === undefined ? [] : [single(parameters.namespace, rest.namespace)]),
    ...(rest.statuses === undefined ? [] : [list(parameters.statuses, rest.statuses)]),
    ...(rest.category === undefined ? [] : [single(parameters.category, rest.category)]),
    ...(rest.stability === undefined ? [] : [single(parameters.stability, rest.stability)]),
    ...(rest.tags === undefined ? [] : [list(parameters.tags, rest.tags)]),
    ...(fuzzy === undefined ? [] : [yesOrNo(fuzzy).chain((word) => single(["fuzzy_match"], word))]),
    ...(rest.includesDeprecated === undefined
      ? []
      : [yesOrNo(rest.includesDeprecated).chain((word) => single(["include_deprecated"], word))]),
    ...(versions.length === 0
      ? []
      : [
          space.chain((gap) =>
            single(["version_constraint"], versions.map((one) => printVersionQuestion(one, gap)).join(`,${gap}`)),
          ),
        ]),
    ...labelGroups("label_selector", plainLabels, space),
    ...labelGroups("labelSelector", fullLabels, space),
    one<Parameter[]>([
      [],
      [["unknown", "x"]],
      [
        ["namespace", ""],
        ["tags", ""],
        ["capability", ""],
      ],
    ]),
  ];
  return fc
    .tuple(...groups)
    .chain((given) => fc.shuffledSubarray(given, { minLength: given.length }))
    .map((given) => ({ question, query: encode(given.flat()) }));
}

function labelGroups(name: string, labels: readonly LabelQuestion[], space: fc.Arbitrary<string>) {
  if (labels.length === 0) return [];
  return [space.chain((gap) => single([name], labels.map((label) => printLabel(label, gap)).join(`${gap},${gap}`)))];
}

function encode(parameters: readonly Parameter[]): string {
  return parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}
