import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { getJson, type JsonAnswer, postJson } from "../../support/json-client.ts";
import { notRunHere } from "../../support/missing.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, registryCommand, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";

const ENVIRONMENT = { HOST: "127.0.0.1", ACCESS_LOG: "false" };
const DATABASE = "mcp_mesh_registry.db";

/** For root no file is read-only, unless it gives that right away. */
const OVERRIDES = "-dac_override,-dac_read_search";
const isRoot = process.getuid?.() === 0;
const canTry = !isRoot || Bun.which("setpriv") !== null;
if (!canTry) notRunHere("a registry in a folder it cannot write", "apt-get install util-linux");
const prefix = isRoot ? ["setpriv", `--bounding-set=${OVERRIDES}`, `--inh-caps=${OVERRIDES}`] : [];

const startUnprivileged = (cwd: string): Promise<RegistryProcess> =>
  startRegistry({ cwd, env: ENVIRONMENT, command: [...prefix, ...registryCommand()] });

const register = (registry: RegistryProcess, id: string): Promise<JsonAnswer> =>
  postJson(
    `${registry.url}/agents/register_with_metadata`,
    registrationBody(id, { endpoint: "http://127.0.0.1:9/a", timeout_threshold: 600 }),
  );

const idsOf = async (registry: RegistryProcess): Promise<string[]> =>
  (await getJson(`${registry.url}/agents`)).body.agents.map(({ id }: { id: string }) => id).toSorted();

const isHealthy = async (registry: RegistryProcess): Promise<boolean> =>
  (await getJson(`${registry.url}/health`)).status === 200;

/** A folder with a database in it that knows one agent. */
async function usedFolder() {
  const folder = scratchFolder();
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect((await register(registry, "known")).status).toBe(201);
  expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
  return folder;
}

for (const { what, forbid, permit } of [
  {
    what: "folder",
    forbid: (folder: string) => chmodSync(folder, 0o555),
    permit: (folder: string) => chmodSync(folder, 0o755),
  },
  {
    what: "file",
    forbid: (folder: string) => chmodSync(join(folder, DATABASE), 0o444),
    permit: (folder: string) => chmodSync(join(folder, DATABASE), 0o644),
  },
  {
    what: "lock file",
    forbid: (folder: string) => chmodSync(join(folder, `${DATABASE}.lock`), 0o444),
    permit: (folder: string) => chmodSync(join(folder, `${DATABASE}.lock`), 0o644),
  },
]) {
  test.skipIf(!canTry)(
    `where the ${what} cannot be written it serves what is there, and recovers with the right`,
    async () => {
      using folder = await usedFolder();
      forbid(folder.path);
      await using registry = await startUnprivileged(folder.path);
      const blamed = {
        folder: folder.path,
        file: join(folder.path, DATABASE),
        "lock file": join(folder.path, `${DATABASE}.lock`),
      };
      const path = blamed[what as keyof typeof blamed];
      const warning =
        `${path} cannot be written: the registry serves what is in it, read-only, and refuses changes. ` +
        "Give this user write access to the file and its folder\n";
      await waitFor("it says that it only reads", () => registry.stderr.includes(warning));
      const health = await getJson(`${registry.url}/health`);
      expect([health.status, health.body.detail]).toEqual([503, `Service unhealthy: ${path} cannot be written`]);
      expect((await getJson(`${registry.url}/livez`)).status).toBe(200);
      expect(await idsOf(registry)).toEqual(["known"]);
      const refused = await register(registry, "refused");
      expect(refused.status).toBe(503);
      expect(refused.headers.get("retry-after")).toBe("1");
      expect(refused.body.detail).toContain("cannot be written");
      expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("known"))).status).toBe(200);
      expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("known", {}, "busy"))).status).toBe(503);

      permit(folder.path);
      await waitFor("it takes writes again", () => isHealthy(registry));
      expect(registry.stderr).toContain(`${join(folder.path, DATABASE)} can be written again\n`);
      expect((await register(registry, "afterwards")).status).toBe(201);
      expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
      await using again = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
      expect(await idsOf(again)).toEqual(["afterwards", "known"]);
    },
  );
}

test.skipIf(!canTry)(
  "it leaves the file to a registry that can write it, and takes over afterwards what that one wrote",
  async () => {
    using folder = await usedFolder();
    chmodSync(join(folder.path, DATABASE), 0o444);
    await using reader = await startUnprivileged(folder.path);
    {
      await using writer = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
      expect((await register(writer, "meanwhile")).status).toBe(201);
      for (const ending of ["", "-wal", "-shm"]) chmodSync(join(folder.path, DATABASE + ending), 0o644);
      await waitFor("the reader says why it cannot write", async () => {
        const { status, body } = await getJson(`${reader.url}/health`);
        return status === 503 && body.detail.includes("database is in use by another process");
      });
      expect(await writer.stop()).toEqual({ exitCode: 0, signal: null });
    }
    await waitFor("the reader can write", () => isHealthy(reader));
    await waitFor("it shows what the other wrote", async () => (await idsOf(reader)).includes("meanwhile"));
    expect((await register(reader, "afterwards")).status).toBe(201);
    expect(await idsOf(reader)).toEqual(["afterwards", "known", "meanwhile"]);
  },
);

test.skipIf(!canTry)(
  "without a database, in a folder that cannot be written, it does not start and says why",
  async () => {
    using folder = scratchFolder();
    chmodSync(folder.path, 0o555);
    await expect(startUnprivileged(folder.path)).rejects.toThrow(
      `❌ Failed to initialize database: cannot make the database ${join(folder.path, DATABASE)}: its folder cannot be written. ` +
        "Change its permissions, or use another DATABASE_URL\n",
    );
  },
);
