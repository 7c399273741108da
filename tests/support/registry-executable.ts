import { statSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = join(import.meta.dir, "..", "..");
const EXECUTABLE = join(ROOT, "bin", process.platform === "win32" ? "mcp-mesh-registry.exe" : "mcp-mesh-registry");

/** What the executable is made of. */
const SOURCES = ["packages/*/src/**/*", "packages/*/package.json", "package.json", "bun.lock", "scripts/build.ts"];

/**
 * The registry as one file, as it is shipped: what `MCP_MESH_TEST_REGISTRY` names, else `bin/mcp-mesh-registry`, built
 * here (seconds) unless it is newer than everything it is made of.
 *
 * @throws Error with what the build said
 */
export async function registryExecutable(): Promise<string> {
  const given = process.env.MCP_MESH_TEST_REGISTRY ?? "";
  if (given !== "") return resolve(given);
  if (!isCurrent()) await build();
  return EXECUTABLE;
}

function isCurrent(): boolean {
  const builtMs = modifiedMs(EXECUTABLE);
  return SOURCES.every((pattern) =>
    [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })].every((file) => modifiedMs(join(ROOT, file)) < builtMs),
  );
}

const modifiedMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

async function build(): Promise<void> {
  const child = Bun.spawn([process.execPath, "scripts/build.ts"], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`The registry could not be built:\n${out}${err}`);
}
