import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { getJson, postJson } from "../../support/json-client.ts";
import { registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, registryCommand, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";

const ENVIRONMENT = { HOST: "127.0.0.1", ACCESS_LOG: "false" };

const register = async (registry: RegistryProcess, id: string): Promise<number> =>
  (
    await postJson(
      `${registry.url}/agents/register_with_metadata`,
      registrationBody(id, { endpoint: "http://127.0.0.1:9/a" }),
    )
  ).status;

const countOf = async (registry: RegistryProcess): Promise<number> =>
  (await getJson(`${registry.url}/agents`)).body.count;

/** What a registry says that does not start. */
async function failureOf(cwd: string, databaseUrl: string): Promise<string> {
  try {
    await using registry = await startRegistry({ cwd, env: { ...ENVIRONMENT, DATABASE_URL: databaseUrl } });
    return `it started: ${registry.output}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test("a second registry on the same file does not start, and the first is unharmed", async () => {
  using folder = scratchFolder();
  const path = join(folder.path, "mcp_mesh_registry.db");
  symlinkSync(path, join(folder.path, "alias.db"));
  await using first = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect(await register(first, "before")).toBe(201);
  const names = ["mcp_mesh_registry.db", path, `sqlite:///${path}`, "alias.db"];
  for (const name of names) {
    expect(await failureOf(folder.path, name)).toContain(
      `❌ Failed to initialize database: database is in use by another process: ${path}. ` +
        "Stop the other registry, or give this one another DATABASE_URL\n",
    );
  }
  expect(await register(first, "after")).toBe(201);
  expect(await countOf(first)).toBe(2);
  expect(await first.stop()).toEqual({ exitCode: 0, signal: null });
});

test("a registry that cannot have the file ends with exit code 1", async () => {
  using folder = scratchFolder();
  await using first = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect(await register(first, "before")).toBe(201);
  // The shell tells the code, for whoever starts a registry that does not come up is only told what it said.
  const command = ["sh", "-c", '"$@"; echo "exit code $?"', "sh", ...registryCommand()];
  await expect(startRegistry({ cwd: folder.path, env: ENVIRONMENT, command })).rejects.toThrow("exit code 1\n");
});

test("after kill -9 of the first, the second starts with what the first had acknowledged", async () => {
  using folder = scratchFolder();
  await using first = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect(await register(first, "before")).toBe(201);
  first.kill("SIGKILL");
  await first.exited;
  await using second = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect(await countOf(second)).toBe(1);
  expect(await register(second, "after")).toBe(201);
});

test("of two that start at the same moment one gets the file", async () => {
  using folder = scratchFolder();
  const starts = await Promise.allSettled(
    Array.from({ length: 4 }, () => startRegistry({ cwd: folder.path, env: ENVIRONMENT })),
  );
  const started = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  try {
    expect(started).toHaveLength(1);
    for (const start of starts) {
      if (start.status === "rejected") expect(String(start.reason)).toContain("database is in use by another process");
    }
  } finally {
    for (const registry of started) await registry[Symbol.asyncDispose]();
  }
});
