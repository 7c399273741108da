import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type LabelSelector,
  type LabelSelectorGrammar,
  matchesLabels,
  parseLabelSelector,
  printLabelSelector,
  type Requirement,
} from "./label-selector.ts";

const AGENT = { env: "prod", team: "data" };

function parse(text: string, grammar: LabelSelectorGrammar = "label_selector"): LabelSelector {
  const parsed = parseLabelSelector(text, grammar);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.selector;
}

function matches(text: string, labels: { readonly [key: string]: string }, grammar?: LabelSelectorGrammar): boolean {
  return matchesLabels(parse(text, grammar), labels);
}

describe("label_selector", () => {
  test.each([
    ["env=prod,team=data", true],
    ["env!=dev", true],
    ["zone!=a", true],
    ["env in (dev,prod)", true],
    ["team notin (data,ml)", false],
    ["!zone", true],
    ["env==prod", true],
    [" env = prod , team = data ", true],
    ["env=prod,env=dev", false],
    ["env=Prod", false],
    ["ENV=prod", false],
    ["!env", false],
    ["zone notin (a)", true],
    ["zone in (a)", false],
    ["env=", false],
    ["", true],
    ["  ", true],
  ])("%s against {env:prod, team:data} is %p", (text, expected) => {
    expect(matches(text, AGENT)).toBe(expected);
  });

  test("reads equality as a set of one", () => {
    expect(parse("a=1,b==2,c!=3")).toEqual([
      { key: "a", operator: "in", values: ["1"] },
      { key: "b", operator: "in", values: ["2"] },
      { key: "c", operator: "notIn", values: ["3"] },
    ]);
  });

  test("the value is the rest of the part", () => {
    expect(parse("a=b=c")).toEqual([{ key: "a", operator: "in", values: ["b=c"] }]);
    expect(parse("a===b")).toEqual([{ key: "a", operator: "in", values: ["=b"] }]);
    expect(parse("a=x in (b,c)")).toEqual([{ key: "a", operator: "in", values: ["x in (b,c)"] }]);
    expect(parse("a=!b>c")).toEqual([{ key: "a", operator: "in", values: ["!b>c"] }]);
  });

  test("an empty value is a value", () => {
    expect(parse("k=")).toEqual([{ key: "k", operator: "in", values: [""] }]);
    expect(parse("k in (a,)")).toEqual([{ key: "k", operator: "in", values: ["a", ""] }]);
    expect(matches("k=", { k: "" })).toBe(true);
    expect(matches("k=", {})).toBe(false);
  });

  test("sets may hold = and spaces around everything", () => {
    expect(parse("a in(x),b  notin  ( y , z=1 )")).toEqual([
      { key: "a", operator: "in", values: ["x"] },
      { key: "b", operator: "notIn", values: ["y", "z=1"] },
    ]);
  });

  test("keys and values beyond the Kubernetes character rules are taken", () => {
    expect(matches("städte/größe=sehr groß!", { "städte/größe": "sehr groß!" })).toBe(true);
    expect(matches("cost center=7", { "cost center": "7" })).toBe(true);
    expect(matches("endsin=1,in in (a)", { endsin: "1", in: "a" })).toBe(true);
  });

  test.each([
    ["invalid-format", "invalid-format"],
    ["env", "env"],
    ["env=prod,team", "team"],
    ["env=prod,", ""],
    [",env=prod", ""],
    ["=prod", "=prod"],
    ["!=prod", "!=prod"],
    ["!", "!"],
    ["!a b", "!a b"],
    ["!a=b", "!a=b"],
    ["a!!=b", "a!!=b"],
    ["env in ()", "env in ()"],
    ["env in ( )", "env in ( )"],
    ["x=1, env in (a,b ,y=2", "env in (a,b ,y=2"],
    ["env in a)", "env in a)"],
    ["env in a),team=data", "env in a)"],
    ["env in (a))", "env in (a))"],
    ["env in ((a,b))", "env in ((a,b))"],
    ["env in (a) x", "env in (a) x"],
    ["env IN (a)", "env IN (a)"],
    ["envin (a)", "envin (a)"],
    ["xnotin (a)", "xnotin (a)"],
    [" in (a)", "in (a)"],
    ["(a)", "(a)"],
    ["a=)(", "a=)("],
    ["replicas>3", "replicas>3"],
    ["replicas>=3", "replicas>=3"],
  ])("%p is refused, naming the part", (text, part) => {
    expect(parseLabelSelector(text, "label_selector")).toEqual({
      ok: false,
      detail: `Invalid label selector format: ${part}. Expected 'key=value'`,
    });
  });

  test("more than 256 terms are refused", () => {
    const part = (index: number) => `k${index}=v`;
    const many = (count: number) => Array.from({ length: count }, (_, index) => part(index)).join(",");
    expect(parseLabelSelector(many(256), "label_selector").ok).toBe(true);
    expect(parseLabelSelector(many(257), "label_selector")).toEqual({
      ok: false,
      detail: "Invalid label selector format: k256=v. Expected 'key=value'",
    });
    expect(parseLabelSelector(`k in (${"v,".repeat(256)}v)`, "label_selector").ok).toBe(false);
  });
});

