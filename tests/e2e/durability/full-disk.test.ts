import { expect, test } from "bun:test";
import { join } from "node:path";
import { deleteAt, getJson, type JsonAnswer, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";
import { readDatabaseCopy } from "./database-copy.ts";
import { canMountDisks, smallDisk } from "./small-disk.ts";

const canMount = canMountDisks();
const DISK_KIB = 6 * 1024;
/** Longer than the patience of the agents here. */
const OUTAGE_MS = 5_500;

const startOn = (folder: string): Promise<RegistryProcess> =>
  startRegistry({ env: { HOST: "127.0.0.1", DATABASE_URL: join(folder, "registry.db"), ACCESS_LOG: "false" } });

const endpoint = "http://127.0.0.1:9/a";

const register = (registry: RegistryProcess, id: string, metadata = {}): Promise<JsonAnswer> =>
  postJson(`${registry.url}/agents/register_with_metadata`, registrationBody(id, { endpoint, ...metadata }));

const beat = (registry: RegistryProcess, id: string, status = "healthy"): Promise<JsonAnswer> =>
  postJson(`${registry.url}/heartbeat`, heartbeatBody(id, {}, status));

const statusOf = async (registry: RegistryProcess, id: string): Promise<string> =>
  (await getJson(`${registry.url}/agents/${id}`)).body.status;

const count = (text: string, part: string): number => text.split(part).length - 1;

/** Registers until one is refused. @returns ids of those that were not */
async function registerUntilRefused(registry: RegistryProcess): Promise<{ accepted: string[]; refused: JsonAnswer }> {
  const accepted: string[] = [];
  // What the journal holds already may be written over; that ends soon.
  for (let index = 0; index < 1_000; index++) {
    const answer = await register(registry, `late-${index}`, { metadata: { note: "x".repeat(4_000) } });
    if (answer.status !== 201) return { accepted, refused: answer };
    accepted.push(`late-${index}`);
  }
  throw new Error("a full disk took a thousand registrations");
}

test.skipIf(!canMount)(
  "on a full disk writes are refused with the reason, all else goes on, and it recovers by itself",
  async () => {
    using disk = smallDisk(DISK_KIB);
    await using registry = await startOn(disk.path);
    const patience = { timeout_threshold: 4, eviction_threshold: 5 };
    expect((await register(registry, "kept")).status).toBe(201);
    expect((await register(registry, "beating", patience)).status).toBe(201);
    expect((await register(registry, "silent", patience)).status).toBe(201);
    disk.fill();
    const { accepted, refused } = await registerUntilRefused(registry);
    const outageEndMs = performance.now() + OUTAGE_MS;

    const full = "the disk is full (database or disk is full)";
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.body).toEqual({
      detail: `Failed to register agent: ${full}`,
      error: `Failed to register agent: ${full}`,
    });
    const change = await beat(registry, "kept", "busy");
    expect([change.status, change.body.detail]).toEqual([503, `Failed to process heartbeat: ${full}`]);
    expect(change.headers.get("retry-after")).toBe("1");
    const removal = await deleteAt(`${registry.url}/agents/kept`);
    expect([removal.status, removal.body.detail]).toEqual([503, `Failed to unregister agent: ${full}`]);

    while (performance.now() < outageEndMs) {
      const health = await getJson(`${registry.url}/health`);
      expect(health.status).toBe(503);
      expect(health.headers.get("retry-after")).toBe("1");
      expect(health.body).toEqual({
        status: "unhealthy",
        ok: false,
        service: "mcp-mesh-registry",
        detail: expect.stringMatching(/^Service unhealthy: the disk is full \(.+\)$/),
        error: health.body.detail,
      });
      expect(await beat(registry, "beating")).toMatchObject({ status: 200, body: { message: "Heartbeat recorded" } });
      const { body } = await getJson(`${registry.url}/agents`);
      expect(body.agents.map(({ id }: { id: string }) => id).toSorted()).toEqual(
        ["beating", "kept", "silent", ...accepted].toSorted(),
      );
      expect((await getJson(`${registry.url}/livez`)).status).toBe(200);
      expect((await getJson(`${registry.url}/ready`)).status).toBe(200);
      expect((await getJson(`${registry.url}/health/monitoring`)).body.database.status).toBe("unavailable");
      await Bun.sleep(100);
    }
    expect(await statusOf(registry, "silent")).toBe("healthy");

    disk.free();
    await waitFor("it takes writes again", async () => (await getJson(`${registry.url}/health`)).status === 200);
    // It could not have recorded anything for longer than this agent's patience: that time does not count.
    const untilMs = performance.now() + 1_000;
    while (performance.now() < untilMs) {
      expect(await statusOf(registry, "silent")).toBe("healthy");
      expect(await statusOf(registry, "beating")).toBe("healthy");
      await Bun.sleep(50);
    }
    expect((await beat(registry, "beating")).status).toBe(200);
    expect((await register(registry, "afterwards")).status).toBe(201);
    await waitFor("silence counts again", async () => (await statusOf(registry, "silent")) === "expired");
    expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
    expect(count(registry.stderr, "Database is unavailable")).toBe(1);
    expect(count(registry.stderr, "Database is available again")).toBe(1);

    using scratch = scratchFolder();
    const { integrity, records } = readDatabaseCopy(join(disk.path, "registry.db"), scratch.path);
    expect(integrity).toEqual(["ok"]);
    expect([...records.keys()].toSorted()).toEqual(["afterwards", "beating", "kept", "silent", ...accepted].toSorted());
    expect(records.get("kept")?.reportedStatus).toBe("healthy");
  },
  60_000,
);

