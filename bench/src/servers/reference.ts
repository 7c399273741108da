import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ServerCommand } from "./server-process.ts";

/**
 * The registry that users run today, from its published package. Fetched into a cache folder that is not under version
 * control; npm checks the package against the digest the package index holds.
 */
const PACKAGE = "@mcpmesh/cli-linux-x64";
const VERSION = "3.7.1";
const FETCH_LIMIT_MS = 120_000;

export const REFERENCE = `${PACKAGE} ${VERSION}`;

export type Reference =
  | { readonly isAvailable: true; readonly executable: string }
  | { readonly isAvailable: false; readonly why: string };

/** Finds or fetches the executable. Never throws: without it the comparison is reported as not available. */
export async function findReference(cacheFolder: string): Promise<Reference> {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== "linux-x64") return { isAvailable: false, why: `${PACKAGE} does not run on ${platform}` };
  const folder = join(cacheFolder, "reference", VERSION);
  const executable = join(folder, "package", "bin", "mcp-mesh-registry");
  try {
    if (!existsSync(executable)) await fetchPackage(folder);
    return { isAvailable: true, executable };
  } catch (error) {
    return { isAvailable: false, why: `${REFERENCE} could not be fetched: ${String(error)}` };
  }
}

/** Unpacks beside the final folder and renames, so that an interrupted fetch is not taken for a finished one. */
async function fetchPackage(folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  await run(["npm", "pack", "--silent", `${PACKAGE}@${VERSION}`], partial);
  const archive = `${PACKAGE.replace("@", "").replace("/", "-")}-${VERSION}.tgz`;
  await run(["tar", "-xzf", archive, "package/bin/mcp-mesh-registry", "package/package.json"], partial);
  rmSync(join(partial, archive));
  renameSync(partial, folder);
}

async function run(command: readonly string[], folder: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd: folder, stdio: ["ignore", "ignore", "pipe"], timeout: FETCH_LIMIT_MS });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command[0]} failed: ${errors.trim().slice(-300)}`);
}

/** Its log at ERROR, which spares it some work; its own access log cannot be turned off. No agent times out meanwhile. */
export function referenceCommand(executable: string, folder: string): ServerCommand {
  return {
    name: REFERENCE,
    command: [executable],
    environment: {
      DATABASE_URL: join(folder, "registry.db"),
      MCP_MESH_LOG_LEVEL: "ERROR",
      DEFAULT_TIMEOUT_THRESHOLD: "7200",
      HOME: folder,
    },
    folder,
  };
}
