import { printCheck, runChecks } from "./check.ts";
import { ROOT } from "./run-process.ts";
import { findTestFiles, planParts, selectTests } from "./test-parts.ts";
import { add, endOnSignal, NOTHING, openTestRun, runPart, type Totals } from "./test-run.ts";

/**
 * `npm test`: the checks, then every test. The last line is always `N passed, N failed`, alone, and each check counts in
 * it as one test. `npm test -- <part of a path, or of a test's name>` runs only those tests, without the checks.
 */
async function main(filters: readonly string[]): Promise<Totals> {
  using run = openTestRun();
  endOnSignal(run);
  let totals = NOTHING;
  if (filters.length === 0) {
    for (const result of await runChecks()) {
      printCheck(result);
      totals = add(totals, result.isOk ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 });
    }
  }
  const { files, testName } = selectTests(findTestFiles(ROOT), filters);
  for (const part of planParts(files, testName)) totals = add(totals, await runPart(run, part));
  if (totals.skipped > 0 && testName === undefined) console.log(`${totals.skipped} skipped`);
  const missing = run.missing();
  for (const line of missing) console.log(line);
  // CI has to try everything; elsewhere a machine without, say, Python may still be worked on.
  return isCi() ? add(totals, { ...NOTHING, failed: missing.length }) : totals;
}

function isCi(): boolean {
  return !["", "0", "false"].includes(process.env.CI ?? "");
}

const filters = process.argv.slice(2);
const totals = await main(filters);
const hasRun = totals.passed + totals.failed > 0;
if (!hasRun)
  console.log(`No test ran${filters.length > 0 ? `: no path and no name contains "${filters.join(" ")}"` : ""}.`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = hasRun && totals.failed === 0 ? 0 : 1;