test.skipIf(!canMount)("a disk that is full but for a little is no disk that comes and goes", async () => {
  using disk = smallDisk(DISK_KIB);
  await using registry = await startOn(disk.path);
  expect((await register(registry, "kept")).status).toBe(201);
  disk.fill(200);
  expect((await register(registry, "large", { metadata: { note: "x".repeat(500_000) } })).status).toBe(503);
  // What the probe writes would fit.
  const untilMs = performance.now() + 3_000;
  while (performance.now() < untilMs) {
    expect((await getJson(`${registry.url}/health`)).status).toBe(503);
    await Bun.sleep(50);
  }
  const { body } = await getJson(`${registry.url}/health`);
  expect(body.detail).toBe("Service unhealthy: the disk is full (less than 1 MiB is free)");
  // Nor is anything refused that fits.
  expect((await register(registry, "small")).status).toBe(201);
  disk.free();
  await waitFor("it takes writes again", async () => (await getJson(`${registry.url}/health`)).status === 200);
  expect(count(registry.stderr, "Database is unavailable")).toBe(1);
});

test.skipIf(!canMount)("killed on a full disk it has lost nothing that it acknowledged", async () => {
  using disk = smallDisk(DISK_KIB);
  let known: string[];
  {
    await using registry = await startOn(disk.path);
    expect((await register(registry, "kept")).status).toBe(201);
    disk.fill();
    known = ["kept", ...(await registerUntilRefused(registry)).accepted];
    registry.kill("SIGKILL");
    await registry.exited;
  }
  disk.free();
  await using again = await startOn(disk.path);
  const { body } = await getJson(`${again.url}/agents`);
  expect(body.agents.map(({ id }: { id: string }) => id).toSorted()).toEqual(known.toSorted());
  expect((await register(again, "afterwards")).status).toBe(201);
});

test.skipIf(!canMount)("stopped on a full disk it says what it could not do, and starts on it again", async () => {
  using disk = smallDisk(DISK_KIB);
  let known: string[];
  {
    await using registry = await startOn(disk.path);
    expect((await register(registry, "kept")).status).toBe(201);
    disk.fill();
    known = ["kept", ...(await registerUntilRefused(registry)).accepted];
    expect((await beat(registry, "kept")).status).toBe(200);
    expect(await registry.stop()).toEqual({ exitCode: 1, signal: null });
    expect(registry.stderr).toContain("Heartbeats of the last minute were not stored: the disk is full");
    expect(registry.stderr).toContain("❌ Database not closed cleanly: the disk is full");
  }
  await using again = await startOn(disk.path);
  const { body } = await getJson(`${again.url}/agents`);
  expect(body.agents.map(({ id }: { id: string }) => id).toSorted()).toEqual(known.toSorted());
  await registerUntilRefused(again);
  disk.free();
  await waitFor("it takes writes again", async () => (await getJson(`${again.url}/health`)).status === 200);
  expect((await register(again, "afterwards")).status).toBe(201);
});
