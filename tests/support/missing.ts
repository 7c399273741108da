import { appendFileSync } from "node:fs";

/** Path of the report that `scripts/test.ts` prints before its closing line; unset when `bun test` is run by hand. */
const REPORT = "MCP_MESH_TEST_MISSING";

/**
 * Says that something could not be tried because this machine lacks a program, and which command brings it. Call it where
 * the test would otherwise pass unseen, next to `test.skipIf`. On CI (`CI=true`) every such line counts as a failure.
 *
 * @param what what was not tried, as a noun: `the aiohttp clients of seed 002`
 * @param install a command that mends it: `apt-get install python3-venv`
 */
export function notRunHere(what: string, install: string): void {
  const line = `not run here: ${oneLine(what)} (install: ${oneLine(install)})`;
  const report = process.env[REPORT];
  if (report === undefined) console.error(line);
  else appendFileSync(report, `${line}\n`);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
