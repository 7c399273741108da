import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { deleteAt, getJson } from "../../support/json-client.ts";
import { pythonWith } from "../../support/python.ts";
import { type PythonAgentOptions, type PythonFunction, startPythonAgent } from "../../support/python-agent.ts";
import type { PythonProcess } from "../../support/python-process.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";

// The life of existing Python agents, played by `python_agent.py` (agents 1.1 to 1.5): what they do on the wire, and what
// they make of the answers.

const python = await pythonWith("clients");

const DATE: PythonFunction = {
  function_name: "SystemAgent_getDate",
  capability: "SystemAgent_getDate",
  description: "Today's date",
  enable_http: true,
};
const BETTER_DATE: PythonFunction = { ...DATE, function_name: "better_date", version: "2.0.0" };
const GREET: PythonFunction = { function_name: "greet", dependencies: ["SystemAgent_getDate"], tags: ["demo"] };

/** Seconds are as short as they get: an interval of 1 s means degraded after 2 s and expired after 4 s (registry-api 5.5). */
const SHORT = { DEFAULT_TIMEOUT_THRESHOLD: "1", DEFAULT_EVICTION_THRESHOLD: "2" };

function play(url: string, ...processes: PythonAgentOptions["processes"]): PythonProcess {
  if (python === null) throw new Error("no Python: such a test is to be skipped");
  return startPythonAgent(python, url, { processes });
}

const agentAt = async ({ url }: RegistryProcess, id: string) => (await getJson(`${url}/agents/${id}`)).body;

const registrationsOf = (agent: PythonProcess) =>
  agent.all("attempt").filter(({ path }) => String(path).endsWith("/agents/register_with_metadata"));

const rebuildsOf = (agent: PythonProcess) => agent.all("proxies").filter(({ why }) => why === "heartbeat");

/** Waits for this many further beats that were answered so. */
async function furtherBeats(agent: PythonProcess, count: number, isOk = true): Promise<void> {
  const beats = () => agent.all("beat").filter(({ ok }) => ok === isOk).length;
  const wanted = beats() + count;
  await waitFor(`${count} beats with ok=${isOk}`, () => beats() >= wanted);
}

/** Python's start and its beats take real time. */
setDefaultTimeout(60_000);

