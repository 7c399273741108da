import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { getJson } from "../../support/json-client.ts";
import { pythonWith } from "../../support/python.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";
import { registerOverRest } from "./guide-mesh.ts";
import { letGo, startSnippet } from "./guide-snippets.ts";

// The snippets of seed 002 that are agents: they register and beat. `POST /mcp/tools/register_agent` is not served yet, so
// their harness sends the same data to `POST /agents/register_with_metadata`. Each file in `python/` lists its mends.

const python = await pythonWith("clients");
const fastmcp = await pythonWith("fastmcp");

const REGISTERED_INFO = { event: "log", level: "info", message: "Registered with registry: data-service-7f3a" };

/** Python's start takes real time. */
setDefaultTimeout(60_000);

describe.skipIf(python === null)("agents of seed 002", () => {
  test("the startup sequence registers the agent with all it says of itself", async () => {
    await using registry = await startRegistry();
    await using snippet = startSnippet(python, "registration_pattern", registry.url);
    expect(await snippet.finished()).toEqual([REGISTERED_INFO, { event: "registered", result: true }]);
    const query = "namespace=production&label_selector=env=production,team=data,zone=us-west-2a";
    const { body } = await getJson(`${registry.url}/agents?${query}&capability_category=data_processing`);
    expect(body.agents).toEqual([
      expect.objectContaining({
        id: "data-service-7f3a",
        name: "data-service",
        agent_type: "service-agent",
        endpoint: "http://localhost:8001/mcp",
        security_context: "standard",
        health_interval: 30,
      }),
    ]);
  });

  test("the heartbeat loop beats without a complaint", async () => {
    await using registry = await startRegistry();
    await registerOverRest(registry.url, { id: "my-agent-001" });
    await using snippet = startSnippet(python, "heartbeat_pattern", registry.url);
    await beatsOf(registry, 5);
    await letGo(snippet);
    expect(await snippet.finished()).toEqual([{ event: "waiting" }]);
  });

  test("the heartbeat loop survives the registry's absence and goes on", async () => {
    using folder = scratchFolder();
    await using registry = await startRegistry({ cwd: folder.path });
    await registerOverRest(registry.url, { id: "my-agent-001" });
    await using snippet = startSnippet(python, "heartbeat_pattern", registry.url);
    await beatsOf(registry, 1);
    await registry.stop();
    await snippet.until("log", ({ message }) => String(message).startsWith("Heartbeat error: "));
    await using again = await startRegistry({ cwd: folder.path, env: { PORT: String(registry.port) } });
    await beatsOf(again, 1);
    const complaints = snippet.all("log").filter(({ message }) => !String(message).startsWith("Heartbeat error: "));
    expect(complaints).toEqual([]);
  });

  test("a registration that meets no registry is handled", async () => {
    const port = await freedPort();
    await using snippet = startSnippet(python, "registry_unavailable", `http://localhost:${port}`);
    expect(await snippet.finished()).toEqual([
      { event: "log", level: "error", message: expect.stringMatching(/^Registry unavailable: Cannot connect to host/) },
      { event: "survived" },
    ]);
  });

  test.each([
    ["retry_logic", 4],
    ["exponential_backoff", 1],
  ])("%s registers once the registry is there", async (name, firstPause) => {
    const port = await freedPort();
    await using snippet = startSnippet(python, name, `http://localhost:${port}`);
    await snippet.until("waiting");
    expect(snippet.all("paused")).toEqual([{ event: "paused", seconds: firstPause }]);
    await using registry = await startRegistry({ env: { PORT: String(port) } });
    await letGo(snippet);
    expect((await snippet.finished()).at(-1)).toEqual({ event: "registered", result: true });
    expect((await getJson(`${registry.url}/agents/data-service-7f3a`)).status).toBe(200);
  });

  test("a refused registration says why where the guide reads it", async () => {
    await using registry = await startRegistry();
    await using snippet = startSnippet(python, "validation_errors", registry.url);
    const reason =
      "Key: 'AgentRegistrationRequest.AgentID' Error:Field validation for 'AgentID' failed on the 'required' tag";
    expect(await snippet.finished()).toEqual([
      { event: "log", level: "error", message: `Registration validation failed: ${reason}` },
      { event: "answered", status: 400 },
    ]);
  });
});

test.skipIf(fastmcp === null)("the FastMCP agent registers, beats and serves its tool over stdio", async () => {
  await using registry = await startRegistry();
  await using agent = startSnippet(fastmcp, "fastmcp_agent", registry.url);
  await agent.until("printed", ({ line }) => line === "Registered: my-agent-001");
  await beatsOf(registry, 1);
  const { body } = await getJson(`${registry.url}/agents?status=healthy&capability=process_data`);
  expect(body.agents).toEqual([
    expect.objectContaining({
      id: "my-agent-001",
      name: "my-processing-agent",
      agent_type: "processing-agent",
      endpoint: "stdio://my-agent",
      labels: { env: "production", team: "data" },
    }),
  ]);
  const client = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  agent.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params: client }));
  agent.send(JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
  const call = { name: "process_data", arguments: { data: "this" } };
  agent.send(JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/call", params: call }));
  await agent.until("printed", ({ line }) => String(line).includes("Processed: this"));
});

/** A port on which a registry has just been, so that nothing else listens there. */
async function freedPort(): Promise<number> {
  await using registry = await startRegistry();
  return registry.port;
}

/** Waits until this registry has counted so many heartbeats since its start. */
async function beatsOf({ url }: RegistryProcess, count: number): Promise<void> {
  await waitFor(
    `${count} heartbeats`,
    async () => (await getJson(`${url}/metrics`)).body.heartbeats_processed >= count,
  );
}
