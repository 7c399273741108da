import { expect, test } from "bun:test";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { getJson, type JsonAnswer, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";

const ENVIRONMENT = { HOST: "127.0.0.1", ACCESS_LOG: "false" };

const register = (registry: RegistryProcess, id: string): Promise<JsonAnswer> =>
  postJson(
    `${registry.url}/agents/register_with_metadata`,
    registrationBody(id, { endpoint: "http://127.0.0.1:9/a", timeout_threshold: 600 }),
  );

const idsOf = async (registry: RegistryProcess): Promise<string[]> =>
  (await getJson(`${registry.url}/agents`)).body.agents.map(({ id }: { id: string }) => id).toSorted();

async function expectRefusal(registry: RegistryProcess, reason: string): Promise<void> {
  const { status, headers, body } = await register(registry, "refused");
  expect([status, body.detail]).toEqual([503, `Failed to register agent: ${reason}`]);
  expect(headers.get("retry-after")).toBe("1");
  const health = await getJson(`${registry.url}/health`);
  expect([health.status, health.body.detail]).toEqual([503, `Service unhealthy: ${reason}`]);
  expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("known"))).status).toBe(200);
  expect(await idsOf(registry)).toEqual(["known"]);
}

test("a database that is moved away is an outage until it is back", async () => {
  using folder = scratchFolder();
  const path = join(folder.path, "mcp_mesh_registry.db");
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect((await register(registry, "known")).status).toBe(201);
  renameSync(path, `${path}.elsewhere`);
  // Whatever was written now would be acknowledged, and found by nobody.
  await expectRefusal(
    registry,
    `the database file ${path} is gone while the registry ran: put it back, or restart to use what is there now`,
  );
  renameSync(`${path}.elsewhere`, path);
  await waitFor("it takes writes again", async () => (await getJson(`${registry.url}/health`)).status === 200);
  expect((await register(registry, "afterwards")).status).toBe(201);
});

test("a database that is deleted is an outage, noticed without a write", async () => {
  using folder = scratchFolder();
  const path = join(folder.path, "mcp_mesh_registry.db");
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect((await register(registry, "known")).status).toBe(201);
  for (const ending of ["", "-wal", "-shm"]) rmSync(path + ending);
  await waitFor("it notices", async () => (await getJson(`${registry.url}/health`)).status === 503);
  expect(await idsOf(registry)).toEqual(["known"]);
});

test("a backup that is copied over the running database by renaming is not written to", async () => {
  using folder = scratchFolder();
  const path = join(folder.path, "mcp_mesh_registry.db");
  const backup = join(folder.path, "backup.db");
  {
    await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
    expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
    copyFileSync(path, backup);
  }
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect((await register(registry, "known")).status).toBe(201);
  renameSync(backup, path);
  await expectRefusal(
    registry,
    `the database file ${path} was replaced by another one while the registry ran: put it back, or restart to use what is there now`,
  );
});
