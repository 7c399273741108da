import { join } from "node:path";
import { ROOT, runProcess, troubleOf } from "./run-process.ts";
import { tidy } from "./tidy.ts";

export interface CheckResult {
  readonly name: string;
  readonly isOk: boolean;
  /** What to show: everything of a step that failed, remarks of one that passed. */
  readonly output: string;
}

const TIME_LIMIT_MS = 120_000;
/** Biome tells of long files as information, which must not fail the step but is to be seen. */
const LONG_FILE = /^(\S+?)(?::\d+:\d+)? lint\/style\/noExcessiveLinesPerFile/gm;

/** Formatting and lint rules, types, and what `tidy.ts` asks. The steps run side by side; results come in fixed order. */
export async function runChecks(): Promise<readonly CheckResult[]> {
  return Promise.all([checkBiome(), checkTypes(), checkTidiness()]);
}

export function printCheck(result: CheckResult): void {
  console.log(`${result.isOk ? "ok    " : "FAILED"} ${result.name}`);
  if (result.output !== "") console.log(result.output.trimEnd().replaceAll(/^/gm, "       "));
}

async function checkBiome(): Promise<CheckResult> {
  const bin = join(ROOT, "node_modules", "@biomejs", "biome", "bin", "biome");
  const result = await checkProgram("biome: format, lint, imports", [
    bin,
    "ci",
    "--colors=off",
    "--max-diagnostics=50",
  ]);
  if (!result.isOk) return result;
  const longFiles = [...result.output.matchAll(LONG_FILE)].map((match) => `${match[1]} is long: is it one thing?`);
  return { ...result, output: longFiles.join("\n") };
}

async function checkTypes(): Promise<CheckResult> {
  const bin = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const result = await checkProgram("tsc: types", [bin, "--noEmit", "--pretty", "false"]);
  return result.isOk ? { ...result, output: "" } : result;
}

async function checkTidiness(): Promise<CheckResult> {
  const name = "tidy: what we ask of each other";
  try {
    const problems = tidy(ROOT);
    return { name, isOk: problems.length === 0, output: problems.join("\n") };
  } catch (error) {
    // A package.json that is no JSON, no git: a failed check, and not the end of the run.
    return { name, isOk: false, output: String(error) };
  }
}

/** Both tools come as small JavaScript launchers of a native program, which Bun can run: no other runtime is needed. */
async function checkProgram(name: string, command: readonly string[]): Promise<CheckResult> {
  const end = await runProcess([process.execPath, ...command], { timeLimitMs: TIME_LIMIT_MS, output: "capture" });
  const trouble = troubleOf(end, TIME_LIMIT_MS);
  return { name, isOk: trouble === null, output: trouble === null ? end.output : `${end.output}\n${trouble}` };
}

if (import.meta.main) {
  const results = await runChecks();
  for (const result of results) printCheck(result);
  process.exitCode = results.every((result) => result.isOk) ? 0 : 1;
}
