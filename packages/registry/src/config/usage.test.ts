import { expect, test } from "bun:test";
import { parseFlags } from "./flags.ts";
import { SETTINGS } from "./settings.ts";
import { usageText, versionText } from "./usage.ts";

test("the version is three lines", () => {
  expect(versionText("Bun 1.4.5 on linux-x64")).toBe(
    "MCP Mesh Registry Service v1.0.0\n" +
      "TypeScript implementation, compatible with the Python and Go registries\n" +
      "Runtime: Bun 1.4.5 on linux-x64\n",
  );
});

test("the usage has options, examples, environment and features", () => {
  const headings = usageText().match(/^(Usage|Options|Examples|Environment|Features)\b/gm);
  expect(headings).toEqual(["Usage", "Options", "Examples", "Environment", "Features"]);
});

test("the usage names every setting, its aliases and its default", () => {
  const usage = usageText();
  for (const name of Object.keys(SETTINGS)) expect(usage).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
  expect(usage).toMatch(/^ {2}DB_MAX_OPEN_CONNECTIONS .*\[20\]; also DATABASE_POOL_SIZE$/m);
});

test("every option in the usage is one that the command line understands", () => {
  const options = usageText().match(/^ {2}--[a-z-]+/gm) ?? [];
  expect(options.length).toBe(8);
  for (const option of options) {
    const { kind } = parseFlags([option.trim(), ...(/version|help/.test(option) ? [] : ["1"])]);
    expect(kind).not.toBe("bad-usage");
  }
});
