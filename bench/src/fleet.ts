/**
 * Synthetic agents, sized like the Python agents of `agents.md` 1.3 and 1.4: one capability each, a registration of about
 * 900 bytes, a beat of about 800. Agent `i` is the same in every run and at every fleet size.
 *
 * Groups are cut so that a query's answer does not grow with the fleet: 40 agents share a capability name and half of all
 * agents are `env=prod`, so capability and label together answer 20; 20 agents share a zone.
 */
export const AGENTS_PER_CAPABILITY = 40;
export const AGENTS_PER_ZONE = 20;

export interface FleetShape {
  /** Explicit timeout and eviction of each agent; null leaves the registry's defaults (60 s, 120 s). */
  readonly leaseSeconds: number | null;
  /** Whether each agent depends on one capability that the fleet offers, so that every beat resolves it. */
  readonly hasDependencies: boolean;
}

/** Whose protocol: `ours` is registry-api 4.5 and 4.7; `reference` is the published executable, which only knows `POST /heartbeat`. */
export type Dialect = "ours" | "reference";

const SENT_AT = "2025-06-11T14:03:22.480121+00:00";

export const agentId = (index: number): string => `agent-${String(index).padStart(6, "0")}`;
export const capabilityName = (index: number): string => `capability-${Math.floor(index / AGENTS_PER_CAPABILITY)}`;
const zoneOf = (index: number): string => `zone-${Math.floor(index / AGENTS_PER_ZONE)}`;
const environmentOf = (index: number): string => (index % 2 === 0 ? "prod" : "dev");
const hostOf = (index: number): string => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
const dependenciesOf = (index: number, shape: FleetShape): string[] =>
  shape.hasDependencies ? [capabilityName(Math.max(0, index - AGENTS_PER_CAPABILITY))] : [];

/** The body of `POST /agents/register_with_metadata`. */
export function registrationBody(index: number, shape: FleetShape): string {
  const id = agentId(index);
  const lease =
    shape.leaseSeconds === null
      ? {}
      : { timeout_threshold: shape.leaseSeconds, eviction_threshold: shape.leaseSeconds * 2 };
  return JSON.stringify({
    agent_id: id,
    metadata: {
      name: id,
      agent_type: "mesh_agent",
      namespace: "default",
      endpoint: `http://${hostOf(index)}:8889`,
      capabilities: [
        {
          name: capabilityName(index),
          version: "1.0.0",
          description: "Greets with the date",
          tags: ["demo"],
          category: "general",
          parameters: {},
          performance_metrics: {},
          security_level: "standard",
          resource_requirements: {},
          metadata: { function_name: `greet_${index}`, decorator_type: "mesh_agent" },
        },
      ],
      dependencies: dependenciesOf(index, shape),
      health_interval: 30,
      ...lease,
      security_context: null,
      tags: ["demo"],
      labels: { env: environmentOf(index), zone: zoneOf(index) },
      version: "1.0.0",
      description: "Greets with the date",
      timeout: 30,
      retry_attempts: 3,
      enable_caching: true,
      fallback_mode: true,
      performance_profile: {},
      resource_requirements: {},
      metadata: {
        function_name: `greet_${index}`,
        decorator_type: "mesh_agent",
        registered_at: SENT_AT,
        processor_version: "1.0.0",
      },
    },
    timestamp: SENT_AT,
  });
}

/** The body of our `POST /heartbeat`. The endpoint is the registered one, so the beat changes nothing but time. */
export function heartbeatBody(index: number, shape: FleetShape): string {
  const id = agentId(index);
  return JSON.stringify({
    agent_id: id,
    status: "healthy",
    metadata: {
      capabilities: [capabilityName(index)],
      timestamp: SENT_AT,
      checks: {},
      errors: [],
      uptime_seconds: 0,
      version: "1.0.0",
      capability: capabilityName(index),
      health_interval: 30,
      dependencies: dependenciesOf(index, shape),
      registry_url: null,
      agent_name: id,
      security_context: null,
      timeout: 30,
      retry_attempts: 3,
      enable_caching: true,
      fallback_mode: true,
      description: "Greets with the date",
      endpoint: `http://${hostOf(index)}:8889`,
      tags: ["demo"],
      performance_profile: {},
      resource_requirements: {},
      enable_http: true,
      http_host: "0.0.0.0",
      http_port: 8889,
      function_name: `greet_${index}`,
      transport: ["stdio", "http"],
    },
  });
}

/** The one body the published executable takes, for registering and for beating alike. */
export function referenceBody(index: number, shape: FleetShape): string {
  const id = agentId(index);
  return JSON.stringify({
    agent_id: id,
    agent_type: "mcp_agent",
    name: id,
    version: "1.0.0",
    http_host: hostOf(index),
    http_port: 8889,
    namespace: "default",
    timestamp: SENT_AT,
    tools: [
      {
        function_name: `greet_${index}`,
        capability: capabilityName(index),
        version: "1.0.0",
        description: "Greets with the date",
        tags: ["demo"],
        dependencies: dependenciesOf(index, shape).map((capability) => ({ capability })),
      },
    ],
  });
}

/** A query that 20 agents answer whatever the size of the fleet: a rare capability and a label that half of all carry. */
export const rareCapabilityQuery = (group: number): string =>
  `/agents?capability=capability-${group}&label_selector=env%3Dprod`;

/** The same answer size from the other side: a category that all have and a label that 20 carry. */
export const rareLabelQuery = (group: number): string =>
  `/agents?capability_category=general&label_selector=zone%3Dzone-${group}`;
