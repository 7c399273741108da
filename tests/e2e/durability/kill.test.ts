import { expect, test } from "bun:test";
import { join } from "node:path";
import { Random } from "../../simulation/random.ts";
import { effort } from "../../support/effort.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { printedSeed } from "../../support/seed.ts";
import { type DatabaseContent, foldLog, readDatabaseCopy } from "./database-copy.ts";
import { listAgents } from "./shown-agent.ts";
import { type Write, WriteLoad } from "./write-load.ts";

const KILLS = 50;
/** Each life has a file of its own: the whole log is read after every kill, and must not have been pruned. */
const LIVES = effort({ short: 1, long: 12 });
const ENVIRONMENT = {
  HOST: "127.0.0.1",
  ACCESS_LOG: "false",
  LOG_LEVEL: "warn",
  // The audit trail would be most of the file, and is not what this is about.
  REGISTRY_EVENTS_MAX: "1000",
};

/** What a killed process left must be sound, and must hold every version that was given out, to whom it was given. */
function checkContent(
  { integrity, brokenReferences, head, log, records }: DatabaseContent,
  writes: readonly Write[],
): void {
  expect(integrity).toEqual(["ok"]);
  expect(brokenReferences).toBe(0);
  expect(foldLog(log)).toEqual(new Map(records));
  expect(head).toBe(log.at(-1)?.version ?? head);
  const logged = new Map(
    log.map(({ version, agentId, new: record }) => [version, { agentId, note: record?.labels.note }]),
  );
  for (const { id, version, outcome } of writes) {
    if (version !== null) expect(logged.get(version)).toEqual({ agentId: id, note: outcome?.note });
  }
}

function checkVersions(writes: readonly Write[], headBefore: number): void {
  const versions = writes.flatMap(({ version }) => (version === null ? [] : [version]));
  expect(new Set(versions).size).toBe(versions.length);
  for (const version of versions) expect(version).toBeGreaterThan(headBefore);
}

/** Ends the process with kill -9 in the middle of its start, or of its shutdown. */
async function killElsewhere(cwd: string, moment: "start" | "shutdown", delayMs: number): Promise<void> {
  if (moment === "shutdown") {
    await using registry = await startRegistry({ cwd, env: ENVIRONMENT });
    registry.kill("SIGTERM");
    await Bun.sleep(delayMs);
    return;
  }
  // One that is not up by then is killed, and says so.
  await startRegistry({ cwd, env: ENVIRONMENT, startLimitMs: delayMs }).then(
    (registry) => registry[Symbol.asyncDispose](),
    () => undefined,
  );
}

for (let life = 1; life <= LIVES; life++) {
  test(`a registry killed ${KILLS} times loses nothing it acknowledged (${life} of ${LIVES})`, async () => {
    const random = new Random(printedSeed());
    using folder = scratchFolder();
    using scratch = scratchFolder();
    const path = join(folder.path, "mcp_mesh_registry.db");
    const load = new WriteLoad(random);
    let head = 0;
    let acknowledged = 0;
    let unanswered = 0;
    let writes: Write[] = [];
    for (let kill = 1; kill <= KILLS; kill++) {
      await using registry: RegistryProcess = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
      expect(load.compare(writes, await listAgents(registry.url))).toEqual([]);

      const underLoad = load.run(registry.url);
      await Promise.race([Bun.sleep(random.between(50, 600)), underLoad]);
      registry.kill("SIGKILL");
      expect(await registry.exited).toEqual({ exitCode: null, signal: "SIGKILL" });
      writes = await underLoad;

      const content = readDatabaseCopy(path, scratch.path);
      checkContent(content, writes);
      checkVersions(writes, head);
      expect(content.head).toBeGreaterThanOrEqual(head);
      head = content.head;
      acknowledged += writes.filter(({ isAcknowledged }) => isAcknowledged).length;
      unanswered += writes.filter(({ isAcknowledged }) => !isAcknowledged).length;
      expect(registry.stderr).toBe("");
      const dice = random.next();
      if (dice < 0.1) await killElsewhere(folder.path, "start", random.between(1, 250));
      else if (dice < 0.2) await killElsewhere(folder.path, "shutdown", random.between(0, 30));
    }
    await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
    expect(load.compare(writes, await listAgents(registry.url))).toEqual([]);
    console.log(`${KILLS} kills: ${acknowledged} writes acknowledged, ${unanswered} without an answer`);
    // Without load this would prove nothing.
    expect(acknowledged).toBeGreaterThan(KILLS * 20);
  }, 300_000);
}
