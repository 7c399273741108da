/**
 * One agent as a register with a version: the smallest thing that answers as the registry must, and a search for an order
 * of calls in which it would have given the very answers that were given (linearizability; Herlihy and Wing).
 */
export type Step =
  | { readonly kind: "register"; readonly expected: Expected }
  /** A beat that brings another endpoint. */
  | { readonly kind: "beat"; readonly isAdoptable: boolean }
  /** A beat that brings nothing new. */
  | { readonly kind: "look" }
  /** A capability, which changes nothing if it is there already. */
  | { readonly kind: "offer"; readonly capability: number }
  | { readonly kind: "delete"; readonly expected: Expected };

export type Expected = number | "any" | null;

export type Answer =
  | { readonly kind: "version"; readonly version: number }
  | { readonly kind: "conflict" | "missing" | "deleted" };

export interface Call {
  readonly step: Step;
  /** Moments on one scale; a call that got no answer never ended. */
  readonly beganAt: number;
  readonly endedAt: number;
  readonly answer: Answer;
  /** Nobody knows whether it had an effect. */
  readonly isDoubtful: boolean;
}

interface Model {
  /** Version of the record; null: there is none. */
  readonly present: number | null;
  /** Deleted on purpose: no beat brings it back. */
  readonly isBuried: boolean;
  /** Newest version given out. */
  readonly last: number;
  /** Capabilities added since it registered. */
  readonly offered: readonly number[];
}

const EMPTY: Model = { present: null, isBuried: false, last: 0, offered: [] };

/** What the call makes of the model; null: with this state it could not have been answered so. */
function after(model: Model, { step, answer }: Call): Model | null {
  const isNewVersion = answer.kind === "version" && answer.version > model.last;
  const changed = isNewVersion ? { ...model, present: answer.version, last: answer.version } : null;
  const seen = answer.kind === "version" && answer.version === model.present ? model : null;
  const unchanged = (kind: Answer["kind"]) => (answer.kind === kind ? model : null);
  switch (step.kind) {
    case "register":
      if (conflicts(model, step.expected)) return unchanged("conflict");
      return changed && { ...changed, isBuried: false, offered: [] };
    case "beat":
      if (model.present === null && (!step.isAdoptable || model.isBuried)) return unchanged("missing");
      return changed;
    case "look":
      return model.present === null ? unchanged("missing") : seen;
    case "offer":
      if (model.present === null) return unchanged("missing");
      if (model.offered.includes(step.capability)) return seen;
      return changed && { ...changed, offered: [...model.offered, step.capability] };
    case "delete":
      // Gone is what was asked for, whichever version was expected.
      if (model.present === null) return unchanged("missing");
      if (conflicts(model, step.expected)) return unchanged("conflict");
      return answer.kind === "deleted" ? { ...model, present: null, isBuried: true, offered: [] } : null;
  }
}

function conflicts({ present }: Model, expected: Expected): boolean {
  if (expected === null) return false;
  return expected === "any" ? present === null : present !== expected;
}

/** @returns null when the calls can be put in an order, else how far the search came */
export function whyNotLinearizable(calls: readonly Call[]): string | null {
  const waiting = calls.toSorted((a, b) => a.beganAt - b.beganAt);
  const refuted = new Set<string>();
  let longest: readonly Call[] = [];

  const search = (left: readonly Call[], model: Model, order: readonly Call[]): boolean => {
    if (order.length > longest.length) longest = order;
    if (left.every((call) => call.isDoubtful)) return true;
    const key = `${left.map((call) => waiting.indexOf(call))} ${JSON.stringify(model)}`;
    if (refuted.has(key)) return false;
    refuted.add(key);
    // Nobody can come after somebody who began when he had ended.
    const firstEnd = Math.min(...left.filter((call) => !call.isDoubtful).map((call) => call.endedAt));
    const next = left.filter((call) => call.beganAt <= firstEnd);
    const go = (call: Call, then: Model) =>
      search(
        left.filter((other) => other !== call),
        then,
        [...order, call],
      );
    // One that changes nothing and fits can come now: whatever is possible without it is possible after it.
    const idle = next.find((call) => !call.isDoubtful && after(model, call) === model);
    if (idle !== undefined) return go(idle, model);
    return next.some((call) => {
      const then = isInTurn(call, left) ? after(model, call) : null;
      return then !== null && then !== model && go(call, then);
    });
  };

  if (search(waiting, EMPTY, [])) return null;
  const rest = waiting.filter((call) => !longest.includes(call));
  return `${longest.map(print).join("\n")}\n-- none of these fits here:\n${rest.map(print).join("\n")}`;
}

/** Versions rise, so whoever was given a lower one came before. */
function isInTurn({ answer }: Call, left: readonly Call[]): boolean {
  return (
    answer.kind !== "version" ||
    left.every((other) => !("version" in other.answer) || other.answer.version >= answer.version)
  );
}

function print({ step, beganAt, endedAt, answer, isDoubtful }: Call): string {
  const said = answer.kind === "version" ? answer.version : answer.kind;
  return `${beganAt}..${endedAt} ${JSON.stringify(step)}: ${said}${isDoubtful ? " (perhaps)" : ""}`;
}
