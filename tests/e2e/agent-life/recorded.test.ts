import { expect, test } from "bun:test";
import { getJson } from "../../support/json-client.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { type AgentReply, altered, RECORDED, recordedAgent } from "./recorded-wire.ts";

// The life of an existing Python agent, as recorded (agents 1.1 to 1.5, 1.7, 1.8): its very bytes, and what it reads back.

const TIMESTAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const VERSION = expect.stringMatching(/^\d+$/);

const REGISTER = "/agents/register_with_metadata";
const AGENT = "greet_from_mcp_mesh";

/** The date's provider is the same kind of agent. */
const PROVIDER = altered(
  altered(RECORDED.registration, AGENT, "SystemAgent_getDate"),
  '"greeting"',
  '"SystemAgent_getDate"',
);
const PROVIDER_BEAT = altered(
  altered(RECORDED.heartbeat, AGENT, "SystemAgent_getDate"),
  "http://10.0.0.9:8889",
  "http://10.0.0.7:44585",
);

/** What the agent's client insists on before it looks at the body. */
function expectReadable({ headers }: AgentReply): void {
  expect(Number(headers.get("content-length"))).toBeGreaterThan(0);
  expect(headers.get("content-type")).toStartWith("application/json");
  expect(headers.has("transfer-encoding")).toBe(false);
}

test("the recorded registration is a success as the agent understands it", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  const reply = await agent.post(REGISTER, RECORDED.registration);
  expect(reply.status).toBe(201);
  expectReadable(reply);
  expect(reply.body).toEqual({
    status: "success",
    agent_id: AGENT,
    resource_version: VERSION,
    timestamp: TIMESTAMP,
    message: "Agent registered successfully",
    dependencies_resolved: { SystemAgent_getDate: null },
  });
});

test("everything the recorded registration says can be read again", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  await agent.post(REGISTER, RECORDED.registration);
  const { body } = await getJson(`${registry.url}/agents/${AGENT}`);
  expect(body).toMatchObject({
    id: AGENT,
    name: "greet-from-mcp-mesh",
    agent_type: "mesh-agent",
    namespace: "default",
    endpoint: `stdio://${AGENT}`,
    status: "healthy",
    labels: {},
    tags: ["demo"],
    dependencies: ["SystemAgent_getDate"],
    health_interval: 30,
    timeout_threshold: 60,
    eviction_threshold: 120,
    security_context: null,
    version: "1.0.0",
    description: "Greets with the date",
    annotations: {
      registered_via: "register_with_metadata",
      timestamp: "2025-06-11T14:03:22.480121+00:00",
      original_name: AGENT,
      original_agent_type: "mesh_agent",
      original_endpoint: `stdio://${AGENT}`,
    },
    config: {
      function_name: AGENT,
      decorator_type: "mesh_agent",
      registered_at: "2025-06-11T14:03:22.480113+00:00",
      processor_version: "1.0.0",
    },
  });
  expect(body.capabilities).toEqual([
    expect.objectContaining({
      name: "greeting",
      version: "1.0.0",
      description: "Greets with the date",
      tags: ["demo"],
      security_requirements: ["standard"],
      metadata: { function_name: AGENT, decorator_type: "mesh_agent" },
    }),
  ]);
});

test("the recorded life on one connection: both agents register, beat, and find one another over HTTP", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  await agent.post(REGISTER, PROVIDER);
  const early = await agent.post(REGISTER, RECORDED.registration);
  expect(early.body.dependencies_resolved).toEqual({
    SystemAgent_getDate: {
      agent_id: "SystemAgent_getDate",
      endpoint: "stdio://SystemAgent_getDate",
      status: "healthy",
    },
  });

  await agent.post("/heartbeat", PROVIDER_BEAT);
  const reply = await agent.post("/heartbeat", RECORDED.heartbeat);
  expect(reply.status).toBe(200);
  expectReadable(reply);
  expect(reply.body).toEqual({
    status: "success",
    timestamp: TIMESTAMP,
    message: "Heartbeat recorded",
    agent_id: AGENT,
    resource_version: VERSION,
    dependencies_resolved: {
      SystemAgent_getDate: { agent_id: "SystemAgent_getDate", endpoint: "http://10.0.0.7:44585", status: "healthy" },
    },
  });

  for (let beat = 0; beat < 20; beat++) {
    const { body } = await agent.post("/heartbeat", beat % 2 === 0 ? PROVIDER_BEAT : RECORDED.heartbeat);
    if (body.agent_id === AGENT) expect(body.dependencies_resolved).toEqual(reply.body.dependencies_resolved);
  }
  const { body } = await getJson(`${registry.url}/agents/${AGENT}`);
  expect(body).toMatchObject({ endpoint: "http://10.0.0.9:8889", status: "healthy" });
});

