import type { Rule, WorkTree } from "./work-tree.ts";

const LIST = "docs/dependencies.md";
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
/** A table row, a list item or a heading that opens with a name in backticks: `| \`zod\` | 4.6.7 | ...`. */
const ENTRY = /^\s*(?:\||[-*]|#+)\s*\[?`(@?[a-z][\w./-]*)`(.*)$/gm;
const VERSION = /\b\d+\.\d+\.\d+\b/;
/** Listed, though no package.json brings them: the runtime comes through `scripts/with-bun.mjs`, the rest is for tests. */
const FROM_ELSEWHERE = new Set(["bun", "node", "npm", "python", "aiohttp"]);

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly workspaces?: { readonly catalog?: Readonly<Record<string, string>> };
}

interface Dependency {
  readonly manifest: string;
  readonly name: string;
  readonly version: string;
}

export const pinnedVersions: Rule = {
  name: "versions are pinned exactly",
  problems: (tree) => {
    const catalog = catalogOf(tree);
    const pins = Object.entries(catalog).map(([name, version]) => ({ manifest: "package.json", name, version }));
    return [...pins, ...dependenciesOf(tree)]
      .filter(({ name, version }) => !isPinned(name, version, catalog))
      .map(({ manifest, name, version }) => `${manifest}: ${name} is "${version}"; pin one version, or use "catalog:"`);
  },
};

export const listedDependencies: Rule = {
  name: `${LIST} names every dependency`,
  problems: (tree) => {
    if (!tree.files.includes(LIST)) return [`${LIST} is missing: it says of every dependency what it is for`];
    const versions = new Map<string, string>();
    for (const { name, version } of outsideDependencies(tree)) versions.set(name, version);
    const entries = new Map([...tree.read(LIST).matchAll(ENTRY)].map((match) => [match[1] ?? "", match[2] ?? ""]));
    const problems = [...versions.keys()]
      .filter((name) => !entries.has(name))
      .map((name) => `${LIST}: no row, item or heading opens with \`${name}\`, which a package.json names`);
    for (const [name, rest] of entries) {
      const version = versions.get(name);
      const written = VERSION.exec(rest)?.[0];
      if (version === undefined) {
        if (!FROM_ELSEWHERE.has(name)) problems.push(`${LIST}: \`${name}\` is in no package.json any more`);
      } else if (written !== undefined && written !== version) {
        problems.push(`${LIST}: \`${name}\` is given as ${written}, but ${version} is pinned`);
      }
    }
    return problems;
  },
};

function isPinned(name: string, version: string, catalog: Readonly<Record<string, string>>): boolean {
  if (version === "catalog:") return catalog[name] !== undefined;
  return version === "workspace:*" || EXACT.test(version);
}

function outsideDependencies(tree: WorkTree): Dependency[] {
  const catalog = catalogOf(tree);
  return dependenciesOf(tree)
    .filter(({ version }) => version !== "workspace:*")
    .map((dependency) => ({ ...dependency, version: catalog[dependency.name] ?? dependency.version }));
}

function dependenciesOf(tree: WorkTree): Dependency[] {
  const found: Dependency[] = [];
  for (const manifest of tree.files.filter((file) => file === "package.json" || file.endsWith("/package.json"))) {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = manifestOf(tree, manifest);
    for (const group of [dependencies, devDependencies, peerDependencies, optionalDependencies]) {
      for (const [name, version] of Object.entries(group ?? {})) found.push({ manifest, name, version });
    }
  }
  return found;
}

function catalogOf(tree: WorkTree): Readonly<Record<string, string>> {
  return tree.files.includes("package.json") ? (manifestOf(tree, "package.json").workspaces?.catalog ?? {}) : {};
}

function manifestOf(tree: WorkTree, file: string): Manifest {
  return JSON.parse(tree.read(file)) as Manifest;
}
