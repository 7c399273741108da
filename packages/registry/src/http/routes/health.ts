import { agentHealth } from "../../operations/agent-health.ts";
import type { RegistryCore } from "../../operations/core.ts";
import { formatTimestamp } from "../../state/timestamp.ts";
import type { StoreStatistics } from "../../store/store.ts";
import { type Answer, errorAnswer, failureAnswer, objectAnswer } from "../answer.ts";
import type { Call, Route } from "../router.ts";

/** By this name CLIs recognise a registry, whatever REGISTRY_NAME says (registry-api 4.2). */
const SERVICE = "mcp-mesh-registry";
/** Counting every table takes a while on a large file; a dashboard that asks each second need not pay each time. */
const STATISTICS_MS = 10_000;

export function healthRoutes(core: RegistryCore, isDraining: () => boolean): Route[] {
  const statistics = createStatistics(core);
  return [
    { method: "GET", path: "/health", handle: () => health(core) },
    {
      method: "GET",
      path: "/health/monitoring",
      handle: async () => monitoring(core, await statistics()),
      failure: "Failed to get health monitoring stats",
    },
    { method: "GET", path: "/health/{id}", handle: (call) => healthOf(core, call) },
    { method: "GET", path: "/livez", handle: () => objectAnswer(200, { status: "ok" }) },
    { method: "GET", path: "/ready", handle: () => ready(isDraining()) },
  ];
}

function health(core: RegistryCore): Answer {
  const { reason } = core.health;
  if (reason === null) {
    return objectAnswer(200, {
      status: "healthy",
      ok: true,
      service: SERVICE,
      health_monitoring_active: true,
      monitoring_stats: monitoringStats(core),
    });
  }
  const detail = `Service unhealthy: ${reason}`;
  return errorAnswer("store_unavailable", detail, { body: { status: "unhealthy", ok: false, service: SERVICE } });
}

function ready(isDraining: boolean): Answer {
  if (!isDraining) return objectAnswer(200, { status: "ok" });
  return errorAnswer("store_unavailable", "The registry is shutting down", { body: { status: "draining" } });
}

function monitoringStats(core: RegistryCore) {
  const { state, settings, clock, counters } = core;
  return {
    agent_status_counts: Object.fromEntries(
      [...state.byStatus.keys()].map((status) => [status, state.byStatus.count(status)]),
    ),
    monitoring_active: true,
    monitoring_interval_seconds: settings.healthCheckIntervalMs / 1000,
    default_timeout_seconds: settings.defaultTimeoutThreshold,
    default_eviction_seconds: settings.defaultEvictionThreshold,
    health_events_last_hour: counters.healthRows.total(clock.monotonicMs()),
    timestamp: formatTimestamp(clock.nowMs()),
  };
}

function monitoring(core: RegistryCore, database: object): Answer {
  return objectAnswer(200, { ...monitoringStats(core), database });
}

/** The database block of `/health/monitoring`; while the store is down it says so, and the route still answers (4.3). */
function createStatistics(core: RegistryCore): () => Promise<object> {
  let kept: { readonly atMs: number; readonly statistics: StoreStatistics } | null = null;
  return async () => {
    const { reason } = core.health;
    if (reason !== null) return { status: "unavailable", error: reason };
    const nowMs = core.clock.monotonicMs();
    try {
      if (kept === null || nowMs - kept.atMs > STATISTICS_MS)
        kept = { atMs: nowMs, statistics: await core.store.describe() };
      return wireStatistics(kept.statistics);
    } catch (error) {
      return { status: "unavailable", error: error instanceof Error ? error.message : String(error) };
    }
  };
}

function wireStatistics({ type, location, schemaVersion, sizeBytes, journalMode, rows }: StoreStatistics) {
  return {
    status: "available",
    type,
    location,
    schema_version: schemaVersion,
    database_size_bytes: sizeBytes,
    ...(journalMode === undefined ? {} : { journal_mode: journalMode }),
    agents: rows.agents,
    capabilities: rows.capabilities,
    health_events: rows.healthEvents,
    registry_events: rows.registryEvents,
    log_entries: rows.logEntries,
  };
}

function healthOf(core: RegistryCore, { id }: Call): Answer {
  const result = agentHealth(core, id);
  if (!result.ok) return failureAnswer(result.error);
  const { lastHeartbeatMs, nextHeartbeatMs, sinceHeartbeatMs, ...health } = result.value;
  return objectAnswer(200, {
    agent_id: health.agentId,
    status: health.status,
    last_heartbeat: timestampOrNull(lastHeartbeatMs),
    next_heartbeat_expected: timestampOrNull(nextHeartbeatMs),
    time_since_heartbeat: sinceHeartbeatMs === null ? null : sinceHeartbeatMs / 1000,
    timeout_threshold: health.timeoutThreshold,
    eviction_threshold: health.evictionThreshold,
    is_expired: health.isExpired,
    message: health.message,
  });
}

const timestampOrNull = (epochMs: number | null): string | null => (epochMs === null ? null : formatTimestamp(epochMs));
