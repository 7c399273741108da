/** Fields of a registration's or a heartbeat's `metadata`, as a client writes them. */
export type Fields = { readonly [key: string]: unknown };

/** Body of `POST /agents/register_with_metadata`, with no more than an agent has to say. */
export function registrationBody(agentId: string, metadata: Fields = {}) {
  return { agent_id: agentId, metadata, timestamp: "2025-06-11T11:59:59.480121+00:00" };
}

/** Body of `POST /heartbeat`. */
export function heartbeatBody(agentId: string, metadata: Fields = {}, status = "healthy") {
  return { agent_id: agentId, status, metadata };
}

/** Agents with one capability each, `skill`, and an http endpoint: what most tests of discovery need. */
export function offering(skill: string, metadata: Fields = {}): Fields {
  return { endpoint: "http://10.0.0.7:9001", capabilities: [{ name: skill }], ...metadata };
}

/** What an existing Python agent sends (agents 1.3), null description and all. */
export const PYTHON_REGISTRATION = {
  agent_id: "greet_from_mcp_mesh",
  metadata: {
    name: "greet_from_mcp_mesh",
    agent_type: "mesh_agent",
    namespace: "default",
    endpoint: "stdio://greet_from_mcp_mesh",
    capabilities: [
      {
        ...{ name: "greeting", version: "1.0.0", description: null, tags: ["demo"], parameters: {} },
        ...{ performance_metrics: {}, security_level: "standard", resource_requirements: {} },
        metadata: { function_name: "greet_from_mcp_mesh", decorator_type: "mesh_agent" },
      },
    ],
    ...{ dependencies: ["SystemAgent_getDate"], health_interval: 30, security_context: null, tags: ["demo"] },
    ...{ version: "1.0.0", description: null, timeout: 30, retry_attempts: 3, enable_caching: true },
    ...{ fallback_mode: true, performance_profile: {}, resource_requirements: {} },
    metadata: { function_name: "greet_from_mcp_mesh", processor_version: "1.0.0" },
  },
  timestamp: "2025-06-11T14:03:22.480121+00:00",
};
