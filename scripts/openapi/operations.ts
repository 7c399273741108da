import type { ErrorCode } from "@mcp-mesh/protocol";
import { agentQuerySchema, capabilityQuerySchema } from "@mcp-mesh/protocol/schemas/list-queries";
import type { z } from "zod";
import { RETRY_AFTER } from "./errors.ts";
import { EXAMPLES } from "./examples.ts";
import type { SchemaName } from "./schemas.ts";

/** The groups in which the document shows the routes. */
export const TAGS = {
  Discovery: "Who is there, and who offers what. Every filter combines with every other.",
  Agents: "What agents send of themselves: registration, heartbeats, the end.",
  Health: "Whether agents are alive, and whether the registry is.",
  Metrics: "Figures for dashboards and for Prometheus.",
  Service: "What this service says of itself.",
} as const;

/** Content types with what stands in them. */
type Content = Readonly<Record<string, { readonly schema: object | SchemaName; readonly example?: unknown }>>;

interface Answer {
  readonly description: string;
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, object>>;
}

/** What a client must know of a route beside its path and purpose, which `ENDPOINTS` has. */
export interface Operation {
  /** Generated clients name their methods after it. */
  readonly id: string;
  readonly tag: keyof typeof TAGS;
  readonly description: string;
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Content;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that any route, or any route with a body, may answer. */
  readonly errors?: readonly ErrorCode[];
}

const json = (schema: SchemaName, example?: unknown): Content => ({
  "application/json": example === undefined ? { schema } : { schema, example },
});
const TEXT = { type: "string" };

const ETAG = (description: string) => ({ ETag: { description, schema: TEXT, example: 'W/"1749650602511-2f6k9c"' } });
const LIST_ETAG = ETAG("Changes with the query and with every change of an agent, not with a mere heartbeat.");
const NOT_MODIFIED: Answer = {
  description: "The list is the one that `If-None-Match` names; no body.",
  headers: LIST_ETAG,
};
const IF_NONE_MATCH = {
  "If-None-Match": "An `ETag` of an earlier answer to the same query: while nothing has changed, the answer is 304.",
};
const IF_MATCH = {
  "If-Match":
    "The version that the agent must still have: its `resource_version` or `ETag`; `*` for any. Otherwise 409.",
};

const HEARTBEAT: Pick<Operation, "tag" | "answers" | "errors"> = {
  tag: "Agents",
  answers: {
    200: { description: "The beat counts.", content: json("HeartbeatRecorded", EXAMPLES.heartbeatRecorded) },
  },
  errors: ["invalid_request", "agent_not_found", "store_unavailable"],
};

