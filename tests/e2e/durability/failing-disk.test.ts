import { expect, test } from "bun:test";
import { getJson, type JsonAnswer, postJson } from "../../support/json-client.ts";
import { notRunHere } from "../../support/missing.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";

const hasPrlimit = Bun.which("prlimit") !== null;
if (!hasPrlimit) notRunHere("a registry whose writes fail", "apt-get install util-linux");

/** From now on the process can make no file longer than this, and cannot write behind it. */
function limitFileSize(pid: number, limit: string): void {
  const { success, stderr } = Bun.spawnSync(["prlimit", "--pid", String(pid), `--fsize=${limit}`]);
  if (!success) throw new Error(stderr.toString());
}

const register = (registry: RegistryProcess, id: string): Promise<JsonAnswer> =>
  postJson(
    `${registry.url}/agents/register_with_metadata`,
    registrationBody(id, { endpoint: "http://127.0.0.1:9/a", timeout_threshold: 600 }),
  );

test.skipIf(!hasPrlimit)(
  "while every write of the disk fails, reads and beats go on, and it recovers by itself",
  async () => {
    using folder = scratchFolder();
    await using registry = await startRegistry({ cwd: folder.path, env: { HOST: "127.0.0.1", ACCESS_LOG: "false" } });
    expect((await register(registry, "kept")).status).toBe(201);
    // The soft limit alone, so that it can be lifted again.
    limitFileSize(registry.pid, "100:");
    for (const id of ["refused-1", "refused-2"]) {
      const { status, headers, body } = await register(registry, id);
      expect([status, body.detail]).toEqual([503, "Failed to register agent: the disk failed (disk I/O error)"]);
      expect(headers.get("retry-after")).toBe("1");
    }
    // Several probes long: none may take a write that SQLite leaves out for one that succeeded. No beats, whose writes would
    // find out by themselves.
    const endMs = performance.now() + 3_500;
    while (performance.now() < endMs) {
      expect((await getJson(`${registry.url}/health`)).status).toBe(503);
      expect((await getJson(`${registry.url}/agents`)).body.count).toBe(1);
      await Bun.sleep(50);
    }
    expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("kept"))).status).toBe(200);
    limitFileSize(registry.pid, "unlimited:");
    await waitFor("it takes writes again", async () => (await getJson(`${registry.url}/health`)).status === 200);
    expect((await register(registry, "afterwards")).status).toBe(201);
    expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
    await using again = await startRegistry({ cwd: folder.path, env: { HOST: "127.0.0.1" } });
    const { body } = await getJson(`${again.url}/agents`);
    expect(body.agents.map(({ id }: { id: string }) => id).toSorted()).toEqual(["afterwards", "kept"]);
  },
);
