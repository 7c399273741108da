import { z } from "zod";
import { resourceVersionSchema, timestampSchema } from "./agent.ts";

/** Every response body that is no agent and no list (registry-api 4); what new versions add, old clients must ignore. */

const text = (description: string) => z.string().describe(description);
const count = (description: string) => z.int().min(0).describe(description);
const counts = (description: string) => z.record(z.string(), z.int().min(0)).describe(description);
const now = timestampSchema.describe("Time of this answer.");
const succeeded = z.literal("success").describe("Always `success`: agents look for this word.");

/** Every error has this form, whatever its status code (specification README, decision 3). */
export const errorSchema = z
  .object({
    detail: text("What is wrong and, where it helps, what to do. Text for people: do not match on it."),
    error: text("The same text, for clients that look here."),
  })
  .describe("An error.");

/** One provider; exactly these three fields, because agents compare the objects for equality (registry-api 5.12). */
export const providerSchema = z
  .object({
    agent_id: text("Id of the provider."),
    endpoint: text("Where to call it."),
    status: text("Its recorded status."),
  })
  .describe("The agent chosen for a dependency.");

const dependenciesResolved = z
  .record(z.string(), providerSchema.nullable())
  .optional()
  .describe(
    "For each declared dependency its provider, or null where there is none now. Absent when the agent declares none. The " +
      "choice stays while the provider stays healthy.",
  );

/** 201 of both registration routes (registry-api 4.5). */
export const registeredSchema = z
  .object({
    status: succeeded,
    agent_id: text("Id of the agent."),
    resource_version: resourceVersionSchema.describe("Version of the record as it was stored."),
    timestamp: now,
    message: z.literal("Agent registered successfully"),
    dependencies_resolved: dependenciesResolved,
    warnings: z.array(z.string()).min(1).optional().describe("What the agent should reconsider. Absent when nothing."),
  })
  .describe("The registration is stored.");

/** 200 of all heartbeat routes (registry-api 4.7). */
export const heartbeatRecordedSchema = z
  .object({
    status: succeeded,
    timestamp: now,
    message: z.literal("Heartbeat recorded"),
    agent_id: text("Id of the agent that the beat counted for."),
    resource_version: resourceVersionSchema.describe(
      "The agent's current version; a beat that changes nothing keeps it.",
    ),
    dependencies_resolved: dependenciesResolved,
  })
  .describe("The heartbeat counts.");

/** 200 of `POST /agents/register_capabilities` when it stored something, or had nothing to change (registry-api 4.6). */
export const capabilitiesRegisteredSchema = z
  .object({
    status: succeeded,
    message: z.literal("Enhanced capabilities registered"),
    agent_id: text("Id of the agent."),
    resource_version: resourceVersionSchema.describe("Version of the record as it is now."),
    updated: count("How many capabilities were added or changed."),
  })
  .describe("The capabilities are stored.");

/** 200 of the same route when nothing could be stored: it is never stricter than the stub it replaces. */
export const capabilitiesIgnoredSchema = z
  .object({
    status: succeeded,
    message: z.literal("Enhanced capability registration acknowledged (feature in development)"),
    warning: text("Why nothing was stored."),
  })
  .describe("The request was understood, and nothing was stored.");

const monitoringFields = {
  agent_status_counts: counts("Agents by recorded status; only statuses that occur."),
  monitoring_active: z.boolean().describe("Whether overdue agents are looked for."),
  monitoring_interval_seconds: z.number().describe("The longest a change of status may wait; usually it takes 0.1 s."),
  default_timeout_seconds: z.number().describe("Seconds of silence after which an ordinary agent is degraded."),
  default_eviction_seconds: z.number().describe("Seconds of silence after which an ordinary agent is expired."),
  health_events_last_hour: count("Health rows written in the last hour."),
  timestamp: now,
};

/** The figures of `/health` and of `/health/monitoring` (registry-api 4.3). */
export const monitoringStatsSchema = z.object(monitoringFields).describe("Figures of the health monitoring.");

const service = z
  .literal("mcp-mesh-registry")
  .describe("By this name tools recognise a registry, whatever it is called.");

/** 200 of `GET /health` (registry-api 4.2). */
export const healthySchema = z
  .object({
    status: z.literal("healthy"),
    ok: z.literal(true),
    service,
    health_monitoring_active: z.boolean().describe("Whether overdue agents are looked for."),
    monitoring_stats: monitoringStatsSchema,
  })
  .describe("The registry takes reads and writes.");

/** 503 of `GET /health`. */
export const unhealthySchema = z
  .object({ status: z.literal("unhealthy"), ok: z.literal(false), service, ...errorSchema.shape })
  .describe("The database takes no writes; reads go on.");

