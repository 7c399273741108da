import type { AgentRecord, AgentStatus } from "./agent.ts";

/** How long an agent may be silent, as assessed (thresholds.ts widens what the agent did not ask for itself). */
export interface Patience {
  readonly timeoutMs: number;
  readonly evictionMs: number;
}

/** Agents that said goodbye or said they are unwell are not downgraded for being late, only expired (registry-api 5.6). */
function saidItIsDown(record: AgentRecord): boolean {
  return record.reportedStatus === "offline" || record.reportedStatus === "unhealthy";
}

/** The status a beat gives: what the agent reports, except that a draining agent stays degraded whatever it says. */
export function statusAfterBeat(record: AgentRecord, reported: AgentStatus): AgentStatus {
  return record.lifecycleStatus === "draining" ? "degraded" : reported;
}

/**
 * The status that silence brings, or null where it brings none. Both limits are strict (registry-api 5.6). Silence only
 * ever makes a status worse: grace after the registry's own pause must not restore a better one.
 *
 * @param silentMs time since the last beat (for an agent that never beat: since its registration), less the registry's own
 *   pauses, on the monotonic clock
 */
export function statusAfterSilence(record: AgentRecord, silentMs: number, patience: Patience): AgentStatus | null {
  if (record.status === "expired") return null;
  if (silentMs > patience.evictionMs) return "expired";
  if (record.status === "degraded" || record.status === "pending" || saidItIsDown(record)) return null;
  return silentMs > patience.timeoutMs ? "degraded" : null;
}

/**
 * How long after the last beat the next transition is due; null when silence can change nothing any more. A limit that has
 * passed counts until its transition is recorded: it may have been refused, or forgiven.
 */
export function nextLimitMs(record: AgentRecord, { timeoutMs, evictionMs }: Patience): number | null {
  if (record.status === "expired") return null;
  if (record.status === "degraded" || record.status === "pending" || saidItIsDown(record)) return evictionMs;
  return Math.min(timeoutMs, evictionMs);
}

/** Whether a beat after this silence still finds the lease running: none of its limits has passed. */
export function isLeaseRunning(record: AgentRecord, silentMs: number, patience: Patience): boolean {
  if (silentMs > patience.evictionMs) return false;
  return silentMs <= patience.timeoutMs || record.status === "degraded" || saidItIsDown(record);
}
