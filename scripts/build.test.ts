import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "./build.ts";

const folder = mkdtempSync(join(tmpdir(), "mcp-mesh-build-"));
const strange = join(folder, "strange");
const executable = join(strange, "program");

// As the registry is made: a Worker in a folder below, started by the file beside it.
const SOURCES = {
  "main.ts": `
    import { Database } from "bun:sqlite";
    import { ask } from "./deep/down/asker.ts";
    const rows = new Database(":memory:").query("SELECT 1 AS one").all();
    const answer = await ask("ping");
    function failingFunction(): never { throw new Error("on purpose"); }
    let stack = "";
    try { failingFunction(); } catch (error) { stack = (error as Error).stack ?? ""; }
    const { SECRET, DARK } = process.env;
    console.log(JSON.stringify({ rows, answer, stack, SECRET, DARK, preloaded: "PRELOADED" in globalThis }));
    process.exit(0);`,
  "deep/down/asker.ts": `
    export function ask(text: string): Promise<string> {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const worker = new Worker(new URL("./worker.ts", import.meta.url));
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(text);
      return promise;
    }`,
  "deep/down/worker.ts": `
    import { reply } from "./reply.ts";
    declare const self: Worker;
    self.onmessage = (event) => self.postMessage(reply(event.data));`,
  "deep/down/reply.ts": `export const reply = (text: string) => text + " pong";`,
};

function write(below: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(below, name)), { recursive: true });
    writeFileSync(join(below, name), text);
  }
}

beforeAll(async () => {
  const source = join(folder, "source");
  const outfile = join(folder, "out", "program");
  write(source, SOURCES);
  await build({ outfile, entry: join(source, "main.ts"), workers: [join(source, "deep", "down", "worker.ts")] });
  expect(readdirSync(join(folder, "out"))).toEqual(["program"]);
  rmSync(source, { recursive: true });
  write(strange, {
    ".env": "SECRET=of a stranger\n",
    "bunfig.toml": 'preload = ["./preload.ts"]\n',
    "preload.ts": "globalThis.PRELOADED = true;\n",
    "tsconfig.json": '{ "compilerOptions": { "paths": { "*": ["./nowhere/*"] } } }\n',
    "package.json": '{ "imports": { "#a": "./a.ts" } }\n',
  });
  copyFileSync(outfile, executable);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the executable runs without its sources, Worker included, and heeds no file of the folder it is started in", () => {
  const end = Bun.spawnSync([executable], { cwd: strange, env: { DARK: "kept" } });
  expect(end.stderr.toString()).toBe("");
  const said = JSON.parse(end.stdout.toString());
  expect(said).toEqual({
    rows: [{ one: 1 }],
    answer: "ping pong",
    stack: expect.any(String),
    DARK: "kept",
    preloaded: false,
  });
  expect(said.stack).toContain("failingFunction");
  expect(said.stack).toContain("main.ts");
});

test("a build that cannot succeed leaves the earlier executable alone", async () => {
  const source = join(folder, "broken");
  write(source, { "main.ts": `import "./missing.ts";` });
  const before = readdirSync(strange);
  const broken = { outfile: executable, entry: join(source, "main.ts"), workers: [] };
  await expect(build(broken)).rejects.toThrow();
  expect(readdirSync(strange)).toEqual(before);
});
