import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planParts, selectTests, type TestPart } from "./test-parts.ts";
import { readReport } from "./test-report.ts";
import { judge, openTestRun, runPart } from "./test-run.ts";

const run = openTestRun({ isQuiet: true });
afterAll(() => run[Symbol.dispose]());

const HEAD = `import { afterAll, expect, test } from "bun:test";\n`;

function partOf(texts: Readonly<Record<string, string>>, timeLimitMs = 15_000): TestPart {
  const files = Object.entries(texts).map(([name, text]) => {
    const folder = join(run.folder, "fixtures");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.test.ts`), HEAD + text);
    return join(folder, `${name}.test.ts`);
  });
  return { name: "fixtures", files, timeLimitMs, testTimeLimitMs: 10_000 };
}

test("passed, failed and skipped tests are counted over all files of a part", async () => {
  const part = partOf({
    first: `test("a", () => {}); test("b", () => { expect(1).toBe(2); }); test.skip("c", () => {});`,
    second: `test("d", () => {});`,
  });
  expect(await runPart(run, part)).toEqual({ passed: 2, failed: 1, skipped: 1 });
});

test("a file that cannot be loaded counts as failed beside others that pass", async () => {
  const part = partOf({ broken: `throw new Error("at load");`, sound: `test("a", () => {});` });
  expect(await runPart(run, part)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test("a file without a test counts as failed", async () => {
  expect(await runPart(run, partOf({ empty: "" }))).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a test that leaves with exit code 0 fails its own file, and the other files still count", async () => {
  const part = partOf({
    leaving: `test("a", () => {}); test("b", () => { process.exit(0); });`,
    staying: `test("c", () => {}); test("d", () => {});`,
  });
  expect(await runPart(run, part)).toEqual({ passed: 2, failed: 1, skipped: 0 });
});

test("a crash fails its own file, and the other files still count", async () => {
  const part = partOf({
    crashing: `test("a", () => { process.kill(process.pid, "SIGSEGV"); });`,
    staying: `test("c", () => {});`,
  });
  expect(await runPart(run, part)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test("an error after the tests, outside any of them, counts as failed", async () => {
  const part = partOf({ late: `test("a", () => {}); afterAll(() => { throw new Error("late"); });` });
  expect(await runPart(run, part)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test("a process that hangs is ended at its time limit with everything it started", async () => {
  const marker = join(run.folder, "port.txt");
  const server = `const { port } = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    await Bun.write(${JSON.stringify(marker)}, String(port));`;
  const hanging = `test("a", async () => {
    Bun.spawn([process.execPath, "-e", ${JSON.stringify(server)}]);
    await new Promise(() => {});
  }, 600_000);`;
  expect(await runPart(run, partOf({ hanging }, 2_000))).toEqual({ passed: 0, failed: 1, skipped: 0 });
  const port = await Bun.file(marker).text();
  expect(port).toMatch(/^\d+$/);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test("what a machine lacks is listed once, however many tests miss it", async () => {
  const support = join(import.meta.dir, "..", "tests", "support", "missing.ts");
  const text = `import { notRunHere } from ${JSON.stringify(support)};
    test("a", () => { notRunHere("the old clients", "brew install python"); });
    test("b", () => { notRunHere("the old\\n clients", "brew install python"); });`;
  expect(await runPart(run, partOf({ lacking: text }))).toEqual({ passed: 2, failed: 0, skipped: 0 });
  expect(run.missing()).toEqual(["not run here: the old clients (install: brew install python)"]);
});

test("a test name leaves the other tests out, and a file without such a test is no failure", async () => {
  const part = partOf({ one: `test("apples", () => {}); test("pears", () => { expect(1).toBe(2); });` });
  expect(await runPart(run, { ...part, testName: "apples" })).toMatchObject({ passed: 1, failed: 0 });
  expect(await runPart(run, { ...part, testName: "plums" })).toMatchObject({ passed: 0, failed: 0 });
});

test("a bad exit code counts as failed even when every test of the report passed", () => {
  const part: TestPart = { name: "p", files: ["a.test.ts"], timeLimitMs: 1_000, testTimeLimitMs: 1_000 };
  const report = readReport(
    `<testsuites tests="2" failures="0" skipped="0"><testsuite name="a" file="a.test.ts" tests="2" /></testsuites>`,
  );
  const { totals, remarks } = judge(part, { exitCode: 1, signal: null, timedOut: false, output: "" }, report);
  expect(totals).toEqual({ passed: 2, failed: 1, skipped: 0 });
  expect(remarks).toEqual(["p: ended with exit code 1, though no test failed"]);
});

test("unit tests share a process and every file of tests/ has its own", () => {
  const files = ["packages/a/src/x.test.ts", "scripts/y.test.ts", "tests/e2e/b.test.ts", "tests/e2e/c.test.ts"];
  expect(planParts(files).map((part) => part.files)).toEqual([
    ["packages/a/src/x.test.ts", "scripts/y.test.ts"],
    ["tests/e2e/b.test.ts"],
    ["tests/e2e/c.test.ts"],
  ]);
});

test("a filter is a part of a path, and only where no path has it a test's name", () => {
  const files = ["packages/a/src/status.test.ts", "tests/e2e/status-page.test.ts", "tests/e2e/other.test.ts"];
  expect(selectTests(files, [])).toEqual({ files });
  expect(selectTests(files, ["./tests/e2e/other"])).toEqual({ files: ["tests/e2e/other.test.ts"] });
  expect(selectTests(files, ["status"]).files).toHaveLength(2);
  expect(selectTests(files, ["revives", "an agent"])).toEqual({ files, testName: "revives an agent" });
});
