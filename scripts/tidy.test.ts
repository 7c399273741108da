import { describe, expect, test } from "bun:test";
import { ROOT } from "./run-process.ts";
import { anchorsOf, codeMap, decisions, links } from "./tidy/document-rules.ts";
import { describedErrors, describedRoutes } from "./tidy/openapi-rules.ts";
import { listedDependencies, pinnedVersions } from "./tidy/package-rules.ts";
import { environment, fileSizes, leftovers, machinePaths, strayFiles, timeAndChance } from "./tidy/source-rules.ts";
import { type Rule, readWorkTree, workTreeOf } from "./tidy/work-tree.ts";
import { RULES } from "./tidy.ts";

describe("this repository", () => {
  const tree = readWorkTree(ROOT);
  for (const rule of RULES) {
    test(rule.name, () => {
      expect(rule.problems(tree)).toEqual([]);
    });
  }
});

function problems(rule: Rule, texts: Readonly<Record<string, string>>): readonly string[] {
  return rule.problems(workTreeOf(texts));
}

// Put together here, so that the rules do not find them in this file.
const MARK = ["TO", "DO"].join("");
const HOST = ["https://registry.", "npmjs", ".org/zod"].join("");
const HOME = ["", "root", "x"].join("/");

test("a leftover marker in a source is found, with its place; prose may speak of it", () => {
  const texts = { "packages/a/src/a.ts": `const a = 1;\n// ${MARK}: more\n`, "docs/a.md": MARK };
  expect(problems(leftovers, texts)).toEqual([
    `packages/a/src/a.ts:2: "${MARK}" is left in a source: do it, or open an issue`,
  ]);
});

test("the environment may be read in main.ts, in tests and in scripts, and nowhere else in a package", () => {
  const text = "export const port = Bun.env.PORT ?? process.env.PORT;";
  const read = ["packages/a/src/main.ts", "packages/a/src/a.test.ts", "scripts/a.ts", "packages/a/src/http/a.ts"];
  const texts = Object.fromEntries(read.map((file) => [file, text]));
  expect(problems(environment, texts)).toEqual([
    "packages/a/src/http/a.ts:1: Bun.env: only main.ts reads the environment; take what you need as a parameter",
  ]);
});

test("the clock, timers and chance may be used in clock.ts and main.ts only", () => {
  const uses = ["Date.now()", "new Date()", "Math.random()", "setTimeout(f, 1)", "crypto.randomUUID()", "Bun.sleep(1)"];
  for (const use of uses) {
    const file = "packages/registry/src/health/sweeper.ts";
    expect(problems(timeAndChance, { [file]: use })).toHaveLength(1);
    expect(problems(timeAndChance, { "packages/registry/src/clock.ts": use })).toEqual([]);
  }
  expect(problems(timeAndChance, { "packages/registry/src/a.ts": "new Date(nowMs); timers.after(5, f);" })).toEqual([]);
});

test("paths of one machine and hosts of package registries are found in every text", () => {
  expect(problems(machinePaths, { "README.md": `see ${HOME}/y`, "docs/a.md": HOST })).toHaveLength(2);
  expect(problems(machinePaths, { "README.md": "see ./root/x, packages/work/y and https://example.org/" })).toEqual([]);
});

test("a stray file is found", () => {
  expect(problems(strayFiles, { "packages/a/src/a.ts.orig": "", "docs/a.md~": "", "docs/a.md": "" })).toHaveLength(2);
});

test("a large file is found", () => {
  expect(problems(fileSizes, { "a.json": "x".repeat(500_001), "b.json": "x".repeat(500_000) })).toHaveLength(1);
});

describe("versions", () => {
  const withZod = (version: string, catalog = "4.6.7") => ({
    "package.json": JSON.stringify({ workspaces: { catalog: { zod: catalog } } }),
    "packages/a/package.json": JSON.stringify({ dependencies: { zod: version, "@mcp-mesh/b": "workspace:*" } }),
  });

  test("are exact, or come from the catalog, which is exact", () => {
    expect(problems(pinnedVersions, withZod("catalog:"))).toEqual([]);
    expect(problems(pinnedVersions, withZod("4.6.7"))).toEqual([]);
    expect(problems(pinnedVersions, withZod("^4.6.7"))).toEqual([
      'packages/a/package.json: zod is "^4.6.7"; pin one version, or use "catalog:"',
    ]);
    expect(problems(pinnedVersions, withZod("catalog:", "4"))).toHaveLength(1);
  });

  test("and names stand in docs/dependencies.md, no more and no less", () => {
    const listed = (text: string) =>
      problems(listedDependencies, { ...withZod("catalog:"), "docs/dependencies.md": text });
    expect(listed("| `zod` | 4.6.7 | validates |\n| `bun` | 1.4.5 | runs it |")).toEqual([]);
    expect(listed("Speaks of `zod` in passing.")).toEqual([
      "docs/dependencies.md: no row, item or heading opens with `zod`, which a package.json names",
    ]);
    expect(listed("- `zod`: validates\n- `ajv`: validated")).toEqual([
      "docs/dependencies.md: `ajv` is in no package.json any more",
    ]);
    expect(listed("## `zod` 4.6.6")).toEqual(["docs/dependencies.md: `zod` is given as 4.6.6, but 4.6.7 is pinned"]);
  });
});

