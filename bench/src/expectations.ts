import type { Bench, Expectation, Verdict } from "./bench-case.ts";
import { type Round, throughputRatio } from "./rounds.ts";
import { CEILING } from "./servers/ceiling.ts";
import { REFERENCE } from "./servers/reference.ts";
import { OURS } from "./servers/registry.ts";

/** Builders of the lines that a case is judged by. A figure that was refused, or lost requests, never passes. */
type Rounds = Readonly<Record<string, readonly Round[]>>;

/** The first reason not to believe these rounds: a refusal, or requests that failed. */
export function doubtOf(rounds: readonly Round[]): { readonly verdict: Verdict; readonly why: string } | null {
  const refused = rounds.find((round) => round.refusal !== null);
  if (refused !== undefined) return { verdict: "refused", why: refused.refusal ?? "" };
  const failures = rounds.reduce((sum, round) => sum + round.failures, 0);
  if (failures === 0) return null;
  const why = rounds.find((round) => round.firstFailure !== null)?.firstFailure ?? "unknown";
  return { verdict: "miss", why: `${failures} requests failed, the first: ${why}` };
}

function compared(
  work: string,
  expected: string,
  measured: string,
  isMet: boolean,
  rounds: readonly Round[],
): Expectation {
  const doubt = doubtOf(rounds);
  if (doubt !== null) return { work, expected, measured: `${measured}; ${doubt.why}`, verdict: doubt.verdict };
  return { work, expected, measured, verdict: isMet ? "pass" : "miss" };
}

/** "at least this share of what a bare server does". */
export function shareOfCeiling(work: string, rounds: Rounds, share: number, name = OURS): Expectation {
  const ours = rounds[name] ?? [];
  const ceiling = rounds[CEILING] ?? [];
  const ratio = throughputRatio(ours, ceiling);
  const expected = `>= ${Math.round(share * 100)} % of ${CEILING}`;
  return compared(work, expected, `${(ratio * 100).toFixed(1)} %`, ratio >= share, [...ours, ...ceiling]);
}

/** "this many times the registry users run today". Requests that registry fails count against it, not against us. */
export function timesReference(
  bench: Pick<Bench, "reference">,
  work: string,
  rounds: Rounds,
  times: number,
  sign: ">" | ">=",
): Expectation {
  const expected = `${sign} ${times} times ${REFERENCE}`;
  if (!bench.reference.isAvailable) return { work, expected, measured: bench.reference.why, verdict: "not available" };
  const ours = rounds[OURS] ?? [];
  const theirs = rounds[REFERENCE] ?? [];
  const ratio = throughputRatio(ours, theirs);
  const isMet = sign === ">" ? ratio > times : ratio >= times;
  const refusedOnly = theirs.map((round) => ({ ...round, failures: 0 }));
  // Says at once whether any server on this runtime could get there.
  const most = throughputRatio(rounds[CEILING] ?? [], theirs);
  const measured = `${ratio.toFixed(1)} times (${CEILING}: ${most.toFixed(1)})`;
  return compared(work, expected, measured, isMet, [...ours, ...refusedOnly]);
}

/** "below this many units". */
export function below(work: string, measured: number, limit: number, unit: string): Expectation {
  const digits = limit < 10 ? 2 : limit < 1000 ? 1 : 0;
  const verdict: Verdict = measured < limit ? "pass" : "miss";
  return { work, expected: `< ${limit} ${unit}`, measured: `${measured.toFixed(digits)} ${unit}`, verdict };
}
