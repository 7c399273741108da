/** The registry in figures, all from memory: what `GET /metrics` answers and what its Prometheus form shows. */
export interface RegistryFigures {
  readonly totalAgents: number;
  readonly statuses: Readonly<
    Record<"healthy" | "degraded" | "expired" | "offline" | "pending" | "unhealthy" | "unknown", number>
  >;
  readonly agentsByStatus: Readonly<Record<string, number>>;
  readonly agentsByNamespace: Readonly<Record<string, number>>;
  readonly capabilitiesByCategory: Readonly<Record<string, number>>;
  readonly totalCapabilities: number;
  /** Distinct names. */
  readonly capabilityTypes: number;
  readonly uptimeSeconds: number;
  readonly heartbeats: number;
  readonly registrations: number;
  readonly updates: number;
  readonly unregistrations: number;
  readonly adoptions: number;
  readonly statusTransitions: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly prunedHealthRows: number;
  readonly prunedEventRows: number;
  readonly prunedLogRows: number;
  readonly healthRowsLastHour: number;
  readonly resourceVersion: number;
  readonly queuedWrites: number;
  readonly unflushedBeats: number;
  readonly logEntriesInMemory: number;
  readonly logBytesInMemory: number;
  /** Times the registry itself did not run for three seconds or more. */
  readonly pauses: number;
  readonly isStoreAvailable: boolean;
  /** Wall time of these figures, epoch ms. */
  readonly nowMs: number;
}