describe("code maps", () => {
  const source = { "packages/a/src/store/sqlite/open.ts": "", "packages/a/src/main.ts": "" };
  const tree = (lines: string) => `# Map\n\n\`\`\`\npackages/\n${lines}\n\`\`\`\n`;

  test("name every folder of every package, alone or with its parents", () => {
    const drawn = tree("  a/src/\n    store/   what we need\n      sqlite/  one of them");
    const written = "The rooms: `store/`, `store/sqlite/`.";
    expect(problems(codeMap, { ...source, "ARCHITECTURE.md": written, "README.md": drawn })).toEqual([]);
    expect(problems(codeMap, { ...source, "ARCHITECTURE.md": "`store/`", "README.md": drawn })).toEqual([
      "ARCHITECTURE.md: does not name packages/a/src/store/sqlite/",
    ]);
  });

  test("name no folder that is gone", () => {
    const drawn = tree("  a/src/\n    store/\n      sqlite/\n    cellar/  was here");
    expect(
      problems(codeMap, { ...source, "ARCHITECTURE.md": drawn, "README.md": "`store/sqlite/`, `store/`" }),
    ).toEqual(["ARCHITECTURE.md: its tree names cellar/, which does not exist"]);
  });
});

describe("links", () => {
  const read = (text: string) =>
    problems(links, { "README.md": text, "docs/a.md": "# The `store` & you\n\n## Two\n## Two" });

  test("to files, folders, headings and other sites are fine", () => {
    const text =
      "[a](docs/a.md) [b](./docs/) [c](docs/a.md#the-store--you) [d](docs/a.md#two-1) [e](https://x.org/y)\n\n[f]: docs/a.md#two\n";
    expect(read(text)).toEqual([]);
  });

  test("to what is not there are found, but not in code", () => {
    expect(read("[a](docs/b.md)")).toEqual(["README.md: link to docs/b.md: no such file"]);
    expect(read("[a](docs/a.md#three)")).toEqual([
      "README.md: link to docs/a.md#three: no heading #three in docs/a.md",
    ]);
    expect(read("[a](#nowhere)")).toEqual(["README.md: link to #nowhere: no heading #nowhere in README.md"]);
    expect(read("[a](../b.md)")).toEqual(["README.md: link to ../b.md: leads out of the repository"]);
    expect(read("`[a](b.md)`\n\n```\n[a](b.md)\n```\n")).toEqual([]);
  });

  test("to anchors follow the headings outside of code", () => {
    expect([...anchorsOf("# A b\n```\n# not me\n```\n## `GET /agents`: all\n")]).toEqual(["a-b", "get-agents-all"]);
  });
});

test("decision records have a number of their own and stand in the list", () => {
  const list = "[one](0001-one.md)";
  const at = (name: string) => `docs/decisions/${name}`;
  expect(problems(decisions, { [at("README.md")]: list, [at("0001-one.md")]: "" })).toEqual([]);
  expect(problems(decisions, { [at("0001-one.md")]: "" })).toHaveLength(1);
  expect(problems(decisions, { [at("README.md")]: list, [at("0001-one.md")]: "", [at("0001-two.md")]: "" })).toEqual([
    "docs/decisions/0001-two.md: has the number of 0001-one.md",
    "docs/decisions/README.md: does not link to 0001-two.md",
  ]);
});

describe("the OpenAPI file", () => {
  const file = "packages/registry/src/http/openapi.json";
  const advice = "run `npm run openapi`";
  const committed = JSON.parse(readWorkTree(ROOT).read(file));
  const changed = (change: (document: typeof committed) => void) => {
    const document = structuredClone(committed);
    change(document);
    return { [file]: JSON.stringify(document) };
  };

  test("must be there, with every route and no other", () => {
    expect(problems(describedRoutes, {})).toEqual([`${file} is missing: ${advice}`]);
    const texts = changed(({ paths }) => {
      paths["/nowhere"] = { post: {} };
      delete paths["/agents/{id}"].delete;
    });
    expect(problems(describedRoutes, texts)).toEqual([
      `${file}: DELETE /agents/{id} is not described; ${advice}`,
      `${file}: POST /nowhere is described, but there is none; ${advice}`,
    ]);
  });

  test("must have every error code and no other, and agree on what may be tried again", () => {
    const texts = changed(({ components: { responses } }) => {
      responses.out_of_paper = {};
      delete responses.internal;
      delete responses.store_unavailable.headers;
    });
    expect(problems(describedErrors, texts)).toEqual([
      `${file}: the error internal is not described; ${advice}`,
      `${file}: the error out_of_paper is described, but there is none; ${advice}`,
      `${file}: the error store_unavailable and HTTP_ERRORS differ on Retry-After; ${advice}`,
    ]);
  });
});
