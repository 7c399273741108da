/** One small mesh, told in the requests and answers of every route: a greeter that needs the date. */

const AT = "2025-06-11T14:03:22Z";
const VERSION = "1749650602511";
const ID = "greet_from_mcp_mesh";
const PROVIDERS = {
  SystemAgent_getDate: { agent_id: "SystemAgent", endpoint: "http://10.0.0.7:44585", status: "healthy" },
};

const CAPABILITY = {
  id: 1,
  name: "greeting",
  version: "1.0.0",
  description: "Greets with the date",
  created_at: AT,
  updated_at: AT,
  parameters_schema: null,
  security_requirements: null,
  tags: ["demo"],
  category: "language",
  stability: "stable",
  compatibility_versions: [],
};

const AGENT = {
  id: ID,
  agent_id: ID,
  name: "greet-from-mcp-mesh",
  namespace: "default",
  endpoint: "http://10.0.0.9:8889",
  status: "healthy",
  health_status: "healthy",
  labels: { env: "production" },
  annotations: { registered_via: "register_with_metadata" },
  created_at: AT,
  updated_at: AT,
  resource_version: VERSION,
  health_interval: 30,
  timeout_threshold: 60,
  eviction_threshold: 120,
  agent_type: "mesh-agent",
  config: {},
  security_context: null,
  dependencies: ["SystemAgent_getDate"],
  capabilities: [CAPABILITY],
  version: "1.0.0",
  description: "Greets with the date",
  tags: ["demo"],
  transport: ["stdio", "http"],
  lifecycle_status: "active",
  last_heartbeat: AT,
  last_seen: AT,
};

const MONITORING_STATS = {
  agent_status_counts: { healthy: 2, degraded: 1 },
  monitoring_active: true,
  monitoring_interval_seconds: 30,
  default_timeout_seconds: 60,
  default_eviction_seconds: 120,
  health_events_last_hour: 4,
  timestamp: AT,
};

const SHUTTING_DOWN = "The registry is shutting down";
const UNHEALTHY = "Service unhealthy: database or disk is full";

export const EXAMPLES = {
  registration: {
    agent_id: ID,
    metadata: {
      name: ID,
      endpoint: "http://10.0.0.9:8889",
      capabilities: [
        {
          name: "greeting",
          version: "1.0.0",
          description: "Greets with the date",
          category: "language",
          tags: ["demo"],
        },
      ],
      dependencies: ["SystemAgent_getDate"],
      labels: { env: "production" },
      tags: ["demo"],
      health_interval: 30,
    },
    timestamp: "2025-06-11T14:03:22.480121+00:00",
  },
  registered: {
    status: "success",
    agent_id: ID,
    resource_version: VERSION,
    timestamp: AT,
    message: "Agent registered successfully",
    dependencies_resolved: PROVIDERS,
  },
  legacyRegistration: {
    agent_name: "greeter",
    capabilities: ["greeting"],
    dependencies: [],
    security_context: null,
    timestamp: "2025-06-11T14:03:22.480121",
  },
  legacyRegistered: {
    status: "success",
    agent_id: "greeter",
    resource_version: VERSION,
    timestamp: AT,
    message: "Agent registered successfully",
  },
  capabilities: { agent_id: ID, capabilities: [{ name: "farewell", version: "1.1.0", tags: ["demo"] }] },
  capabilitiesRegistered: {
    status: "success",
    message: "Enhanced capabilities registered",
    agent_id: ID,
    resource_version: VERSION,
    updated: 1,
  },
  heartbeat: {
    agent_id: ID,
    status: "healthy",
    metadata: { endpoint: "http://10.0.0.9:8889", agent_name: ID, capabilities: ["greeting"], version: "1.0.0" },
  },
  heartbeatRecorded: {
    status: "success",
    timestamp: AT,
    message: "Heartbeat recorded",
    agent_id: ID,
    resource_version: VERSION,
    dependencies_resolved: PROVIDERS,
  },
  agentHeartbeat: { agent_name: ID, status: "healthy", capabilities: ["greeting"], uptime_seconds: 90, metadata: {} },
  healthReport: { agent_id: ID, health_data: { health_score: 0.9, current_load: 0.2 }, timestamp: AT },
  agent: AGENT,
  agents: { agents: [AGENT], count: 1, timestamp: AT, resource_version: VERSION },
  capabilityList: {
    capabilities: [
      {
        ...CAPABILITY,
        agent_id: ID,
        agent_name: AGENT.name,
        agent_namespace: AGENT.namespace,
        agent_status: AGENT.status,
        agent_endpoint: AGENT.endpoint,
      },
    ],
    count: 1,
    timestamp: AT,
    resource_version: VERSION,
  },
  agentHealth: {
    agent_id: ID,
    status: "healthy",
    last_heartbeat: AT,
    next_heartbeat_expected: "2025-06-11T14:03:52Z",
    time_since_heartbeat: 1.2,
    timeout_threshold: 60,
    eviction_threshold: 120,
    is_expired: false,
    message: "Agent healthy - last heartbeat 1.2s ago",
  },
  healthy: {
    status: "healthy",
    ok: true,
    service: "mcp-mesh-registry",
    health_monitoring_active: true,
    monitoring_stats: MONITORING_STATS,
  },
  unhealthy: { status: "unhealthy", ok: false, service: "mcp-mesh-registry", detail: UNHEALTHY, error: UNHEALTHY },
  monitoring: {
    ...MONITORING_STATS,
    database: {
      status: "available",
      type: "sqlite",
      location: "mcp_mesh_registry.db",
      schema_version: 3,
      database_size_bytes: 143360,
      journal_mode: "wal",
      agents: 3,
      capabilities: 5,
      health_events: 12,
      registry_events: 9,
      log_entries: 14,
    },
  },
  probe: { status: "ok" },
  draining: { status: "draining", detail: SHUTTING_DOWN, error: SHUTTING_DOWN },
  prometheus:
    "# HELP mcp_registry_agents_total Total number of registered agents\n# TYPE mcp_registry_agents_total gauge\nmcp_registry_agents_total 3\n",
} as const;
