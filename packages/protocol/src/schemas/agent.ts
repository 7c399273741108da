import { z } from "zod";

/**
 * The objects that answers show: agents and capabilities (registry-api 3), alone and in lists. New fields may come; an SDK must
 * not refuse what it does not know, so nothing here is strict.
 */

/** RFC 3339, UTC, whole seconds: the only form the registry sends (registry-api 1). */
export const timestampSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/)
  .meta({ format: "date-time", description: "RFC 3339, UTC, whole seconds." });

/** Opaque to clients, who may only hand it back; digits so that it survives every JSON parser (registry-api 5.9). */
export const resourceVersionSchema = z
  .string()
  .regex(/^\d+$/)
  .describe("Position in the log of changes. Opaque: hand it back, compare it for equality only.");

const timestamp = (text: string) => timestampSchema.describe(text);
const resourceVersion = (text: string) => resourceVersionSchema.describe(text);
const text = (description: string) => z.string().describe(description);
const textOrNull = (description: string) => z.string().nullable().describe(description);
const texts = (description: string) => z.array(z.string()).describe(description);
const seconds = (description: string) => z.int().describe(description);
const given = (description: string) => z.unknown().optional().describe(`${description} Left out when empty.`);

const status = text(
  "The recorded status: `pending`, `healthy`, `degraded`, `expired`, `offline`, `unhealthy`, `unknown`, or another word " +
    "that the agent reported of itself.",
);

/** A capability inside an agent (registry-api 3.2). */
export const agentCapabilitySchema = z
  .object({
    id: z.int().min(0).describe("Number of the capability; stays when the agent registers again."),
    name: text("What other agents ask for."),
    version: text("Semantic version."),
    description: textOrNull("What it does."),
    created_at: timestamp("When it was first registered."),
    updated_at: timestamp("When it last changed."),
    parameters_schema: z.unknown().describe("JSON Schema of its parameters as the agent gave it, or null."),
    security_requirements: z.array(z.unknown()).nullable().describe("What a caller must fulfil, or null."),
    tags: texts("Tags for search."),
    category: textOrNull("Category for search."),
    stability: text("`stable`, `beta`, `alpha`, `experimental`, `deprecated`, or another word of the agent's."),
    compatibility_versions: texts("Versions this one can stand in for."),
    parent_capabilities: given("Capabilities this one specialises."),
    performance_metrics: given("Figures the agent claims for it."),
    security_level: given("Security level, as the agent gave it."),
    resource_requirements: given("What it needs to run."),
    metadata: given("Anything else the agent keeps with it."),
  })
  .describe("A capability of an agent.");

/** An agent, wherever one is shown (registry-api 3.1). */
export const agentSchema = z
  .object({
    id: text("Id under which the agent registered, verbatim."),
    agent_id: text("The same as `id`."),
    name: text("Normalised name: lower case letters, digits and hyphens."),
    namespace: text("Namespace."),
    endpoint: text("Where the agent can be called: an http or https URL, or `stdio://...`."),
    status,
    health_status: text("The same as `status`."),
    labels: z.record(z.string(), z.string()).describe("Labels for selectors."),
    annotations: z
      .record(z.string(), z.unknown())
      .describe("What the agent keeps beside its labels, and how it registered."),
    created_at: timestamp("When it first registered."),
    updated_at: timestamp("When its record last changed; a heartbeat that changes nothing does not count."),
    resource_version: resourceVersion("Version of this record, for `If-Match`."),
    last_heartbeat: timestampSchema
      .nullable()
      .describe("Last sign of life, or null before the first. In a list it may be one second old."),
    last_seen: timestampSchema.nullable().describe("The same as `last_heartbeat`."),
    health_interval: seconds("Seconds between heartbeats that the agent announced."),
    timeout_threshold: seconds("Seconds of silence after which it is degraded."),
    eviction_threshold: seconds("Seconds of silence after which it is expired."),
    agent_type: text("Normalised type, for example `mesh-agent`."),
    config: z.record(z.string(), z.unknown()).describe("The `metadata.metadata` of its registration."),
    security_context: textOrNull("Security label."),
    dependencies: texts("Names of the capabilities it needs."),
    capabilities: z.array(agentCapabilitySchema).describe("What it offers."),
    version: text("The agent's version."),
    description: textOrNull("What the agent does."),
    tags: texts("Tags for search."),
    transport: texts("How it can be called: `stdio`, `http`."),
    lifecycle_status: z
      .enum(["registering", "active", "draining", "deregistering", "removed", "failed"])
      .describe("Where it is in its life."),
  })
  .describe("An agent as it is registered.");

/** A capability with the agent that offers it: what `GET /capabilities` lists (registry-api 4.9). */
export const offeredCapabilitySchema = z
  .object({
    ...agentCapabilitySchema.shape,
    agent_id: text("Id of the agent that offers it."),
    agent_name: text("Name of that agent."),
    agent_namespace: text("Namespace of that agent."),
    agent_status: text("Recorded status of that agent."),
    agent_endpoint: text("Where that agent can be called."),
  })
  .describe("A capability and the agent that offers it.");

const listFields = {
  count: z.int().min(0).describe("How many items this answer holds."),
  timestamp: timestamp("When this list was made."),
  resource_version: resourceVersion("Log position that the list shows; the same on all pages of one walk."),
  total: z.int().min(0).optional().describe("How many items match on all pages. Only when a page was asked for."),
  continue: z.string().optional().describe("Token for the next page. Absent on the last one."),
};

/** Answer of `GET /agents` (registry-api 4.8). */
export const agentListSchema = z
  .object({ agents: z.array(agentSchema).describe("Newest change first, then by id."), ...listFields })
  .describe("The agents that match.");

/** Answer of `GET /capabilities` (registry-api 4.9). */
export const capabilityListSchema = z
  .object({
    capabilities: z.array(offeredCapabilitySchema).describe("By name, then by agent id."),
    ...listFields,
  })
  .describe("The capabilities that match.");
