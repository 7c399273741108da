import type { Result } from "@mcp-mesh/protocol";
import { ok } from "@mcp-mesh/protocol";
import type { AgentId, AgentStatus } from "../domain/agent.ts";
import { agentNotFound } from "./agent-not-found.ts";
import type { RegistryCore } from "./core.ts";

export interface AgentHealth {
  readonly agentId: AgentId;
  /** As recorded; everything else is computed now (registry-api 4.4). */
  readonly status: AgentStatus;
  readonly lastHeartbeatMs: number | null;
  readonly nextHeartbeatMs: number | null;
  readonly sinceHeartbeatMs: number | null;
  readonly timeoutThreshold: number;
  readonly evictionThreshold: number;
  readonly isExpired: boolean;
  readonly message: string;
}

export function agentHealth(core: RegistryCore, id: AgentId): Result<AgentHealth> {
  const entry = core.state.get(id);
  if (entry === undefined) return agentNotFound(id);
  const { record, beatMs } = entry;
  // The wall clock may have been set back since; an age below zero would be nonsense.
  const ageMs = beatMs === null ? null : Math.max(0, core.clock.nowMs() - beatMs);
  return ok({
    agentId: id,
    status: record.status,
    lastHeartbeatMs: beatMs,
    nextHeartbeatMs: beatMs === null ? null : beatMs + record.healthInterval * 1000,
    sinceHeartbeatMs: ageMs,
    timeoutThreshold: record.timeoutThreshold,
    evictionThreshold: record.evictionThreshold,
    isExpired: ageMs !== null && ageMs > record.evictionThreshold * 1000,
    message: healthMessage(record.status, ageMs),
  });
}

function healthMessage(status: AgentStatus, ageMs: number | null): string {
  if (ageMs === null) return "No heartbeat received yet";
  const seconds = `${(ageMs / 1000).toFixed(1)}s`;
  if (status === "expired") return `Agent expired - no heartbeat for ${seconds}`;
  if (status === "degraded") return `Agent degraded - no heartbeat for ${seconds}`;
  return `Agent ${status} - last heartbeat ${seconds} ago`;
}