/** The `database` block of `/health/monitoring` while the database answers. */
export const databaseStatisticsSchema = z
  .object({
    status: z.literal("available"),
    type: text("`sqlite` or `postgresql`."),
    location: text("File or URL; a password is masked."),
    schema_version: z.int().describe("Version of the tables."),
    database_size_bytes: count("Size on disk."),
    journal_mode: z.string().optional().describe("SQLite's journal mode."),
    agents: count("Rows of registered agents."),
    capabilities: count("Rows of their capabilities."),
    health_events: count("Rows of the health history."),
    registry_events: count("Rows of the audit trail."),
    log_entries: count("Rows of the log of changes."),
  })
  .describe("Statistics of the database, up to ten seconds old.");

/** The same block while it does not. */
export const databaseUnavailableSchema = z
  .object({ status: z.literal("unavailable"), error: text("Why.") })
  .describe("The database does not answer.");

/** 200 of `GET /health/monitoring` (registry-api 4.3). */
export const monitoringSchema = z
  .object({
    ...monitoringFields,
    database: z
      .union([databaseStatisticsSchema, databaseUnavailableSchema])
      .describe("The database behind the registry."),
  })
  .describe("Agent lifecycle and database statistics.");

/** 200 of `GET /health/{id}` (registry-api 4.4). */
export const agentHealthSchema = z
  .object({
    agent_id: text("Id of the agent."),
    status: text("The recorded status, as in lists."),
    last_heartbeat: timestampSchema.nullable().describe("Last sign of life, or null before the first."),
    next_heartbeat_expected: timestampSchema.nullable().describe("Last heartbeat plus the announced interval."),
    time_since_heartbeat: z.number().min(0).nullable().describe("Seconds since the last heartbeat, computed now."),
    timeout_threshold: z.int().describe("Seconds of silence after which the agent is degraded."),
    eviction_threshold: z.int().describe("Seconds of silence after which the agent is expired."),
    is_expired: z.boolean().describe("Whether it has been silent for longer than that, computed now."),
    message: text("The same in words, for example `Agent healthy - last heartbeat 1.2s ago`."),
  })
  .describe("Health of one agent.");

/** 200 of `GET /livez` and `GET /ready` (registry-api 4.2). */
export const probeSchema = z.object({ status: z.literal("ok") }).describe("Yes.");

/** 503 of `GET /ready`. */
export const drainingSchema = z
  .object({ status: z.literal("draining"), ...errorSchema.shape })
  .describe("The registry is shutting down: send new requests elsewhere.");

/** 200 of `GET /metrics` (registry-api 4.10). Counters begin at zero with each start. */
export const metricsSchema = z
  .object({
    total_agents: count("Registered agents."),
    healthy_agents: count("Agents by recorded status: healthy."),
    degraded_agents: count("Degraded."),
    expired_agents: count("Expired."),
    offline_agents: count("Offline."),
    pending_agents: count("Pending."),
    total_capabilities: count("Capabilities of all agents."),
    unique_capability_types: count("Distinct names among them."),
    uptime_seconds: z.number().describe("Seconds since the start."),
    heartbeats_processed: count("Heartbeats that counted."),
    registrations_processed: count("Registrations of new agents."),
    last_updated: now,
    memory_usage_mb: z.number().min(0).describe("Resident memory of the process, in MiB."),
    active_connections: count("Requests being answered now, this one included."),
    agents_by_namespace: counts("Agents by namespace."),
    agents_by_status: counts("Agents by recorded status; only statuses that occur."),
    capabilities_by_category: counts("Capabilities by category."),
    unhealthy_agents: count("Agents that report themselves unhealthy."),
    unknown_agents: count("Agents that report themselves unknown."),
    updates_processed: count("Registrations of agents that were known."),
    unregistrations_processed: count("Agents deleted by request."),
    adoptions_processed: count("Unknown agents taken in from a heartbeat."),
    status_transitions: count("Changes of status."),
    cache_hits: count("List answers served from the cache."),
    cache_misses: count("List answers encoded anew."),
    cache_entries: count("List answers in the cache."),
    cache_bytes: count("Their size."),
    health_events_last_hour: count("Health rows written in the last hour."),
    pruned_health_rows: count("Health rows removed by retention."),
    pruned_event_rows: count("Rows of the audit trail removed by retention."),
    pruned_log_rows: count("Log entries removed by retention."),
    resource_version: resourceVersionSchema.describe("The newest log position."),
  })
  .describe("Figures of the registry.");

/** 200 of `GET /` (registry-api 4.1). */
export const serviceInformationSchema = z
  .object({
    service: z.literal("MCP Mesh Registry Service"),
    version: text("Version of this interface."),
    architecture: text("How the registry works."),
    description: text("What it is for."),
    name: text("What its operator calls it."),
    endpoints: z.record(z.string(), z.string()).describe("Name -> `METHOD path - purpose`, of what is served here."),
    features: z.record(z.string(), z.string()).describe("Name -> what it does, as configured here."),
  })
  .describe("What this service is.");
