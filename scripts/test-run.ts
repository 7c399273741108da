import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { killRunning, type ProcessEnd, runProcess, troubleOf } from "./run-process.ts";
import type { TestPart } from "./test-parts.ts";
import { readReport, type TestReport } from "./test-report.ts";

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** One run of tests; `[Symbol.dispose]` removes whatever they left on the disk. */
export interface TestRun extends Disposable {
  /** For what is written down here and by the tests. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether people read along. */
  readonly isQuiet: boolean;
  /** What tests said they could not try on this machine (`tests/support/missing.ts`), each line once. */
  missing(): readonly string[];
}

export const NOTHING: Totals = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function openTestRun(
  options: { readonly env?: Readonly<Record<string, string>>; isQuiet?: boolean } = {},
): TestRun {
  const folder = mkdtempSync(join(tmpdir(), "mcp-mesh-test-"));
  const files = join(folder, "files");
  mkdirSync(files);
  // Tests of missing permissions run a part of themselves as another user, who has to get here.
  chmodSync(folder, 0o755);
  const missing = join(folder, "missing.txt");
  return {
    folder,
    env: { ...options.env, MCP_MESH_TEST_MISSING: missing, TMPDIR: files },
    isQuiet: options.isQuiet ?? false,
    missing: () => (existsSync(missing) ? [...new Set(readFileSync(missing, "utf8").trim().split("\n"))] : []),
    [Symbol.dispose]: () => removeFolder(folder),
  };
}

/** Never throws: at the end of a run, and on a signal, the rest still has to happen. */
function removeFolder(folder: string): void {
  try {
    unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    console.error(`${folder} was left behind: ${error}`);
  }
}

/** A test of full disks that was killed leaves its small disk mounted (Linux; elsewhere there is no such test). */
function unmountBelow(folder: string): void {
  const mounts = existsSync("/proc/mounts") ? readFileSync("/proc/mounts", "utf8").split("\n") : [];
  for (const [, path = ""] of mounts.map((line) => line.split(" "))) {
    if (path.startsWith(`${folder}/`)) Bun.spawnSync(["umount", "-l", path]);
  }
}

/** Takes everything that was started along when the run itself is told to end. */
export function endOnSignal(run: TestRun): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      killRunning();
      run[Symbol.dispose]();
      process.exit(130);
    });
  }
}

/**
 * Runs a part and counts. What the report does not tell counts as failed: a file that could not be loaded, a process that
 * crashed, hung, or left in the middle with exit code 0. After a crash the part's files run again one by one, which names
 * the culprit and gives the others their result.
 */
export async function runPart(run: TestRun, part: TestPart): Promise<Totals> {
  const reportPath = join(run.folder, "report.xml");
  rmSync(reportPath, { force: true });
  const only = part.testName === undefined ? [] : ["--test-name-pattern", part.testName];
  const report = ["--reporter=junit", `--reporter-outfile=${reportPath}`];
  const limits = [`--timeout=${part.testTimeLimitMs}`, "--no-orphans"];
  // With a leading `./` the path is that file; without, it would be a pattern.
  const paths = part.files.map((file) => (isAbsolute(file) ? file : `./${file}`));
  const end = await runProcess([process.execPath, "test", ...limits, ...report, ...only, ...paths], {
    timeLimitMs: part.timeLimitMs,
    // Looking for a test by its name, every file without one would say so.
    output: run.isQuiet || part.testName !== undefined ? "capture" : "show",
    env: run.env,
  });
  const found = readReport(existsSync(reportPath) ? readFileSync(reportPath, "utf8") : null);
  if (found === null && part.files.length > 1 && !end.timedOut) {
    say(run, `${part.name}: ${troubleOf(end, part.timeLimitMs) ?? "left no report"}; once more, file by file`);
    let totals = NOTHING;
    for (const file of part.files) totals = add(totals, await runPart(run, { ...part, name: file, files: [file] }));
    return totals;
  }
  const { totals, remarks } = judge(part, end, found);
  if (totals.passed + totals.failed > 0) say(run, end.output);
  for (const remark of remarks) say(run, `FAILED ${remark}`);
  return totals;
}

/** How a part counts, and what to say about what its report does not tell. */
export function judge(
  part: TestPart,
  end: ProcessEnd,
  report: TestReport | null,
): { readonly totals: Totals; readonly remarks: readonly string[] } {
  const trouble = troubleOf(end, part.timeLimitMs);
  if (report === null) {
    const remark = `${part.name}: ${trouble ?? "left with exit code 0"}, and reported nothing`;
    return { totals: { passed: 0, failed: part.files.length, skipped: 0 }, remarks: [remark] };
  }
  const silent = part.files.filter((file) => !report.files.has(file));
  const remarks = silent.map((file) => `${file}: could not be loaded, or holds no test`);
  const isFilteredOut = part.testName !== undefined && report.passed + report.failed === 0;
  if (trouble !== null && report.failed + silent.length === 0 && !isFilteredOut) {
    remarks.push(`${part.name}: ${trouble}, though no test failed`);
  }
  const { passed, skipped } = report;
  return { totals: { passed, failed: report.failed + remarks.length, skipped }, remarks };
}

function say(run: TestRun, line: string): void {
  if (!run.isQuiet && line !== "") console.log(line);
}
