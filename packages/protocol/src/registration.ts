/** What the registry takes a registration to be, whichever route it came by. */
export interface RegistrationRequest {
  readonly agentId: string;
  readonly metadata: { readonly [key: string]: unknown };
  /** Stored as an annotation and compared for equality; never parsed (registry-api 4.5). */
  readonly timestamp: string;
}

/**
 * Bounds of a registration. The first block is registry-api 2.2; the second is ours: a body may be 4 MiB, and without it one
 * body could ask for a quarter of a million database rows or index entries, or make every heartbeat resolve a million names.
 * A decorated Python agent has one capability and a handful of dependencies and tags.
 */
export const REGISTRATION_LIMITS = {
  agentIdLength: 253,
  nameLength: 63,
  capabilityNameLength: 100,
  healthIntervalSeconds: 3600,
  timeoutThresholdSeconds: 7200,
  evictionThresholdSeconds: 14_400,

  capabilities: 10_000,
  /** Tags of the agent and of all its capabilities, together. */
  tags: 10_000,
  labels: 1000,
  dependencies: 1000,
  dependencyLength: 253,
  endpointLength: 2048,
} as const;
