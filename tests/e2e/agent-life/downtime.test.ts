import { expect, setDefaultTimeout, test } from "bun:test";
import { getJson } from "../../support/json-client.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";
import { altered, RECORDED, recordedAgent } from "./recorded-wire.ts";

/** Real seconds pass here. */
setDefaultTimeout(60_000);

const REGISTER = "/agents/register_with_metadata";
const AGENT = "greet_from_mcp_mesh";
const EVICTION_MS = 3_000;

/**
 * The recorded agent, with thresholds that a test can wait for; explicit ones are never widened. Blamed for a pause longer
 * than the second it would go straight from healthy to expired; otherwise it is degraded first.
 */
const IMPATIENT = altered(
  RECORDED.registration,
  '"health_interval": 30',
  '"health_interval": 30, "timeout_threshold": 1, "eviction_threshold": 3',
);

/** What the registry said of its first status change: `healthy → degraded`. */
async function firstTransition(registry: RegistryProcess): Promise<string> {
  const find = () => /^.*Agent greet_from_mcp_mesh status: (\w+ → \w+)/m.exec(registry.stderr)?.[1];
  return await waitFor("its status changes", find);
}

async function waitSince(startMs: number, pauseMs: number): Promise<void> {
  await waitFor(`${pauseMs} ms have passed`, () => performance.now() - startMs > pauseMs);
}

test.concurrent.each(["SIGTERM", "SIGKILL"] as const)(
  "nobody is blamed for the registry's downtime, however it ended (%s)",
  async (signal) => {
    using folder = scratchFolder();
    await using registry = await startRegistry({ cwd: folder.path });
    {
      using agent = await recordedAgent(registry);
      await agent.post(REGISTER, IMPATIENT);
      await agent.post("/heartbeat", RECORDED.heartbeat);
    }
    const lastBeatMs = performance.now();
    registry.kill(signal);
    await registry.exited;
    await waitSince(lastBeatMs, EVICTION_MS + 200);

    await using again = await startRegistry({ cwd: folder.path });
    expect(await firstTransition(again)).toBe("healthy → degraded");
    using agent = await recordedAgent(again);
    expect((await agent.post("/heartbeat", RECORDED.heartbeat)).body.status).toBe("success");
    expect((await getJson(`${again.url}/agents/${AGENT}`)).body).toMatchObject({
      endpoint: "http://10.0.0.9:8889",
      status: "healthy",
    });
  },
);

test.concurrent("a suspended registry blames nobody for its own pause", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  await agent.post(REGISTER, IMPATIENT);
  await agent.post("/heartbeat", RECORDED.heartbeat);
  const suspendedMs = performance.now();
  registry.kill("SIGSTOP");
  // Its one-second tick must come three seconds late for the pause to be noticed.
  await waitSince(suspendedMs, EVICTION_MS + 1_500);
  registry.kill("SIGCONT");
  expect(await firstTransition(registry)).toBe("healthy → degraded");
});