test("a beat whose endpoint is null keeps the stored one", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  await agent.post(REGISTER, RECORDED.registration);
  await agent.post("/heartbeat", RECORDED.heartbeat);
  const withoutHttp = altered(
    altered(RECORDED.heartbeat, '"http://10.0.0.9:8889"', "null"),
    ', "transport": ["stdio", "http"]',
    "",
  );
  expect((await agent.post("/heartbeat", withoutHttp)).body.status).toBe("success");
  expect((await getJson(`${registry.url}/agents/${AGENT}`)).body.endpoint).toBe("http://10.0.0.9:8889");
});

test("the first registration sent again does not take the http endpoint away, a new start of the agent does", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  await agent.post(REGISTER, RECORDED.registration);
  await agent.post("/heartbeat", RECORDED.heartbeat);

  expect((await agent.post(REGISTER, RECORDED.registration)).status).toBe(201);
  expect((await getJson(`${registry.url}/agents/${AGENT}`)).body.endpoint).toBe("http://10.0.0.9:8889");

  const restarted = altered(RECORDED.registration, "14:03:22.480121", "15:40:07.112233");
  expect((await agent.post(REGISTER, restarted)).status).toBe(201);
  expect((await getJson(`${registry.url}/agents/${AGENT}`)).body.endpoint).toBe(`stdio://${AGENT}`);
});

test("an undocumented function, whose descriptions are null, gets in", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  const undocumented = altered(RECORDED.registration, '"description": "Greets with the date"', '"description": null');
  const reply = await agent.post(REGISTER, undocumented);
  expect(reply.status).toBe(201);
  expect(reply.body.status).toBe("success");
  const { body } = await getJson(`${registry.url}/agents/${AGENT}`);
  expect(body.description).toBeNull();
  expect(body.capabilities[0].description).toBeNull();
});

test("beats under the function's name count for the agent registered under another", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  await agent.post(REGISTER, altered(RECORDED.registration, AGENT, "weather-agent"));
  const beat = altered(RECORDED.heartbeat, `"agent_name": "${AGENT}"`, '"agent_name": "weather-agent"');
  const reply = await agent.post("/heartbeat", beat);
  expect(reply.status).toBe(200);
  expect(reply.body).toMatchObject({ status: "success", dependencies_resolved: { SystemAgent_getDate: null } });
  const { body } = await getJson(`${registry.url}/agents`);
  expect(body.agents.map((one: { id: string; endpoint: string }) => [one.id, one.endpoint])).toEqual([
    ["weather-agent", "http://10.0.0.9:8889"],
  ]);
});

test("a base URL with a slash at its end works, and nothing is redirected", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  expect((await agent.post(`/${REGISTER}`, RECORDED.registration)).status).toBe(201);
  expect((await agent.post("//heartbeat", RECORDED.heartbeat)).status).toBe(200);
});

test("an unknown agent's beat is 404 where adoption is off, in a body that can be read", async () => {
  await using registry = await startRegistry({ env: { HEARTBEAT_ADOPTION: "false" } });
  using agent = await recordedAgent(registry);
  const reply = await agent.post("/heartbeat", RECORDED.heartbeat);
  expect(reply.status).toBe(404);
  expectReadable(reply);
  expect(reply.body).toEqual({ detail: `Agent ${AGENT} not found`, error: `Agent ${AGENT} not found` });
});

test("the recorded beat alone makes the agent known where nothing is", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  const reply = await agent.post("/heartbeat", RECORDED.heartbeat);
  expect(reply.status).toBe(200);
  expect(reply.body).toMatchObject({
    status: "success",
    agent_id: AGENT,
    dependencies_resolved: { SystemAgent_getDate: null },
  });
  const { body } = await getJson(`${registry.url}/agents/${AGENT}`);
  expect(body).toMatchObject({
    id: AGENT,
    name: "greet-from-mcp-mesh",
    endpoint: "http://10.0.0.9:8889",
    status: "healthy",
    dependencies: ["SystemAgent_getDate"],
    health_interval: 30,
    tags: ["demo"],
    capabilities: [{ name: "greeting", version: "1.0.0", description: "Greets with the date", tags: ["demo"] }],
  });
});

test("an agent of generation A registers with its contract and without an endpoint", async () => {
  await using registry = await startRegistry();
  using agent = await recordedAgent(registry);
  const reply = await agent.post(REGISTER, RECORDED.registrationOfGenerationA);
  expect(reply.status).toBe(201);
  expectReadable(reply);
  expect(reply.body).toMatchObject({ status: "success", dependencies_resolved: { SystemAgent_getDate: null } });
  const { body } = await getJson(`${registry.url}/agents/agent-1f0c9a2b`);
  const sent = JSON.parse(RECORDED.registrationOfGenerationA);
  expect(body).toMatchObject({
    id: "agent-1f0c9a2b",
    agent_type: "mesh-agent",
    namespace: "default",
    endpoint: "stdio://agent-1f0c9a2b",
    annotations: { timestamp: "2025-06-08T09:12:44.121004" },
    capabilities: [{ name: "greeting", description: null, parent_capabilities: ["communication"] }],
  });
  expect(body.config).toEqual(sent.metadata.metadata);
});
