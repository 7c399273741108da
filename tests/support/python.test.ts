import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pythonWith } from "./python.ts";
import { scratchFolder } from "./scratch-folder.ts";

// An environment may have to be made first.
setDefaultTimeout(10 * 60_000);

const python = await pythonWith("clients");

test("a machine without Python is told what is missing, once for each use, and nothing fails", async () => {
  using folder = scratchFolder();
  const report = join(folder.path, "missing.txt");
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "python.ts")], {
    env: { PATH: folder.path, MCP_MESH_TEST_MISSING: report },
    stdio: ["ignore", "inherit", "inherit"],
  });
  expect(await child.exited).toBe(0);
  expect(readFileSync(report, "utf8").trim().split("\n")).toEqual([
    "not run here: Python clients of the registry (aiohttp) (install: apt-get install python3 python3-venv)",
    "not run here: the FastMCP agent of seed 002 (install: apt-get install python3 python3-venv)",
  ]);
});

test.skipIf(python === null)("the environment holds the pinned versions and is shared by all who ask", async () => {
  const script =
    "import aiohttp, tenacity, importlib.metadata as m; print(m.version('aiohttp'), m.version('tenacity'))";
  const { stdout } = Bun.spawnSync([python!.path, "-c", script]);
  const list = readFileSync(join(import.meta.dir, "requirements", "clients.txt"), "utf8");
  const [aiohttp, tenacity] = stdout.toString().trim().split(" ");
  expect(list).toContain(`\naiohttp==${aiohttp}\n`);
  expect(list).toContain(`\ntenacity==${tenacity}\n`);
  expect(await Promise.all([pythonWith("clients"), pythonWith("clients")])).toEqual([python, python]);
});
