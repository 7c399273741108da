import { afterAll, beforeAll, expect, test } from "bun:test";
import { getJson, postJson } from "../../support/json-client.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { GUIDE_REGISTRATION, registerGuideMesh, registerOverRest } from "./guide-mesh.ts";

// Every HTTP request of seed 002 but `POST /mcp/tools/register_agent`, whose data go over REST until the tools are served.

let registry: RegistryProcess;

beforeAll(async () => {
  registry = await startRegistry();
  await registerGuideMesh(registry.url);
});

afterAll(() => registry[Symbol.asyncDispose]());

/** As written, with `>`, `^` and `~` raw: `fetch` would encode them. */
async function get(target: string) {
  const { status, body } = await exchange(registry.port, [rawRequest("GET", target)]);
  return { status, body: JSON.parse(body.toString()) };
}

const AGENT_QUERIES: readonly (readonly [target: string, ids: readonly string[]])[] = [
  [
    "/agents?namespace=production&capability_category=data_processing&status=healthy",
    ["legacy-processor", "my-agent-001", "reporter", "transformer-one", "transformer-two"],
  ],
  [
    "/agents?label_selector=env=production,team=data",
    ["my-agent-001", "reporter", "sick-processor", "transformer-one"],
  ],
  ["/agents?label_selector=criticality=high", ["transformer-one"]],
  [
    "/agents?version_constraint=>1.0.0",
    ["legacy-processor", "my-agent-001", "sick-processor", "staging-processor", "transformer-two"],
  ],
  ["/agents?version_constraint=~1.2.0", ["my-agent-001", "staging-processor"]],
  [
    "/agents?version_constraint=^1.0.0",
    ["legacy-processor", "my-agent-001", "reporter", "sick-processor", "staging-processor", "transformer-one"],
  ],
  [
    "/agents?capability=data&fuzzy_match=true",
    ["calendar", "my-agent-001", "sick-processor", "staging-processor", "transformer-one", "transformer-two"],
  ],
];

test.each(AGENT_QUERIES)("GET %s", async (target, ids) => {
  const { status, body } = await get(target);
  expect(status).toBe(200);
  expect(body.agents.map((agent: { id: string }) => agent.id).toSorted()).toEqual(ids);
  expect(body.count).toBe(ids.length);
});

const CAPABILITY_QUERIES: readonly (readonly [target: string, found: readonly string[]])[] = [
  [
    "/capabilities?tags=data&stability=stable&fuzzy_match=true",
    [
      "generate_report of reporter",
      "process_data of my-agent-001",
      "process_data of staging-processor",
      "transform_data of transformer-one",
    ],
  ],
  [
    "/capabilities?name=process&fuzzy_match=true",
    ["process_data of my-agent-001", "process_data of staging-processor"],
  ],
  [
    "/capabilities?category=data_processing&stability=stable&agent_status=healthy&include_deprecated=false",
    ["process_data of my-agent-001", "process_data of staging-processor", "transform_data of transformer-one"],
  ],
];

test.each(CAPABILITY_QUERIES)("GET %s", async (target, found) => {
  const { status, body } = await get(target);
  expect(status).toBe(200);
  const names = body.capabilities.map((item: { name: string; agent_id: string }) => `${item.name} of ${item.agent_id}`);
  expect(names).toEqual(found);
  expect(body.count).toBe(found.length);
});

test("the guide's heartbeat", async () => {
  const answer = await postJson(`${registry.url}/heartbeat`, {
    agent_id: "my-agent-001",
    status: "healthy",
    metadata: {
      load: "0.65",
      memory_usage: "78%",
    },
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    status: "success",
    agent_id: "my-agent-001",
    resource_version: expect.stringMatching(/^\d+$/),
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    message: "Heartbeat recorded",
  });
});

test("the guide's registration is found again as it was given", async () => {
  await registerOverRest(registry.url, GUIDE_REGISTRATION);
  const { body: agent } = await getJson(`${registry.url}/agents/my-agent-001`);
  expect(agent).toMatchObject({
    id: "my-agent-001",
    name: "my-service-agent",
    namespace: "production",
    agent_type: "service-agent",
    endpoint: "http://localhost:8001/mcp",
    labels: { env: "production", team: "data", zone: "us-west-2a" },
    security_context: "standard",
    health_interval: 30,
    status: "healthy",
  });
  expect(agent.capabilities).toEqual([
    expect.objectContaining({
      name: "process_data",
      description: "Process incoming data",
      category: "data_processing",
      version: "1.2.0",
      stability: "stable",
      tags: ["data", "processing", "async"],
    }),
  ]);
});
