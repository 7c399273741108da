import { linesMatching, type Rule, type WorkTree } from "./work-tree.ts";

const SOURCE = /\.(ts|mjs|js|py|sh)$|(^|\/)Makefile$|^\.ci\//;
/** Text that people or programs read; the rest (a database, a picture) is not looked into. */
const BINARY = /\.(db|sqlite|png|jpg|ico|gz|zip|wasm)$/;
const STRAY = /\.(orig|rej|bak|swp|tmp|log)$|~$|(^|\/)(\.DS_Store|Thumbs\.db)$/;
const MAX_FILE_BYTES = 500_000;

// Each pattern is written so that it does not find itself.
const LEFTOVER = /\b(FIX[M]E|TO[D]O|X[X]X|HA[C]K)\b|\bnot (yet )?implemented[.!"'`]|\bin a real (system|deployment)\b/;
const ENVIRONMENT = /\b(process|Bun|import\.meta)\.env\b/;
const MACHINE_PATH = /(^|[^a-z.])\/(work|farm|root)\//;
const REGISTRY_HOST = /https?:\/\/[a-z0-9.-]*(npm|pypi|pythonhosted|debian)[a-z0-9.-]*\//;
/** What a clock, a seed or a scheduler has to be asked for instead. */
const TIME_OR_CHANCE =
  /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bMath\.random\(|\bcrypto\.(randomUUID|getRandomValues)\(|\b(setTimeout|setInterval|setImmediate)\(|\bBun\.(sleep|nanoseconds|randomUUIDv[57])\b/;
export const leftovers: Rule = {
  name: "nothing is left to do",
  problems: (tree) =>
    report(
      tree,
      (file) => SOURCE.test(file),
      LEFTOVER,
      (found) => `"${found}" is left in a source: do it, or open an issue`,
    ),
};

export const environment: Rule = {
  name: "the environment is read in main.ts",
  problems: (tree) =>
    report(
      tree,
      (file) => isProduct(file) && !file.endsWith("/main.ts"),
      ENVIRONMENT,
      (found) => `${found}: only main.ts reads the environment; take what you need as a parameter`,
    ),
};

export const timeAndChance: Rule = {
  name: "time, timers and randomness come in from main.ts",
  problems: (tree) =>
    report(
      tree,
      (file) => isProduct(file) && !/^packages\/registry\/src\/(clock|main)\.ts$/.test(file),
      TIME_OR_CHANCE,
      (found) =>
        `${found}...: take a clock, timers or a source of randomness as a parameter, so that a test can hold them`,
    ),
};

export const machinePaths: Rule = {
  name: "no path of one machine, no host of a package registry",
  problems: (tree) => {
    const isText = (file: string) => !BINARY.test(file) && !file.endsWith(".lock");
    const advice = (found: string) => `"${found}" holds on one machine only`;
    return [...report(tree, isText, MACHINE_PATH, advice), ...report(tree, isText, REGISTRY_HOST, advice)];
  },
};

export const strayFiles: Rule = {
  name: "no files that an editor, a merge or a system left",
  problems: (tree) => tree.files.filter((file) => STRAY.test(file)).map((file) => `${file}: is nobody's; remove it`),
};

export const fileSizes: Rule = {
  name: "no large files",
  problems: (tree) =>
    tree.files
      .filter((file) => tree.sizeBytes(file) > MAX_FILE_BYTES)
      .map((file) => `${file}: ${tree.sizeBytes(file)} bytes; what is made by a script need not be committed`),
};

function isProduct(file: string): boolean {
  return file.startsWith("packages/") && file.endsWith(".ts") && !file.endsWith(".test.ts");
}

function report(
  tree: WorkTree,
  concerns: (file: string) => boolean,
  pattern: RegExp,
  advice: (found: string) => string,
): string[] {
  const problems: string[] = [];
  for (const file of tree.files.filter(concerns)) {
    for (const [place, found] of linesMatching(tree, file, pattern)) problems.push(`${place}: ${advice(found)}`);
  }
  return problems;
}
