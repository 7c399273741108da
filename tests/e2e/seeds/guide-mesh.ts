import { postJson } from "../../support/json-client.ts";

/** What one of the guide's registrations (`registration_data`) holds. */
export interface GuideRegistration {
  readonly id: string;
  readonly [key: string]: unknown;
}

/** Seed 002, "Agent Registration (MCP)", as it stands there. */
export const GUIDE_REGISTRATION: GuideRegistration = {
  id: "my-agent-001",
  name: "My Service Agent",
  namespace: "production",
  agent_type: "service_agent",
  endpoint: "http://localhost:8001/mcp",
  capabilities: [
    {
      name: "process_data",
      description: "Process incoming data",
      category: "data_processing",
      version: "1.2.0",
      stability: "stable",
      tags: ["data", "processing", "async"],
    },
  ],
  labels: {
    env: "production",
    team: "data",
    zone: "us-west-2a",
  },
  security_context: "standard",
  health_interval: 30.0,
};

const capability = (name: string, version: string, category: string, fields: object = {}): object => ({
  name,
  version,
  category,
  stability: "stable",
  ...fields,
});

/**
 * The guide's agent and others beside it, so that each of the guide's filters has something to leave out: one differs in
 * the namespace, one in the label, one in the status, and of the reporter no single capability is what its agent seems.
 */
const MESH: readonly GuideRegistration[] = [
  GUIDE_REGISTRATION,
  {
    id: "transformer-one",
    namespace: "production",
    capabilities: [capability("transform_data", "1.0.0", "data_processing", { tags: ["data"] })],
    labels: { env: "production", team: "data", criticality: "high" },
  },
  {
    id: "transformer-two",
    namespace: "production",
    capabilities: [capability("transform_data", "2.1.0", "data_processing", { stability: "beta", tags: ["data"] })],
    labels: { env: "production", team: "ml" },
  },
  {
    id: "staging-processor",
    namespace: "staging",
    capabilities: [capability("process_data", "1.2.7", "data_processing", { tags: ["data"] })],
    labels: { env: "staging", team: "data" },
  },
  {
    id: "reporter",
    namespace: "production",
    capabilities: [
      capability("generate_report", "1.0.0", "reporting", { tags: ["pdf", "data"] }),
      capability("convert", "0.9.0", "data_processing", { stability: "experimental" }),
    ],
    labels: { env: "production", team: "data", criticality: "low" },
  },
  {
    id: "sick-processor",
    namespace: "production",
    capabilities: [capability("process_data", "1.5.0", "data_processing", { tags: ["data"] })],
    labels: { env: "production", team: "data" },
  },
  {
    id: "legacy-processor",
    namespace: "production",
    capabilities: [capability("process_batch", "1.0.1", "data_processing", { stability: "deprecated" })],
  },
  { id: "calendar", namespace: "default", capabilities: [capability("date", "0.1.0", "time")] },
];

/** Registers as `POST /mcp/tools/register_agent` would, by REST: the tools are not served over HTTP yet. */
export async function registerOverRest(url: string, { id, ...metadata }: GuideRegistration): Promise<void> {
  const body = { agent_id: id, metadata, timestamp: "2025-06-11T12:00:00Z" };
  const answer = await postJson(`${url}/agents/register_with_metadata`, body);
  if (answer.status !== 201) throw new Error(`${id} was not registered: ${JSON.stringify(answer.body)}`);
}

/** Fills a registry with the mesh above; `sick-processor` has reported itself unhealthy. */
export async function registerGuideMesh(url: string): Promise<void> {
  for (const registration of MESH) await registerOverRest(url, registration);
  await postJson(`${url}/heartbeat`, { agent_id: "sick-processor", status: "unhealthy" });
}
