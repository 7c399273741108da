import { parseArgs } from "node:util";

export interface BenchOptions {
  readonly rounds: number;
  /** Length of one measured window at full load. */
  readonly seconds: number;
  /** Size of the large fleet. */
  readonly agents: number;
  /** Length of the measured window in which the large fleet beats. */
  readonly scaleSeconds: number;
}

export const USAGE = `Usage: npm run bench -- [options] [case ...]

Without a case all of them run, which takes some eight minutes.

  --rounds <n>         rounds of each candidate, alternating (default 5)
  --seconds <n>        length of one measured window (default 2)
  --agents <n>         size of the large fleet (default 100000)
  --scale-seconds <n>  how long the large fleet beats (default 65)
  --registry <path>    another executable, or a .ts entry to run from source
  --against <path>     a second build of ours to alternate with
  --no-reference       leave the published registry out
  --no-save            do not append to bench/results
  --list               print the cases
  --help               print this`;

export interface Invocation {
  readonly options: BenchOptions;
  /** Names of the chosen cases; empty for all. */
  readonly cases: readonly string[];
  readonly registry: string | null;
  readonly against: string | null;
  readonly isReferenceWanted: boolean;
  readonly isSaving: boolean;
  readonly isListing: boolean;
  readonly isHelp: boolean;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || value === Number.POSITIVE_INFINITY)
    throw new Error(`--${name} takes a number above 0, not '${text}'`);
  return value;
}

function wholePositive(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new Error(`--${name} takes a whole number, not '${text}'`);
  return value;
}

/** @throws Error saying what is wrong with the arguments. */
export function parseInvocation(args: readonly string[], caseNames: readonly string[]): Invocation {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "2" },
      agents: { type: "string", default: "100000" },
      "scale-seconds": { type: "string", default: "65" },
      registry: { type: "string" },
      against: { type: "string" },
      "no-reference": { type: "boolean", default: false },
      "no-save": { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const unknown = positionals.find((name) => !caseNames.includes(name));
  if (unknown !== undefined) throw new Error(`there is no case '${unknown}'; there are: ${caseNames.join(", ")}`);
  return {
    options: {
      rounds: wholePositive("rounds", values.rounds),
      seconds: positive("seconds", values.seconds),
      agents: wholePositive("agents", values.agents),
      scaleSeconds: positive("scale-seconds", values["scale-seconds"]),
    },
    cases: positionals,
    registry: values.registry ?? null,
    against: values.against ?? null,
    isReferenceWanted: !values["no-reference"],
    isSaving: !values["no-save"],
    isListing: values.list,
    isHelp: values.help,
  };
}
