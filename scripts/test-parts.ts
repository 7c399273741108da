import { join } from "node:path";

/** What one `bun test` process runs, and how long it may take. */
export interface TestPart {
  readonly name: string;
  /** Relative to the repository. */
  readonly files: readonly string[];
  /** Only tests with such a name (a regular expression). */
  readonly testName?: string;
  readonly timeLimitMs: number;
  /** For a test that sets none itself. */
  readonly testTimeLimitMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Every test file of the repository, so that none can be forgotten by living in a new folder. */
export function findTestFiles(root: string): string[] {
  const files: string[] = [];
  for (const folder of ["packages", "scripts", "bench", "tests"]) {
    const found = new Bun.Glob("**/*.test.ts").scanSync({ cwd: join(root, folder) });
    for (const file of found) {
      if (!file.includes("node_modules")) files.push(`${folder}/${file.replaceAll("\\", "/")}`);
    }
  }
  return files.toSorted();
}

/**
 * Unit tests share a process: they are many and small. Each file of `tests/` has one of its own, so that the servers,
 * children and heap of one reach no other, and a crash takes nothing else with it.
 */
export function planParts(files: readonly string[], testName?: string): TestPart[] {
  const only = testName === undefined ? {} : { testName };
  const beside = files.filter((file) => !file.startsWith("tests/"));
  const parts: TestPart[] = [];
  if (beside.length > 0) {
    const timeLimitMs = 5 * MINUTE_MS;
    parts.push({ name: "unit tests", files: beside, timeLimitMs, testTimeLimitMs: 20 * SECOND_MS, ...only });
  }
  for (const file of files.filter((name) => name.startsWith("tests/"))) {
    const timeLimitMs = 15 * MINUTE_MS;
    parts.push({ name: file, files: [file], timeLimitMs, testTimeLimitMs: 2 * MINUTE_MS, ...only });
  }
  return parts;
}

/**
 * `npm test -- <filter>`: files whose path contains one of the filters; where there is none, the filters are a test's
 * name.
 */
export function selectTests(
  files: readonly string[],
  filters: readonly string[],
): { readonly files: readonly string[]; readonly testName?: string } {
  if (filters.length === 0) return { files };
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ""));
  const byPath = files.filter((file) => wanted.some((filter) => file.includes(filter)));
  return byPath.length > 0 ? { files: byPath } : { files, testName: filters.join(" ") };
}
