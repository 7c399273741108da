import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BenchCase, CaseReport, Expectation } from "./bench-case.ts";
import type { Circumstances } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { GENERATOR_FULL, type Round } from "./rounds.ts";
import { median, spread } from "./statistics.ts";

/** Others using more than this of a core during a window make its figures worth a second look. */
const DISTURBED_CORES = 0.25;

type Cell = string;

function table(rows: readonly (readonly Cell[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly Cell[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return rows.map((row) => `  ${line(row).join("  ")}`).join("\n");
}

function candidateRow(name: string, rounds: readonly Round[]): Cell[] {
  const of = (pick: (round: Round) => number | null, digits: number): Cell => {
    const values = rounds.map(pick).filter((value) => value !== null);
    return values.length === 0 ? "-" : median(values).toFixed(digits);
  };
  const perSecond = rounds.map((round) => round.perSecond);
  return [
    name,
    of((round) => round.perSecond, 0),
    `${(spread(perSecond) * 100).toFixed(0)} %`,
    of((round) => round.p50Ms, 3),
    of((round) => round.p99Ms, 3),
    of((round) => round.cpuUsPerRequest, 1),
    of((round) => round.serverCores, 2),
    of((round) => round.generatorBusy, 2),
    of((round) => (round.rssKb === null ? null : round.rssKb / 1024), 0),
  ];
}

export function candidateTable(candidates: Readonly<Record<string, readonly Round[]>>): string {
  const head = ["", "per s", "+/-", "p50 ms", "p99 ms", "CPU us each", "server cores", "generator", "RSS MiB"];
  return table([head, ...Object.entries(candidates).map(([name, rounds]) => candidateRow(name, rounds))]);
}

/** Failures, refusals and disturbances, one line for each candidate that had any. */
export function doubtLines(candidates: Readonly<Record<string, readonly Round[]>>): string[] {
  return Object.entries(candidates).flatMap(([name, rounds]) => {
    const lines: string[] = [];
    const failures = rounds.reduce((sum, round) => sum + round.failures, 0);
    const firstFailure = rounds.find((round) => round.firstFailure !== null)?.firstFailure;
    if (failures > 0) lines.push(`${name}: ${failures} requests failed, the first: ${firstFailure ?? "unknown"}`);
    const refusal = rounds.find((round) => round.refusal !== null)?.refusal;
    if (refusal !== undefined) lines.push(`${name}: REFUSED, ${refusal}`);
    const busy = median(rounds.map((round) => round.generatorBusy));
    if (refusal === undefined && busy >= GENERATOR_FULL) {
      lines.push(
        `${name}: the load generator had no time left either (busy ${busy.toFixed(2)}); it may do a little more`,
      );
    }
    const others = median(rounds.map((round) => round.otherCores ?? 0));
    if (others > DISTURBED_CORES) lines.push(`${name}: disturbed, other processes used ${others.toFixed(2)} cores`);
    return lines;
  });
}

export function expectationTable(expectations: readonly Expectation[]): string {
  const rows = expectations.map(({ work, expected, measured, verdict }) => ({
    text: `${verdict.toUpperCase().padEnd(5)} ${work}`,
    detail: `expected ${expected}, measured ${measured}`,
  }));
  return rows.map(({ text, detail }) => `  ${text}\n        ${detail}`).join("\n");
}

function figureLines(figures: Readonly<Record<string, number | readonly number[]>>): string[] {
  const text = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 3 : 1));
  return Object.entries(figures).map(([name, value]) => {
    if (typeof value === "number") return `${name} ${text(value)}`;
    return `${name} ${value.map(text).join(" ")}`;
  });
}

export function printCase(benchCase: BenchCase, report: CaseReport): void {
  const parts = [`\n${benchCase.name}: ${benchCase.about}`];
  if (report.candidates !== undefined) parts.push(candidateTable(report.candidates));
  for (const line of figureLines(report.figures ?? {})) parts.push(`  ${line}`);
  for (const line of [...(report.notes ?? []), ...doubtLines(report.candidates ?? {})]) parts.push(`  note: ${line}`);
  parts.push(expectationTable(report.expectations));
  console.log(parts.join("\n"));
}

/** Three decimals are finer than any two runs agree. NaN (nothing measured) becomes null by the rules of JSON. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(value * 1000) / 1000 : value;

/** Appends one line to `<folder>/<case>.jsonl`. */
export function appendResult(
  folder: string,
  benchCase: BenchCase,
  report: CaseReport,
  run: { readonly circumstances: Circumstances; readonly options: BenchOptions; readonly seconds: number },
): void {
  mkdirSync(folder, { recursive: true });
  const { circumstances, options, seconds } = run;
  const line = {
    ...circumstances,
    case: benchCase.name,
    about: benchCase.about,
    options,
    tookSeconds: seconds,
    ...report,
  };
  appendFileSync(join(folder, `${benchCase.name}.jsonl`), `${JSON.stringify(line, rounded)}\n`);
}
