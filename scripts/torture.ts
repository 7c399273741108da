import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run-process.ts";
import { findTestFiles, planParts, type TestPart } from "./test-parts.ts";
import { add, endOnSignal, NOTHING, openTestRun, runPart } from "./test-run.ts";

/**
 * `npm run torture`: the long forms of the tests that have one, by the hour: the simulation with many seeds, the process
 * killed many times. `npm run torture -- <part of a path>` runs only those.
 */
const HOUR_MS = 3_600_000;
const LONG_FORM = /from "[./]*(?:tests\/)?support\/effort\.ts"/;

function hasLongForm(file: string): boolean {
  if (file.startsWith("tests/simulation/") || /^tests\/e2e\/.*durab/.test(file)) return true;
  return LONG_FORM.test(readFileSync(join(ROOT, file), "utf8"));
}

const filters = process.argv.slice(2);
const files = findTestFiles(ROOT)
  .filter(hasLongForm)
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
using run = openTestRun({ env: { MCP_MESH_TORTURE: "1" } });
endOnSignal(run);
let totals = NOTHING;
for (const part of planParts(files)) {
  const patient: TestPart = { ...part, timeLimitMs: 6 * HOUR_MS, testTimeLimitMs: HOUR_MS };
  totals = add(totals, await runPart(run, patient));
}
for (const line of run.missing()) console.log(line);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
