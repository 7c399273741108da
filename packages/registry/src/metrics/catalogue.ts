import type { RegistryFigures } from "./figures.ts";
import type { Sample } from "./prometheus.ts";

/** Figures of the process and of the adapters, which operations do not know. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly activeConnections: number;
  readonly cacheEntries: number;
  readonly cacheBytes: number;
  readonly droppedAccessLogLines: number;
}

/** Every metric's name, help text and unit. The first eight are the Python registry's, in its order (registry-api 4.11). */
export function catalogue(m: RegistryFigures, p: ProcessFigures): Sample[] {
  return [
    gauge("mcp_registry_agents_total", "Total number of registered agents", m.totalAgents),
    {
      name: "mcp_registry_agents_by_status",
      help: "Number of agents by status",
      type: "gauge",
      values: Object.entries(m.statuses).map(([status, value]) => ({ value, labels: { status } })),
    },
    gauge("mcp_registry_capabilities_total", "Total number of registered capabilities", m.totalCapabilities),
    gauge("mcp_registry_capability_types_unique", "Number of unique capability types", m.capabilityTypes),
    counter("mcp_registry_uptime_seconds", "Registry uptime in seconds", m.uptimeSeconds),
    counter("mcp_registry_heartbeats_processed_total", "Total number of heartbeats processed", m.heartbeats),
    counter("mcp_registry_registrations_processed_total", "Total number of registrations processed", m.registrations),
    counter("mcp_registry_registrations_total", "New agents registered since the start", m.registrations),
    counter("mcp_registry_heartbeats_total", "Heartbeats processed since the start", m.heartbeats),
    counter("mcp_registry_updates_total", "Registrations of known agents since the start", m.updates),
    counter("mcp_registry_unregistrations_total", "Agents deleted since the start", m.unregistrations),
    counter("mcp_registry_adoptions_total", "Unknown agents adopted from a heartbeat since the start", m.adoptions),
    counter("mcp_registry_status_transitions_total", "Changes of status since the start", m.statusTransitions),
    counter("mcp_registry_cache_hits_total", "List answers served from the cache", m.cacheHits),
    counter("mcp_registry_cache_misses_total", "List answers encoded anew", m.cacheMisses),
    gauge("mcp_registry_cache_entries", "List answers in the cache", p.cacheEntries),
    gauge("mcp_registry_cache_bytes", "Size of the list answers in the cache, in bytes", p.cacheBytes),
    gauge("mcp_registry_resource_version", "Position of the newest change in the log", m.resourceVersion),
    gauge("mcp_registry_log_entries_in_memory", "Newest log entries held in memory", m.logEntriesInMemory),
    gauge(
      "mcp_registry_log_bytes_in_memory",
      "Estimated size of the log entries in memory, in bytes",
      m.logBytesInMemory,
    ),
    gauge("mcp_registry_queued_writes", "Record changes waiting to be committed", m.queuedWrites),
    gauge(
      "mcp_registry_unflushed_heartbeats",
      "Agents whose last heartbeat is not in the database yet",
      m.unflushedBeats,
    ),
    gauge("mcp_registry_store_available", "1 while the database takes writes, else 0", Number(m.isStoreAvailable)),
    counter("mcp_registry_pruned_health_rows_total", "Health rows removed by retention", m.prunedHealthRows),
    counter("mcp_registry_pruned_event_rows_total", "Event rows removed by retention", m.prunedEventRows),
    counter("mcp_registry_pruned_log_rows_total", "Log entries removed by retention", m.prunedLogRows),
    counter("mcp_registry_pauses_total", "Times the registry itself did not run for three seconds or more", m.pauses),
    counter(
      "mcp_registry_dropped_access_log_lines_total",
      "Access log lines nobody read in time",
      p.droppedAccessLogLines,
    ),
    gauge("mcp_registry_resident_memory_bytes", "Resident memory of the process, in bytes", p.residentBytes),
    gauge("mcp_registry_active_connections", "Requests being answered now", p.activeConnections),
  ];
}

const gauge = (name: string, help: string, value: number): Sample => ({
  name,
  help,
  type: "gauge",
  values: [{ value }],
});

const counter = (name: string, help: string, value: number): Sample => ({
  name,
  help,
  type: "counter",
  values: [{ value }],
});
