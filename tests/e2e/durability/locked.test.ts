import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { getJson, type JsonAnswer, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";

const ENVIRONMENT = { HOST: "127.0.0.1", ACCESS_LOG: "false" };
const HELD_MS = 2_000;

const register = (registry: RegistryProcess, id: string): Promise<JsonAnswer> =>
  postJson(
    `${registry.url}/agents/register_with_metadata`,
    registrationBody(id, { endpoint: "http://127.0.0.1:9/a", timeout_threshold: 600 }),
  );

const beat = (registry: RegistryProcess, id: string): Promise<JsonAnswer> =>
  postJson(`${registry.url}/heartbeat`, heartbeatBody(id));

/** Keeps every other process from writing, as a tool does that changes something by hand. */
function lockFile(path: string): Disposable {
  const db = new Database(path);
  db.run("PRAGMA busy_timeout = 5000");
  db.run("BEGIN IMMEDIATE");
  return {
    [Symbol.dispose]() {
      db.run("ROLLBACK");
      db.close();
    },
  };
}

test("while another process holds the file, reads and beats are answered, and a registration waits for it", async () => {
  using folder = scratchFolder();
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  expect((await register(registry, "known")).status).toBe(201);
  let registered = 0;
  let answered = 0;
  let registrations: Promise<JsonAnswer[]>;
  {
    using _ = lockFile(join(folder.path, "mcp_mesh_registry.db"));
    const ids = Array.from({ length: 40 }, (_, index) => `waiting-${index}`);
    registrations = Promise.all(
      ids.map(async (id) => {
        const answer = await register(registry, id);
        registered++;
        return answer;
      }),
    );
    const endMs = performance.now() + HELD_MS;
    while (performance.now() < endMs) {
      expect((await getJson(`${registry.url}/agents`)).body.count).toBe(1);
      expect((await beat(registry, "known")).status).toBe(200);
      expect((await getJson(`${registry.url}/health`)).status).toBe(200);
      answered++;
      await Bun.sleep(20);
    }
    expect(registered).toBe(0);
    // Were the event loop itself waiting for the file, there would be one at most.
    expect(answered).toBeGreaterThan(10);
  }
  expect((await registrations).map(({ status }) => status)).toEqual(new Array(40).fill(201));
  expect((await getJson(`${registry.url}/agents`)).body.count).toBe(41);
  expect(registry.stderr).not.toContain("unavailable");
});

test("a file that is held for longer than DB_BUSY_TIMEOUT is an outage, and over when it is let go", async () => {
  using folder = scratchFolder();
  const env = { ...ENVIRONMENT, DB_BUSY_TIMEOUT: "300" };
  await using registry = await startRegistry({ cwd: folder.path, env });
  expect((await register(registry, "known")).status).toBe(201);
  {
    using _ = lockFile(join(folder.path, "mcp_mesh_registry.db"));
    const reason = "the database is locked by another process (database is locked)";
    const refused = await register(registry, "refused");
    expect([refused.status, refused.body.detail]).toEqual([503, `Failed to register agent: ${reason}`]);
    expect(refused.headers.get("retry-after")).toBe("1");
    const health = await getJson(`${registry.url}/health`);
    expect([health.status, health.body.detail]).toEqual([503, `Service unhealthy: ${reason}`]);
    expect((await beat(registry, "known")).status).toBe(200);
    expect((await getJson(`${registry.url}/agents`)).body.count).toBe(1);
  }
  await waitFor("it takes writes again", async () => (await getJson(`${registry.url}/health`)).status === 200);
  expect((await register(registry, "afterwards")).status).toBe(201);
  const { body } = await getJson(`${registry.url}/agents`);
  expect(body.agents.map(({ id }: { id: string }) => id).toSorted()).toEqual(["afterwards", "known"]);
});

test("what is written after its caller was told 503 becomes visible without another write", async () => {
  using folder = scratchFolder();
  // The call is given up long before the database gives up waiting for the file.
  const env = { ...ENVIRONMENT, DB_BUSY_TIMEOUT: "20000", QUERY_TIMEOUT: "1" };
  await using registry = await startRegistry({ cwd: folder.path, env });
  {
    using _ = lockFile(join(folder.path, "mcp_mesh_registry.db"));
    const refused = await register(registry, "late");
    expect([refused.status, refused.body.detail]).toEqual([
      503,
      "Failed to register agent: the database did not answer within 1 s",
    ]);
    expect((await getJson(`${registry.url}/agents`)).body.count).toBe(0);
  }
  await waitFor("the list shows it", async () => (await getJson(`${registry.url}/agents`)).body.count === 1);
  await waitFor("it is healthy again", async () => (await getJson(`${registry.url}/health`)).status === 200);
});

test("stopped while another process holds the file, it ends in bounded time and says what is missing", async () => {
  using folder = scratchFolder();
  const env = { ...ENVIRONMENT, DB_BUSY_TIMEOUT: "300" };
  await using registry = await startRegistry({ cwd: folder.path, env });
  expect((await register(registry, "known")).status).toBe(201);
  {
    using _ = lockFile(join(folder.path, "mcp_mesh_registry.db"));
    expect((await beat(registry, "known")).status).toBe(200);
    const { signal } = await registry.stop();
    expect(signal).toBeNull();
    expect(registry.stderr).toContain(
      "Heartbeats of the last minute were not stored: the database is locked by another process",
    );
  }
  await using again = await startRegistry({ cwd: folder.path, env });
  expect((await getJson(`${again.url}/agents`)).body.count).toBe(1);
});