/** One entry for each of `ENDPOINTS`, by method and path. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "GET /agents": {
    id: "listAgents",
    tag: "Discovery",
    description:
      "The agents that match all filters; without any, every agent. What is asked of a capability must hold of one and the same " +
      "capability. An unknown name, status or namespace is an empty list.\n\n" +
      "With `limit` the list comes in pages that show one moment, whatever changes meanwhile: hand `continue` back until it " +
      "is absent.",
    query: agentQuerySchema,
    headers: IF_NONE_MATCH,
    answers: {
      200: { description: "The agents.", content: json("AgentList", EXAMPLES.agents), headers: LIST_ETAG },
      304: NOT_MODIFIED,
    },
    errors: ["invalid_request", "resource_version_gone"],
  },
  "GET /capabilities": {
    id: "listCapabilities",
    tag: "Discovery",
    description:
      "The capabilities that match all filters, each with the agent that offers it. Unless asked otherwise: of agents that are " +
      "`healthy` or `pending`, and not deprecated. Pages as in `GET /agents`.",
    query: capabilityQuerySchema,
    headers: IF_NONE_MATCH,
    answers: {
      200: {
        description: "The capabilities.",
        content: json("CapabilityList", EXAMPLES.capabilityList),
        headers: LIST_ETAG,
      },
      304: NOT_MODIFIED,
    },
    errors: ["invalid_request", "resource_version_gone"],
  },
  "POST /agents/register_with_metadata": {
    id: "registerAgent",
    tag: "Agents",
    description:
      "Registers an agent, or replaces what it registered before. The answer says who provides each declared dependency. It " +
      "is sent once the registration is on disk.\n\n" +
      "Registering again keeps ids and creation times, and ends a drain, an offline report or a deletion.",
    headers: IF_MATCH,
    body: json("RegistrationRequest", EXAMPLES.registration),
    answers: { 201: { description: "Registered.", content: json("Registered", EXAMPLES.registered) } },
    errors: ["invalid_request", "resource_version_conflict", "store_unavailable"],
  },
  "POST /heartbeat": {
    ...HEARTBEAT,
    id: "heartbeat",
    description:
      "A sign of life, due every `health_interval` seconds. It revives an agent that was degraded or expired, and may move its " +
      "endpoint.\n\n" +
      "A beat of an unknown agent is 404, unless `metadata` carries `agent_name` and a non-empty `capabilities` list: then the " +
      "agent is registered from it, or the beat counts for the agent of that name. A deleted agent comes back only by " +
      "registering.",
    body: json("HeartbeatRequest", EXAMPLES.heartbeat),
  },
  "POST /agents/register_capabilities": {
    id: "registerCapabilities",
    tag: "Agents",
    description:
      "Adds capabilities to a registered agent, or replaces those of the same name and version; others stay. What cannot be " +
      "stored is answered 200 with a `warning`.",
    body: json("CapabilitiesRequest", EXAMPLES.capabilities),
    answers: {
      200: {
        description: "Stored, or ignored with a `warning`.",
        content: {
          "application/json": {
            schema: {
              anyOf: [
                { $ref: "#/components/schemas/CapabilitiesRegistered" },
                { $ref: "#/components/schemas/CapabilitiesIgnored" },
              ],
            },
            example: EXAMPLES.capabilitiesRegistered,
          },
        },
      },
    },
    errors: ["invalid_request", "store_unavailable"],
  },
  "DELETE /agents/{id}": {
    id: "unregisterAgent",
    tag: "Agents",
    description: "Deletes an agent. For a day only a registration brings it back, no heartbeat.",
    headers: IF_MATCH,
    answers: { 204: { description: "The agent is gone, whether or not it was there. No body." } },
    errors: ["resource_version_conflict", "store_unavailable"],
  },
  "GET /agents/{id}": {
    id: "getAgent",
    tag: "Discovery",
    description: "One agent, as lists show it.",
    answers: {
      200: {
        description: "The agent.",
        content: json("Agent", EXAMPLES.agent),
        headers: ETAG("The version of its record, for `If-Match`."),
      },
    },
    errors: ["agent_not_found"],
  },
  "POST /agents/{id}/health": {
    ...HEARTBEAT,
    id: "reportHealth",
    description: "A heartbeat whose metadata is `health_data`; the latest figures are kept.",
    body: json("HealthReportRequest", EXAMPLES.healthReport),
  },
  "POST /agents/register": {
    id: "registerLegacyAgent",
    tag: "Agents",
    description: "For older clients; new ones send `POST /agents/register_with_metadata`.",
    headers: IF_MATCH,
    body: json("LegacyRegistrationRequest", EXAMPLES.legacyRegistration),
    answers: { 201: { description: "Registered.", content: json("Registered", EXAMPLES.legacyRegistered) } },
    errors: ["invalid_request", "resource_version_conflict", "store_unavailable"],
  },
  "POST /agents/heartbeat": {
    ...HEARTBEAT,
    id: "legacyHeartbeat",
    description: "For older agents; new ones send `POST /heartbeat`.",
    body: json("AgentHeartbeatRequest", EXAMPLES.agentHeartbeat),
  },
  "GET /health": {
    id: "health",
    tag: "Health",
    description:
      "Whether the registry takes reads and writes. Tools recognise a registry by `service`, whatever the code.",
    answers: {
      200: { description: "It does.", content: json("Healthy", EXAMPLES.healthy) },
      503: {
        description: "The database takes no writes. Reads go on.",
        content: json("Unhealthy", EXAMPLES.unhealthy),
        headers: { "Retry-After": RETRY_AFTER },
      },
    },
  },
  "GET /health/monitoring": {
    id: "monitoring",
    tag: "Health",
    description: "Figures of the agents' lifecycle and of the database, up to ten seconds old.",
    answers: { 200: { description: "The figures.", content: json("Monitoring", EXAMPLES.monitoring) } },
  },
  "GET /health/{id}": {
    id: "agentHealth",
    tag: "Health",
    description:
      "The recorded status of an agent, and ages computed now. An agent called `monitoring` has no such page.",
    answers: { 200: { description: "Its health.", content: json("AgentHealth", EXAMPLES.agentHealth) } },
    errors: ["agent_not_found"],
  },
  "GET /livez": {
    id: "livez",
    tag: "Health",
    description: "Whether the process should go on running. A database that is away does not count.",
    answers: { 200: { description: "Yes.", content: json("Probe", EXAMPLES.probe) } },
  },
  "GET /ready": {
    id: "ready",
    tag: "Health",
    description: "Whether new requests should come here.",
    answers: {
      200: { description: "Yes.", content: json("Probe", EXAMPLES.probe) },
      503: {
        description: "No: it is shutting down.",
        content: json("Draining", EXAMPLES.draining),
        headers: { "Retry-After": RETRY_AFTER },
      },
    },
  },
  "GET /metrics": {
    id: "metrics",
    tag: "Metrics",
    description:
      "Counters begin at zero with each start. A Prometheus scraper, known by its `Accept` header, gets the text form here too.",
    answers: {
      200: {
        description: "The figures.",
        content: { ...json("Metrics"), "text/plain": { schema: TEXT, example: EXAMPLES.prometheus } },
      },
    },
    errors: ["route_not_found"],
  },
  "GET /metrics/prometheus": {
    id: "prometheusMetrics",
    tag: "Metrics",
    description: "The same figures and more, with request counts and latencies by route, in Prometheus' text form.",
    answers: {
      200: { description: "The figures.", content: { "text/plain": { schema: TEXT, example: EXAMPLES.prometheus } } },
    },
    errors: ["route_not_found"],
  },
  "GET /": {
    id: "serviceInformation",
    tag: "Service",
    description: "Name, version, routes and features.",
    answers: { 200: { description: "What this service is.", content: json("ServiceInformation") } },
  },
  "GET /openapi.json": {
    id: "openapi",
    tag: "Service",
    description: "This document.",
    answers: {
      200: { description: "An OpenAPI 3.1 document.", content: { "application/json": { schema: { type: "object" } } } },
    },
  },
  "GET /docs": {
    id: "docs",
    tag: "Service",
    description: "A page that shows this document and lets one try what it describes.",
    answers: { 200: { description: "The page.", content: { "text/html": { schema: TEXT } } } },
  },
  "GET /redoc": {
    id: "redoc",
    tag: "Service",
    description: "The documentation has one page.",
    answers: {
      301: {
        description: "It is at `/docs`.",
        headers: { Location: { description: "Where it is.", schema: TEXT, example: "/docs" } },
      },
    },
  },
};
