/**
 * Label selectors (registry-api 5.4): comma-separated requirements that must all hold.
 *
 *   requirement = KEY "=" VALUE | KEY "==" VALUE      the label is there and has this value
 *               | KEY "!=" VALUE                      the label is absent or has another value
 *               | KEY "in" "(" VALUE, ... ")"         the label is there and has one of these values
 *               | KEY "notin" "(" VALUE, ... ")"      the label is absent or has none of these values
 *               | "!" KEY                             the label is absent
 *               | KEY                                 the label is there                   (`labelSelector` only)
 *               | KEY ">" INTEGER | KEY "<" INTEGER   the label is a greater/lesser integer (`labelSelector` only)
 *
 * Commas inside parentheses do not split, and whitespace around every piece is dropped. The value of `k=v` is the rest of
 * its part, so `a=b=c` asks for `b=c`. Keys hold none of `! = < > ( ) ,`; beyond that the Kubernetes rules on characters
 * are not enforced, because agents were never held to them.
 */
export type Requirement =
  | { readonly key: string; readonly operator: "in" | "notIn"; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: "exists" | "doesNotExist" }
  | { readonly key: string; readonly operator: "greaterThan" | "lessThan"; readonly value: string };

/** All of them must hold; the empty selector matches everything. */
export type LabelSelector = readonly Requirement[];

/** Named after the query parameters. A bare key is an error under `label_selector`: clients rely on that 400. */
export type LabelSelectorGrammar = "label_selector" | "labelSelector";

export type ParsedLabelSelector =
  | { readonly ok: true; readonly selector: LabelSelector }
  | { readonly ok: false; readonly detail: string };

/** A selector is held against every agent, so its size is a factor of the cost of a request. */
const MAX_TERMS = 256;

/**
 * Never throws, and takes time linear in the text. `detail` is the text of the 400 and names the first part that is wrong,
 * or the first beyond 256 terms (each requirement and each further value of a set is one).
 */
export function parseLabelSelector(text: string, grammar: LabelSelectorGrammar): ParsedLabelSelector {
  if (text.trim() === "") return { ok: true, selector: [] };
  const selector: Requirement[] = [];
  let terms = 0;
  for (const part of splitOutsideParentheses(text)) {
    const requirement = parseRequirement(part, grammar);
    terms += requirement !== null && "values" in requirement ? requirement.values.length : 1;
    if (requirement === null || terms > MAX_TERMS) {
      return { ok: false, detail: `Invalid label selector format: ${part}. Expected 'key=value'` };
    }
    selector.push(requirement);
  }
  return { ok: true, selector };
}

/** The selector in the `labelSelector` grammar; parsing it gives the same selector. Undefined for values no text can give. */
export function printLabelSelector(selector: LabelSelector): string {
  return selector.map(printRequirement).join(",");
}

/** Labels are own properties only, so that a key such as `constructor` finds a label or nothing. */
export function matchesLabels(selector: LabelSelector, labels: { readonly [key: string]: string }): boolean {
  return selector.every((requirement) => isMet(requirement, ownLabel(labels, requirement.key)));
}

function ownLabel(labels: { readonly [key: string]: string }, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function isMet(requirement: Requirement, label: string | undefined): boolean {
  switch (requirement.operator) {
    case "in":
      return label !== undefined && requirement.values.includes(label);
    // An absent label is not the unwanted one: the Kubernetes rule.
    case "notIn":
      return label === undefined || !requirement.values.includes(label);
    case "exists":
      return label !== undefined;
    case "doesNotExist":
      return label === undefined;
    case "greaterThan":
      return label !== undefined && isInteger(label) && BigInt(label) > BigInt(requirement.value);
    case "lessThan":
      return label !== undefined && isInteger(label) && BigInt(label) < BigInt(requirement.value);
  }
}

function* splitOutsideParentheses(text: string): Generator<string> {
  let start = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === "(") depth++;
    // A stray ")" must not hide the commas that follow it; the part it stands in is refused by itself.
    else if (char === ")") depth = Math.max(0, depth - 1);
    else if (char === "," && depth === 0) {
      yield text.slice(start, index).trim();
      start = index + 1;
    }
  }
  yield text.slice(start).trim();
}

