import { codeMap, decisions, links } from "./tidy/document-rules.ts";
import { describedErrors, describedRoutes } from "./tidy/openapi-rules.ts";
import { listedDependencies, pinnedVersions } from "./tidy/package-rules.ts";
import { environment, fileSizes, leftovers, machinePaths, strayFiles, timeAndChance } from "./tidy/source-rules.ts";
import { type Rule, readWorkTree } from "./tidy/work-tree.ts";

/** What we ask of each other, as far as no compiler and no linter asks it. To add something: one rule, and its test. */
export const RULES: readonly Rule[] = [
  leftovers,
  environment,
  timeAndChance,
  machinePaths,
  strayFiles,
  fileSizes,
  pinnedVersions,
  listedDependencies,
  codeMap,
  links,
  decisions,
  describedRoutes,
  describedErrors,
];

/** One line for each problem of the work tree at `root`; none is what we want. */
export function tidy(root: string): readonly string[] {
  const tree = readWorkTree(root);
  return RULES.flatMap((rule) => rule.problems(tree));
}
