import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ServerCommand } from "./server-process.ts";

export const OURS = "ours";
export const AGAINST = "ours, other build";

const EXECUTABLE = "bin/mcp-mesh-registry";
const SOURCES = ["packages/protocol", "packages/registry", "packages/cli", "scripts/build.ts", "bun.lock"];

function newestChangeMs(path: string): number {
  if (!existsSync(path)) return 0;
  const { isDirectory, mtimeMs } = { isDirectory: statSync(path).isDirectory(), mtimeMs: statSync(path).mtimeMs };
  if (!isDirectory) return mtimeMs;
  const names = readdirSync(path).filter((name) => name !== "node_modules" && !name.endsWith(".test.ts"));
  return Math.max(0, ...names.map((name) => newestChangeMs(join(path, name))));
}

/**
 * The command that runs the registry: `chosen` if given (an executable, or a `.ts` entry to run from source while working
 * on it), else the compiled executable of this checkout, built first when missing or older than its sources.
 * @throws Error saying what to do when it cannot be had.
 */
export async function findRegistry(root: string, chosen: string | null): Promise<readonly string[]> {
  if (chosen !== null) {
    const path = resolve(chosen);
    if (!existsSync(path)) throw new Error(`${chosen} does not exist: give --registry the path of an executable`);
    return path.endsWith(".ts") ? [process.execPath, path] : [path];
  }
  const executable = join(root, EXECUTABLE);
  const builtAtMs = existsSync(executable) ? statSync(executable).mtimeMs : 0;
  if (builtAtMs < Math.max(...SOURCES.map((source) => newestChangeMs(join(root, source))))) {
    console.log(`${EXECUTABLE} is missing or older than its sources: building it`);
    const build = Bun.spawn([process.execPath, "scripts/build.ts"], {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
    });
    if ((await build.exited) !== 0 || !existsSync(executable)) {
      throw new Error(`${EXECUTABLE} could not be built: run 'npm run build' and see why, or give --registry <path>`);
    }
  }
  return [executable];
}

export interface RegistrySetup {
  readonly name?: string;
  readonly folder: string;
  /** Settings over the defaults. The access log goes to a file, as every line the registry prints. */
  readonly environment?: Readonly<Record<string, string>>;
}

export function registryCommand(command: readonly string[], setup: RegistrySetup): ServerCommand {
  return {
    name: setup.name ?? OURS,
    command,
    environment: { DATABASE_URL: join(setup.folder, "registry.db"), ...setup.environment },
    folder: setup.folder,
  };
}
