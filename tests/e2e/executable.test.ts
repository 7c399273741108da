import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getJson, postJson } from "../support/json-client.ts";
import { offering, registrationBody } from "../support/registration-body.ts";
import { registryExecutable } from "../support/registry-executable.ts";
import { startRegistry } from "../support/registry-process.ts";
import { scratchFolder } from "../support/scratch-folder.ts";

// The one file that users copy to a machine with neither Node nor Bun: nothing of the repository lies beside it here.
const elsewhere = scratchFolder();
const executable = join(elsewhere.path, "mcp-mesh-registry");
const DATABASE = "mcp_mesh_registry.db";

beforeAll(async () => copyFileSync(await registryExecutable(), executable));

afterAll(() => elsewhere[Symbol.dispose]());

test("the executable says its version and its usage", () => {
  const version = Bun.spawnSync([executable, "--version"], { cwd: elsewhere.path, env: {} });
  expect(version.stdout.toString().split("\n")[0]).toBe("MCP Mesh Registry Service v1.0.0");
  const help = Bun.spawnSync([executable, "--help"], { cwd: elsewhere.path, env: {} });
  expect(help.stdout.toString()).toContain("--database-url");
  expect([version.exitCode, help.exitCode]).toEqual([0, 0]);
});

test("the executable serves in an empty folder, leaves only its database there, and finds it again", async () => {
  using folder = scratchFolder();
  const command = [executable];
  {
    await using registry = await startRegistry({ command, cwd: folder.path });
    expect(await getJson(`${registry.url}/health`)).toMatchObject({ status: 200, body: { ok: true } });
    const body = registrationBody("greeter", offering("greeting"));
    expect((await postJson(`${registry.url}/agents/register_with_metadata`, body)).status).toBe(201);
    expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
  }
  expect(readdirSync(folder.path).toSorted()).toEqual([DATABASE, `${DATABASE}.lock`]);
  await using registry = await startRegistry({ command, cwd: folder.path });
  expect(await getJson(`${registry.url}/agents`)).toMatchObject({ body: { agents: [{ id: "greeter" }] } });
});

test("the executable heeds neither .env nor bunfig.toml of the folder it is started in", async () => {
  using folder = scratchFolder();
  writeFileSync(join(folder.path, ".env"), "DATABASE_URL=elsewhere.db\nREGISTRY_NAME=stranger\n");
  writeFileSync(join(folder.path, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(folder.path, "preload.ts"), "process.exit(7);\n");
  await using registry = await startRegistry({ command: [executable], cwd: folder.path });
  expect(registry.output).not.toContain("stranger");
  expect(readdirSync(folder.path)).toContain(DATABASE);
});

test("the executable brings the thread that writes: a registration waits there for another program's lock", async () => {
  await using registry = await startRegistry({ command: [executable] });
  const other = new Database(join(registry.cwd, DATABASE));
  other.run("BEGIN IMMEDIATE");
  const body = registrationBody("patient", offering("waiting"));
  const answer = postJson(`${registry.url}/agents/register_with_metadata`, body);
  // After so many round trips it has been read. Reads go on, and it is neither answered nor refused: the thread waits.
  for (let trip = 0; trip < 20; trip++) expect((await getJson(`${registry.url}/livez`)).status).toBe(200);
  expect(await Promise.race([answer, "still waiting"])).toBe("still waiting");
  other.run("ROLLBACK");
  other.close();
  expect((await answer).status).toBe(201);
});