function parseRequirement(part: string, grammar: LabelSelectorGrammar): Requirement | null {
  if (!isBalanced(part)) return null;
  if (part.startsWith("!")) {
    const key = part.slice(1).trim();
    return isLoneKey(key) ? { key, operator: "doesNotExist" } : null;
  }
  // Whatever stands after the first of these belongs to a value, whatever it looks like.
  const at = part.search(/[=<>(]/);
  if (at < 0) return grammar === "labelSelector" && isLoneKey(part) ? { key: part, operator: "exists" } : null;
  const head = part.slice(0, at);
  const tail = part.slice(at + 1);
  switch (part[at]) {
    case "=":
      return parseEquality(head, tail);
    case "(":
      return parseSet(head.trim(), tail);
    case ">":
      return grammar === "labelSelector" ? parseComparison(head.trim(), "greaterThan", tail.trim()) : null;
    default:
      return grammar === "labelSelector" ? parseComparison(head.trim(), "lessThan", tail.trim()) : null;
  }
}

function parseEquality(head: string, tail: string): Requirement | null {
  const isNegated = head.endsWith("!");
  const key = (isNegated ? head.slice(0, -1) : head).trim();
  const value = !isNegated && tail.startsWith("=") ? tail.slice(1) : tail;
  return isKey(key) ? { key, operator: isNegated ? "notIn" : "in", values: [value.trim()] } : null;
}

/** `tail` is what follows the opening parenthesis. Empty values are values (`k in (a,)`), but `()` asks for nothing at all. */
function parseSet(head: string, tail: string): Requirement | null {
  const word = head.endsWith("notin") ? "notin" : "in";
  if (!head.endsWith(word)) return null;
  const spaced = head.slice(0, -word.length);
  const key = spaced.trimEnd();
  const list = tail.slice(0, -1);
  const isSet = tail.endsWith(")") && !/[()]/.test(list) && list.trim() !== "";
  if (key === spaced || !isKey(key) || !isSet) return null;
  return { key, operator: word === "in" ? "in" : "notIn", values: list.split(",").map((value) => value.trim()) };
}

function parseComparison(key: string, operator: "greaterThan" | "lessThan", value: string): Requirement | null {
  return isKey(key) && isInteger(value) ? { key, operator, value } : null;
}

function isBalanced(part: string): boolean {
  let depth = 0;
  for (const char of part) {
    if (char === "(") depth++;
    else if (char === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

function isKey(text: string): boolean {
  return text !== "" && !/[!=<>(),]/.test(text);
}

/** Without an operator to tell them apart, `env in` or `env prod` would pass for a key. */
function isLoneKey(text: string): boolean {
  return isKey(text) && !/\s/.test(text);
}

/** 64 bits, as in Kubernetes; this also bounds what BigInt has to read. */
function isInteger(text: string): boolean {
  return /^[+-]?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

function printRequirement(requirement: Requirement): string {
  const { key } = requirement;
  switch (requirement.operator) {
    case "exists":
      return key;
    case "doesNotExist":
      return `!${key}`;
    case "greaterThan":
      return `${key}>${requirement.value}`;
    case "lessThan":
      return `${key}<${requirement.value}`;
    case "in":
      return printSet(key, "in", requirement.values);
    case "notIn":
      return printSet(key, "notin", requirement.values);
  }
}

function printSet(key: string, word: "in" | "notin", values: readonly string[]): string {
  const [only] = values;
  if (values.length !== 1 || only === undefined) return `${key} ${word} (${values.join(",")})`;
  if (word === "notin") return `${key}!=${only}`;
  // A value that begins with "=" would be read as the second half of "==".
  return only.startsWith("=") ? `${key}==${only}` : `${key}=${only}`;
}
