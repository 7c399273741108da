import { catalogue, type ProcessFigures } from "../../metrics/catalogue.ts";
import { PROMETHEUS_TYPE, requestSamples, writeExposition } from "../../metrics/prometheus.ts";
import type { RequestMetrics } from "../../metrics/request-metrics.ts";
import type { RegistryCore } from "../../operations/core.ts";
import { registryMetrics } from "../../operations/registry-metrics.ts";
import { formatTimestamp } from "../../state/timestamp.ts";
import { type Answer, objectAnswer, textAnswer } from "../answer.ts";
import type { Route } from "../router.ts";

export interface MetricsOptions {
  readonly requests: RequestMetrics;
  readonly processFigures: () => ProcessFigures;
  readonly servesMetrics: boolean;
  readonly servesPrometheus: boolean;
}

export function metricsRoutes(core: RegistryCore, options: MetricsOptions): Route[] {
  const exposition = async () => {
    const samples = [
      ...catalogue(registryMetrics(core), options.processFigures()),
      ...requestSamples(options.requests),
    ];
    return textAnswer(200, await writeExposition(samples), PROMETHEUS_TYPE);
  };
  const routes: Route[] = [];
  if (options.servesMetrics) {
    routes.push({
      method: "GET",
      path: "/metrics",
      handle: ({ request }) =>
        options.servesPrometheus && isScraper(request) ? exposition() : metricsJson(core, options.processFigures()),
      failure: "Failed to get registry metrics",
    });
  }
  if (options.servesPrometheus) {
    const failure = "Failed to get Prometheus metrics";
    routes.push({ method: "GET", path: "/metrics/prometheus", handle: exposition, failure });
  }
  return routes;
}

/** What a Prometheus scraper asks for; `*\/*` and a bare text/plain stay JSON (registry-api 4.10). */
function isScraper(request: Request): boolean {
  const accept = request.headers.get("accept") ?? "";
  return accept.includes("application/openmetrics-text") || /text\/plain\s*;[^,]*version=/.test(accept);
}

function metricsJson(core: RegistryCore, figures: ProcessFigures): Answer {
  const m = registryMetrics(core);
  return objectAnswer(200, {
    total_agents: m.totalAgents,
    healthy_agents: m.statuses.healthy,
    degraded_agents: m.statuses.degraded,
    expired_agents: m.statuses.expired,
    offline_agents: m.statuses.offline,
    pending_agents: m.statuses.pending,
    total_capabilities: m.totalCapabilities,
    unique_capability_types: m.capabilityTypes,
    uptime_seconds: m.uptimeSeconds,
    heartbeats_processed: m.heartbeats,
    registrations_processed: m.registrations,
    last_updated: formatTimestamp(m.nowMs),
    memory_usage_mb: Math.round((figures.residentBytes / 1024 / 1024) * 10) / 10,
    active_connections: figures.activeConnections,
    agents_by_namespace: m.agentsByNamespace,
    agents_by_status: m.agentsByStatus,
    capabilities_by_category: m.capabilitiesByCategory,
    unhealthy_agents: m.statuses.unhealthy,
    unknown_agents: m.statuses.unknown,
    updates_processed: m.updates,
    unregistrations_processed: m.unregistrations,
    adoptions_processed: m.adoptions,
    status_transitions: m.statusTransitions,
    cache_hits: m.cacheHits,
    cache_misses: m.cacheMisses,
    cache_entries: figures.cacheEntries,
    cache_bytes: figures.cacheBytes,
    health_events_last_hour: m.healthRowsLastHour,
    pruned_health_rows: m.prunedHealthRows,
    pruned_event_rows: m.prunedEventRows,
    pruned_log_rows: m.prunedLogRows,
    resource_version: String(m.resourceVersion),
  });
}
