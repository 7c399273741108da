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
    checks: isObject(checks) ? checks : {},
    errors: Array.isArray(errors) ? errors : [],
    uptimeSeconds: typeof uptime === "number" && Number.isFinite(uptime) ? Math.trunc(uptime) : 0,
    metadata: { source: "heartbeat", metadata },
  };
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