describe("labelSelector", () => {
  test.each([
    ["env", true],
    ["env,!zone", true],
    ["zone", false],
    ["env,team in (ml)", false],
    ["env=prod,team notin (ml)", true],
  ])("%s against {env:prod, team:data} is %p", (text, expected) => {
    expect(matches(text, AGENT, "labelSelector")).toBe(expected);
  });

  test.each([
    ["replicas>3", "5", true],
    ["replicas > 5", "5", false],
    ["replicas<+10", "9", true],
    ["replicas<-1", "-2", true],
    ["replicas>3", "many", false],
    ["replicas<9223372036854775807", "9223372036854775806", true],
  ])("%s against %s is %p", (text, label, expected) => {
    expect(matches(text, { replicas: label }, "labelSelector")).toBe(expected);
    expect(matches(text, {}, "labelSelector")).toBe(false);
  });

  test.each([
    ["env in", "env in"],
    ["env prod", "env prod"],
    ["env,,team", ""],
    ["a>=3", "a>=3"],
    ["a>x", "a>x"],
    ["a>9223372036854775808", "a>9223372036854775808"],
    ["a>", "a>"],
    [">3", ">3"],
    ["x in ()", "x in ()"],
  ])("%p is refused, naming the part", (text, part) => {
    expect(parseLabelSelector(text, "labelSelector")).toEqual({
      ok: false,
      detail: `Invalid label selector format: ${part}. Expected 'key=value'`,
    });
  });
});

describe("labels are own properties", () => {
  const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty"];

  test.each(INHERITED)("%s is absent from plain labels", (key) => {
    expect(matches(key, AGENT, "labelSelector")).toBe(false);
    expect(matches(`!${key}`, AGENT)).toBe(true);
    expect(matches(`${key}!=x`, AGENT)).toBe(true);
  });

  test.each(INHERITED)("%s is found where an agent set it", (key) => {
    const labels = JSON.parse(`{"${key}":"x"}`);
    expect(matches(key, labels, "labelSelector")).toBe(true);
    expect(matches(`${key}=x`, labels)).toBe(true);
    expect(matches(`!${key}`, labels)).toBe(false);
  });
});

describe("properties", () => {
  // What a text can express: no commas, balanced parentheses, nothing to trim.
  const key = fc.stringMatching(/^[a-zA-Z0-9_./é-]{1,12}$/);
  const value = fc.oneof(fc.stringMatching(/^[a-zA-Z0-9_.=!<>ü:-]{0,10}$/), fc.constantFrom("=", "a (b)", "x in (y)"));
  const setValue = fc.stringMatching(/^[a-zA-Z0-9_.=!<> :-]{0,10}$/).map((text) => text.trim());
  const requirement: fc.Arbitrary<Requirement> = fc.oneof(
    fc.record({ key, operator: fc.constantFrom("in", "notIn"), values: fc.tuple(value) }),
    fc.record({
      key,
      operator: fc.constantFrom("in", "notIn"),
      values: fc.array(setValue, { minLength: 2, maxLength: 5 }),
    }),
    fc.record({ key, operator: fc.constantFrom("exists", "doesNotExist") }),
    fc.record({
      key,
      operator: fc.constantFrom("greaterThan", "lessThan"),
      value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    }),
  );
  const selector = fc.array(requirement, { maxLength: 6 });

  // Dense in the grammar's own characters, where a parser goes wrong.
  const grammarText = fc.array(
    fc.constantFrom("a", "b", "in", "notin", " ", "\t", "=", "!", "(", ")", ",", "<", ">", "1", "__proto__"),
    { maxLength: 24 },
  );
  const text = fc.oneof(
    grammarText.map((pieces) => pieces.join("")),
    fc.string({ unit: "binary" }),
  );
  const grammar = fc.constantFrom<LabelSelectorGrammar[]>("label_selector", "labelSelector");

  test("parsing what was printed gives the selector", () => {
    fc.assert(
      fc.property(selector, (generated) => {
        expect(parse(printLabelSelector(generated), "labelSelector")).toEqual([...generated]);
      }),
    );
  });

  test("any text is parsed or refused, and what is parsed survives printing", () => {
    fc.assert(
      fc.property(text, grammar, (generated, name) => {
        const parsed = parseLabelSelector(generated, name);
        if (!parsed.ok) {
          expect(parsed.detail).toMatch(/^Invalid label selector format: .*\. Expected 'key=value'$/s);
          return;
        }
        expect(parse(printLabelSelector(parsed.selector), "labelSelector")).toEqual(parsed.selector);
      }),
      { numRuns: 2000 },
    );
  });

  test("what label_selector takes, labelSelector takes with the same meaning", () => {
    fc.assert(
      fc.property(text, (generated) => {
        const strict = parseLabelSelector(generated, "label_selector");
        if (strict.ok) expect(parseLabelSelector(generated, "labelSelector")).toEqual(strict);
      }),
    );
  });

  test("a requirement and its opposite never both hold, and one of them does", () => {
    const labels = fc.dictionary(fc.constantFrom("a", "b", "__proto__"), fc.constantFrom("", "x", "y"));
    const term = fc.constantFrom("a", "b", "__proto__", "constructor");
    fc.assert(
      fc.property(labels, term, fc.constantFrom("", "x", "y"), (given, name, wanted) => {
        expect(matches(`${name}=${wanted}`, given)).toBe(!matches(`${name}!=${wanted}`, given));
        expect(matches(`${name} in (${wanted},z)`, given)).toBe(!matches(`${name} notin (${wanted},z)`, given));
        expect(matches(name, given, "labelSelector")).toBe(!matches(`!${name}`, given));
      }),
    );
  });

  // Anything but linear would run into the test's time limit.
  test.each(["(", ")", "()", "a=(", " ", "!", "a in ", "=", "notin", "a, ", "a in (b),"])(
    "a megabyte of %p ends",
    (piece) => {
      const long = piece.repeat(1_000_000 / piece.length);
      for (const candidate of [long, `a${long}b`, `a=${long}`, `a in (${long}`]) {
        expect(parseLabelSelector(candidate, "labelSelector")).toHaveProperty("ok");
      }
    },
  );
});
