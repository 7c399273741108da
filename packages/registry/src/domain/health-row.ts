import type { AgentId, JsonObject, JsonValue } from "./agent.ts";

/** A row of `agent_health`. */
export interface HealthRow {
  readonly agentId: AgentId;
  readonly status: string;
  readonly atMs: number;
  readonly checks: JsonObject;
  readonly errors: readonly JsonValue[];
  readonly uptimeSeconds: number;
  readonly metadata: JsonObject;
}

/** What one beat leaves in `agent_health`: the measurements in their columns, everything as it came in `metadata`. */
export function healthRow(agentId: AgentId, status: string, atMs: number, metadata: JsonObject): HealthRow {
  const { checks, errors, uptime_seconds: uptime } = metadata;
  return {
    agentId,
    status,
    atMs,
    checks: isObject(checks) && isShort(checks) ? checks : {},
    errors: Array.isArray(errors) && isShort(errors) ? errors : [],
    uptimeSeconds: typeof uptime === "number" && Number.isFinite(uptime) ? Math.trunc(uptime) : 0,
    metadata: { source: "heartbeat", ...(isShort(metadata) ? { metadata } : { omitted: "too long to keep" }) },
  };
}

/** A beat's metadata is 1-2 KB (database, section 2), but may be as long as a request body; rows and queues hold many. */
const LONGEST_JSON = 16 * 1024;

const isShort = (value: JsonValue): boolean => JSON.stringify(value).length <= LONGEST_JSON;

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
