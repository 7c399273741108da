import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { notRunHere } from "./missing.ts";

/** Files of `requirements/`: aiohttp and tenacity; these and FastMCP. */
export type PythonPackages = "clients" | "fastmcp";

/** An interpreter that sees exactly the packages asked for. */
export interface Python {
  readonly path: string;
  /** `3.11.7` */
  readonly version: string;
}

const ROOT = join(import.meta.dir, "..", "..");
const CACHE = join(ROOT, ".cache");
const REQUIREMENTS = join(import.meta.dir, "requirements");

/** What is tried with them, for the report of what could not be. */
const USES: Record<PythonPackages, string> = {
  clients: "Python clients of the registry (aiohttp)",
  fastmcp: "the FastMCP agent of seed 002",
};

/** aiohttp and FastMCP need 3.10. */
const OLDEST_MINOR = 10;
const NAMES = ["python3", "python", ...[11, 12, 13, 14, 10].map((minor) => `python3.${minor}`)];
const VERSION_OF = "import sys; print('.'.join(map(str, sys.version_info[:3])))";

const INSTALL_LIMIT_MS = 5 * 60_000;
const ABANDONED_MS = 60 * 60_000;

/**
 * A private virtual environment with these packages, made at the first call on a machine (seconds to a minute) and kept in
 * `.cache`. Null, after saying so through `notRunHere`, where Python or pip cannot provide it.
 */
export async function pythonWith(packages: PythonPackages): Promise<Python | null> {
  const interpreter = findInterpreter();
  if (interpreter === null) return missing(packages, "apt-get install python3 python3-venv");
  // The folder appears by one rename, when it is complete; its name changes with what is in it.
  const folder = join(CACHE, `python-${interpreter.version}-${packages}-${fingerprint(packages)}`);
  const python = { path: interpreterIn(folder), version: interpreter.version };
  if (existsSync(python.path)) return python;
  removeAbandoned();
  mkdirSync(CACHE, { recursive: true });
  const workshop = mkdtempSync(join(CACHE, ".python-"));
  try {
    console.log(`Making .cache/python-* once, with pip: ${USES[packages]}`);
    const venv = await run([interpreter.path, "-m", "venv", workshop]);
    if (venv !== null) return missing(packages, "apt-get install python3-venv", venv);
    const list = join(REQUIREMENTS, `${packages}.txt`);
    const pip = await run([
      ...[interpreterIn(workshop), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"],
      ...["--retries", "1", "-r", list],
    ]);
    if (pip !== null) return missing(packages, `pip install -r tests/support/requirements/${packages}.txt`, pip);
    place(workshop, folder);
    return python;
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Makes every environment that tests use, so that none of them waits for it within its time limit. */
export async function preparePython(): Promise<void> {
  for (const packages of Object.keys(USES) as PythonPackages[]) await pythonWith(packages);
}

/** The first Python on PATH that is new enough. */
function findInterpreter(): Python | null {
  for (const name of NAMES) {
    const path = Bun.which(name);
    if (path === null) continue;
    // A name may be a stand-in that finds no such version: then it fails, and the next is tried.
    const { exitCode, stdout } = Bun.spawnSync([path, "-c", VERSION_OF], { stderr: "ignore" });
    const version = stdout.toString().trim();
    const [major, minor] = version.split(".").map(Number);
    if (exitCode === 0 && major === 3 && minor! >= OLDEST_MINOR) return { path, version };
  }
  return null;
}

function fingerprint(packages: PythonPackages): string {
  const lists = readdirSync(REQUIREMENTS).filter((name) => name === "clients.txt" || name === `${packages}.txt`);
  const hash = createHash("sha256");
  for (const name of lists.toSorted()) hash.update(readFileSync(join(REQUIREMENTS, name)));
  return hash.digest("hex").slice(0, 8);
}

function interpreterIn(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

/** Another process may have put the same there first; then ours is not needed. */
function place(workshop: string, folder: string): void {
  try {
    renameSync(workshop, folder);
  } catch (error) {
    if (!existsSync(interpreterIn(folder))) throw error;
  }
}

/** What a process left that was killed while it worked. */
function removeAbandoned(): void {
  if (!existsSync(CACHE)) return;
  for (const name of readdirSync(CACHE).filter((entry) => entry.startsWith(".python-"))) {
    const path = join(CACHE, name);
    const isOld = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > ABANDONED_MS;
    if (isOld) rmSync(path, { recursive: true, force: true });
  }
}

/** Null when the program ended well, else what it said. */
async function run(command: readonly string[]): Promise<string | null> {
  const child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "pipe"], timeout: INSTALL_LIMIT_MS });
  const [out, err, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return exitCode === 0 ? null : `${out}${err}`;
}

function missing(packages: PythonPackages, install: string, output = ""): null {
  if (output !== "") console.error(output.trim().split("\n").slice(-10).join("\n"));
  notRunHere(USES[packages], install);
  return null;
}

if (import.meta.main) await preparePython();
