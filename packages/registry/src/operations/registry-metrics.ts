import type { RegistryFigures } from "../metrics/figures.ts";
import type { RegistryCore } from "./core.ts";

/** `GET /metrics` (registry-api 4.10), and what its Prometheus form shows. All from memory. */
export function registryMetrics(core: RegistryCore): RegistryFigures {
  const { state, counters, clock } = core;
  const count = (status: string) => state.byStatus.count(status);
  return {
    totalAgents: state.size,
    statuses: {
      healthy: count("healthy"),
      degraded: count("degraded"),
      expired: count("expired"),
      offline: count("offline"),
      pending: count("pending"),
      unhealthy: count("unhealthy"),
      unknown: count("unknown"),
    },
    agentsByStatus: countByKey(state.byStatus),
    agentsByNamespace: countByKey(state.byNamespace),
    capabilitiesByCategory: state.capabilitiesByCategory.toObject(),
    totalCapabilities: state.capabilityCount,
    capabilityTypes: state.byCapability.keyCount,
    uptimeSeconds: (clock.monotonicMs() - core.startedAtMs) / 1000,
    heartbeats: counters.heartbeats,
    registrations: counters.registrations,
    updates: counters.updates,
    unregistrations: counters.unregistrations,
    adoptions: counters.adoptions,
    statusTransitions: counters.statusTransitions,
    cacheHits: counters.cacheHits,
    cacheMisses: counters.cacheMisses,
    prunedHealthRows: counters.prunedHealthRows,
    prunedEventRows: counters.prunedEventRows,
    prunedLogRows: counters.prunedLogRows,
    healthRowsLastHour: counters.healthRows.total(clock.monotonicMs()),
    resourceVersion: state.head,
    queuedWrites: core.writer.queueLength,
    unflushedBeats: core.leases.pending,
    logEntriesInMemory: state.log.size,
    logBytesInMemory: state.log.bytes,
    pauses: counters.pauses,
    isStoreAvailable: core.health.reason === null,
    nowMs: clock.nowMs(),
  };
}

function countByKey(index: { keys(): Iterable<string>; count(key: string): number }): Record<string, number> {
  return Object.fromEntries([...index.keys()].map((key) => [key, index.count(key)]));
}
