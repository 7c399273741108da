import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchCase, CaseReport, Expectation } from "./bench-case.ts";
import { heartbeats, heartbeatsAtDefaults } from "./cases/heartbeats.ts";
import { lists, listsUnderBeats } from "./cases/lists.ts";
import { memory } from "./cases/memory.ts";
import { registrations } from "./cases/registrations.ts";
import { scale } from "./cases/scale.ts";
import { search } from "./cases/search.ts";
import { startup } from "./cases/startup.ts";
import { LoadGenerator } from "./load/load-generator.ts";
import { circumstances } from "./machine.ts";
import { type Invocation, parseInvocation, USAGE } from "./options.ts";
import { appendResult, expectationTable, printCase } from "./report.ts";
import { SeededDatabases } from "./seeded-databases.ts";
import { findReference } from "./servers/reference.ts";
import { findRegistry } from "./servers/registry.ts";
import { killAllServers } from "./servers/server-process.ts";

const CASES: readonly BenchCase[] = [
  lists,
  listsUnderBeats,
  heartbeats,
  heartbeatsAtDefaults,
  registrations,
  scale,
  search,
  memory,
  startup,
];

const ROOT = join(import.meta.dir, "..", "..");
const RESULTS = join(ROOT, "bench", "results");
/** In the checkout and not in the system's folder for temporary files, which is often memory and not a disk. */
const CACHE = join(ROOT, ".cache", "bench");

let scratch: string | null = null;

function cleanUp(): void {
  killAllServers();
  if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
}

/** A case that cannot run is a miss; the others still tell something. */
async function runCase(benchCase: BenchCase, bench: Bench): Promise<CaseReport> {
  try {
    return await benchCase.run(bench);
  } catch (error) {
    const measured = `could not run: ${error instanceof Error ? error.message : String(error)}`;
    return { expectations: [{ work: benchCase.about, expected: "a figure", measured, verdict: "miss" }] };
  }
}

async function runCases(invocation: Invocation, folder: string): Promise<Expectation[]> {
  const registry = await findRegistry(ROOT, invocation.registry);
  const against = invocation.against === null ? null : await findRegistry(ROOT, invocation.against);
  const reference = invocation.isReferenceWanted
    ? await findReference(CACHE)
    : ({ isAvailable: false, why: "left out by --no-reference" } as const);
  await using load = new LoadGenerator();
  const newFolder = (name: string) => mkdtempSync(join(folder, `${name}-`));
  const databases = new SeededDatabases(load, registry, newFolder);
  const { options } = invocation;
  const bench: Bench = { options, load, registry, against, reference, databases, newFolder };
  const expectations: Expectation[] = [];
  for (const benchCase of CASES) {
    if (invocation.cases.length > 0 && !invocation.cases.includes(benchCase.name)) continue;
    const before = circumstances(ROOT);
    const startedAtMs = performance.now();
    const report = await runCase(benchCase, bench);
    const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
    printCase(benchCase, report);
    const hasRun = report.candidates !== undefined || report.figures !== undefined;
    if (invocation.isSaving && hasRun)
      appendResult(RESULTS, benchCase, report, { circumstances: before, options, seconds });
    expectations.push(...report.expectations);
  }
  return expectations;
}

async function main(args: readonly string[]): Promise<number> {
  const invocation = parseInvocation(
    args,
    CASES.map(({ name }) => name),
  );
  if (invocation.isHelp) console.log(USAGE);
  else if (invocation.isListing) for (const { name, about } of CASES) console.log(`${name.padEnd(24)}${about}`);
  else {
    const { machine, loadBefore, runtime } = circumstances(ROOT);
    console.log(
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryMb} MB, ${machine.system}; ${runtime}; load ${loadBefore.join(" ")}`,
    );
    mkdirSync(CACHE, { recursive: true });
    scratch = mkdtempSync(join(CACHE, "run-"));
    try {
      const expectations = await runCases(invocation, scratch);
      console.log(`\nAll expectations\n${expectationTable(expectations)}`);
      return expectations.every(({ verdict }) => verdict === "pass" || verdict === "not available") ? 0 : 1;
    } finally {
      cleanUp();
    }
  }
  return 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    cleanUp();
    process.exit(signal === "SIGINT" ? 130 : 143);
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
