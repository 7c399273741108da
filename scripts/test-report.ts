/** What a `bun test` process said in its JUnit report. */
export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The files it speaks of. One that could not even be loaded is not among them. */
  readonly files: ReadonlySet<string>;
}

/** @param xml a report of `bun test --reporter=junit`, or null if the process left none. */
export function readReport(xml: string | null): TestReport | null {
  const root = xml === null ? undefined : /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (xml === null || root === undefined) return null;
  const tests = countIn(root, "tests");
  const failed = countIn(root, "failures") + countIn(root, "errors");
  const skipped = countIn(root, "skipped");
  const files = new Set([...xml.matchAll(/<testsuite\b[^>]*?\bfile="([^"]*)"/g)].map((match) => match[1] ?? ""));
  return { passed: tests - failed - skipped, failed, skipped, files };
}

function countIn(tag: string, attribute: string): number {
  return Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(tag)?.[1] ?? 0);
}
