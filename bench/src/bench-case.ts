import type { LoadGenerator } from "./load/load-generator.ts";
import type { BenchOptions } from "./options.ts";
import type { Round } from "./rounds.ts";
import type { SeededDatabases } from "./seeded-databases.ts";
import type { Reference } from "./servers/reference.ts";

/** What every case is given: the options, the servers' executables and the one load generator. */
export interface Bench {
  readonly options: BenchOptions;
  readonly load: LoadGenerator;
  readonly registry: readonly string[];
  /** Another build to alternate with, from `--against`. */
  readonly against: readonly string[] | null;
  readonly reference: Reference;
  readonly databases: SeededDatabases;
  /** A new empty folder for a server's database and log. */
  newFolder(name: string): string;
}

/** `refused`: measured, but not to be believed. `not available`: nothing to compare with. */
export type Verdict = "pass" | "miss" | "refused" | "not available";

export interface Expectation {
  readonly work: string;
  readonly expected: string;
  readonly measured: string;
  readonly verdict: Verdict;
}

export interface CaseReport {
  readonly expectations: readonly Expectation[];
  /** Rounds of each candidate, for cases that measure throughput. */
  readonly candidates?: Readonly<Record<string, readonly Round[]>>;
  /** Further figures under plain names, units last. */
  readonly figures?: Readonly<Record<string, number | readonly number[]>>;
  readonly notes?: readonly string[];
}

export interface BenchCase {
  readonly name: string;
  readonly about: string;
  run(bench: Bench): Promise<CaseReport>;
}