describe.skipIf(python === null)("existing Python agents", () => {
  test("register, start HTTP, tell their endpoint, and are given their dependency", async () => {
    await using registry = await startRegistry();
    await using provider = play(registry.url, [DATE]);
    const { endpoint } = await provider.until("http");
    await provider.until("beat");
    expect(await agentAt(registry, "SystemAgent_getDate")).toMatchObject({ endpoint, status: "healthy" });

    await using consumer = play(registry.url, [GREET]);
    expect(await consumer.until("proxies")).toEqual({
      event: "proxies",
      function: "greet",
      why: "registration",
      proxies: { SystemAgent_getDate: endpoint },
    });
    await furtherBeats(consumer, 5);
    expect(rebuildsOf(consumer)).toEqual([]);
    expect([provider, consumer].flatMap((agent) => agent.all("complaint"))).toEqual([]);
    const statuses = [provider, consumer].flatMap((agent) => agent.all("attempt")).map(({ status }) => status);
    expect([...new Set(statuses)].toSorted()).toEqual([200, 201]);
    // The registry is passive: it comes to nobody.
    expect(provider.all("contacted")).toEqual([]);
  });

  test("a consumer that was there first gets its provider with the next beat", async () => {
    await using registry = await startRegistry();
    await using consumer = play(registry.url, [GREET]);
    expect(await consumer.until("proxies")).toMatchObject({ proxies: { SystemAgent_getDate: null } });
    await using provider = play(registry.url, [DATE]);
    const { endpoint } = await provider.until("http");
    await consumer.until("proxies", ({ proxies }) => Bun.deepEquals(proxies, { SystemAgent_getDate: endpoint }));
  });

  test("two providers do not make the answer alternate, and a better one that comes later does not take over", async () => {
    await using registry = await startRegistry();
    await using provider = play(registry.url, [DATE]);
    const { endpoint } = await provider.until("http");
    await provider.until("beat");
    await using consumer = play(registry.url, [GREET]);
    expect(await consumer.until("proxies")).toMatchObject({ proxies: { SystemAgent_getDate: endpoint } });
    await using better = play(registry.url, [BETTER_DATE]);
    await better.until("http");
    await furtherBeats(better, 5);
    await furtherBeats(consumer, 10);
    expect(rebuildsOf(consumer)).toEqual([]);
  });

  test("a provider that dies is taken away, and given again when it is only suspended", async () => {
    await using registry = await startRegistry({ env: SHORT });
    await using provider = play(registry.url, [{ ...DATE, health_interval: 1 }]);
    const { endpoint } = await provider.until("http");
    await provider.until("beat");
    await using consumer = play(registry.url, [{ ...GREET, health_interval: 1 }]);
    await consumer.until("proxies");

    provider.kill("SIGSTOP");
    await consumer.until("proxies", ({ proxies }) => Bun.deepEquals(proxies, { SystemAgent_getDate: null }));
    await waitFor("it is expired", async () => (await agentAt(registry, "SystemAgent_getDate")).status === "expired");
    provider.kill("SIGCONT");
    await waitFor("the proxy is back", () =>
      Bun.deepEquals(rebuildsOf(consumer).at(-1)?.proxies, { SystemAgent_getDate: endpoint }),
    );
    expect((await agentAt(registry, "SystemAgent_getDate")).status).toBe("healthy");
    expect(rebuildsOf(consumer)).toHaveLength(2);
    expect(registrationsOf(provider)).toHaveLength(1);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s and a new start on the same file nobody registers again",
    async (signal) => {
      using folder = scratchFolder();
      await using registry = await startRegistry({ cwd: folder.path });
      await using provider = play(registry.url, [DATE]);
      await provider.until("http");
      await using consumer = play(registry.url, [GREET]);
      await consumer.until("beat");
      await using better = play(registry.url, [BETTER_DATE]);
      await better.until("beat");

      registry.kill(signal);
      await registry.exited;
      await furtherBeats(consumer, 1, false);
      await using again = await startRegistry({ cwd: folder.path, env: { PORT: String(registry.port) } });
      await furtherBeats(consumer, 3);
      await furtherBeats(provider, 3);
      await furtherBeats(better, 3);

      for (const agent of [provider, better, consumer]) {
        expect(registrationsOf(agent)).toHaveLength(1);
        expect(rebuildsOf(agent)).toEqual([]);
      }
      const { body } = await getJson(`${again.url}/agents?status=healthy`);
      expect(body.agents.map(({ id }: { id: string }) => id).toSorted()).toEqual([
        "SystemAgent_getDate",
        "better_date",
        "greet",
      ]);
    },
  );

  test("an empty new database adopts both agents from their beats", async () => {
    await using registry = await startRegistry();
    await using provider = play(registry.url, [DATE]);
    const { endpoint } = await provider.until("http");
    await using consumer = play(registry.url, [GREET]);
    await furtherBeats(consumer, 1);

    await registry.stop();
    await using empty = await startRegistry({ env: { PORT: String(registry.port) } });
    await furtherBeats(provider, 2);
    await furtherBeats(consumer, 2);
    expect(await agentAt(empty, "SystemAgent_getDate")).toMatchObject({
      id: "SystemAgent_getDate",
      name: "systemagent-getdate",
      endpoint,
      status: "healthy",
      description: "Today's date",
      capabilities: [{ name: "SystemAgent_getDate", version: "1.0.0" }],
    });
    expect(await agentAt(empty, "greet")).toMatchObject({
      endpoint: "stdio://greet",
      status: "healthy",
      dependencies: ["SystemAgent_getDate"],
      tags: ["demo"],
      capabilities: [{ name: "greeting", tags: ["demo"] }],
    });
    await waitFor("the consumer has its proxy", () =>
      Bun.deepEquals(consumer.all("proxies").at(-1)?.proxies, { SystemAgent_getDate: endpoint }),
    );
    for (const agent of [provider, consumer]) expect(registrationsOf(agent)).toHaveLength(1);
  });

  test("a deleted agent is not adopted, and comes back by registering", async () => {
    await using registry = await startRegistry();
    {
      await using deleted = play(registry.url, [GREET]);
      await furtherBeats(deleted, 1);
      expect((await deleteAt(`${registry.url}/agents/greet`)).status).toBe(204);
      await furtherBeats(deleted, 3, false);
      const refused = deleted.all("attempt").filter(({ status }) => status === 404);
      expect(refused.length).toBeGreaterThanOrEqual(9);
      // Having registered once, it never does again.
      expect(registrationsOf(deleted)).toHaveLength(1);
      expect((await getJson(`${registry.url}/agents/greet`)).status).toBe(404);
    }
    await using restarted = play(registry.url, [GREET]);
    await furtherBeats(restarted, 1);
    expect((await agentAt(registry, "greet")).status).toBe("healthy");
  });

  test("an agent_name other than the function's name is one agent, whose endpoint its beats tell", async () => {
    await using registry = await startRegistry();
    await using agent = play(registry.url, [
      { function_name: "get_weather", agent_name: "weather-agent", enable_http: true },
    ]);
    const { endpoint } = await agent.until("http");
    await furtherBeats(agent, 2);
    const { body } = await getJson(`${registry.url}/agents`);
    expect(body.agents).toHaveLength(1);
    expect(body.agents[0]).toMatchObject({ id: "weather-agent", endpoint, status: "healthy" });
    expect(agent.all("beat").map(({ ok }) => ok)).not.toContain(false);
  });

  test("a process with several functions and none of them documented is registered whole", async () => {
    await using registry = await startRegistry();
    const functions = ["one", "two", "three"].map((name) => ({ function_name: name, capability: name }));
    await using agent = play(registry.url, functions);
    await waitFor("all are registered", () => agent.all("registered").length === 3);
    const { body } = await getJson(`${registry.url}/capabilities`);
    const found = body.capabilities.map((item: { name: string; description: null }) => [item.name, item.description]);
    expect(found).toEqual([
      ["one", null],
      ["three", null],
      ["two", null],
    ]);
  });

  test("a base URL with a slash at its end makes no difference", async () => {
    await using registry = await startRegistry();
    await using agent = play(`${registry.url}/`, [GREET]);
    await furtherBeats(agent, 2);
    const [registration, beat] = agent.all("attempt");
    expect(registration).toEqual({ event: "attempt", path: "/agents/register_with_metadata", status: 201 });
    expect(beat).toEqual({ event: "attempt", path: "/heartbeat", status: 200 });
  });

  test("an agent older than the registry registers when it can, and stays without HTTP", async () => {
    const port = await freedPort();
    await using agent = play(`http://localhost:${port}`, [DATE]);
    await waitFor("it has tried more than once", () => agent.all("unregistered").length >= 2);
    await using registry = await startRegistry({ env: { PORT: String(port), HEARTBEAT_ADOPTION: "false" } });
    const { attempts } = await agent.until("registered");
    expect(attempts).toBeGreaterThanOrEqual(3);
    await furtherBeats(agent, 2);
    expect(agent.all("registered")).toHaveLength(1);
    expect((await agentAt(registry, "SystemAgent_getDate")).endpoint).toBe("stdio://SystemAgent_getDate");
  });

  test("an agent older than the registry gets in by what comes first, its beat or its registration", async () => {
    const port = await freedPort();
    await using agent = play(`http://localhost:${port}`, [GREET]);
    await agent.until("unregistered");
    await using registry = await startRegistry({ env: { PORT: String(port) } });
    await furtherBeats(agent, 2);
    expect((await agentAt(registry, "greet")).status).toBe("healthy");
  });
});

/** A port on which a registry has just been, so that nothing else listens there. */
async function freedPort(): Promise<number> {
  await using registry = await startRegistry();
  return registry.port;
}
