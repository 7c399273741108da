/**
 * What the registry knows of an agent. Immutable: a change makes a new record, and whoever holds the old one (a list
 * being built, a page token, a watcher) keeps a consistent picture.
 *
 * Inside we use camelCase, milliseconds and numbers; `state/agent-json.ts` converts to the wire once.
 */
export type AgentId = string;

/** Position in the log of changes. Handed out by the store at commit, in commit order; never repeats. */
export type ResourceVersion = number;

export const KNOWN_STATUSES = ["pending", "healthy", "degraded", "expired", "offline", "unhealthy", "unknown"] as const;

/** One of `KNOWN_STATUSES`, or any other text an agent reported of itself (Go stored it verbatim, and so do we). */
export type AgentStatus = string;

export const LIFECYCLE_STATUSES = ["registering", "active", "draining", "deregistering", "removed", "failed"] as const;
export type LifecycleStatus = (typeof LIFECYCLE_STATUSES)[number];

/** JSON that an agent supplied and that we store and return, but never interpret. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export interface CapabilityRecord {
  /** Row number in the database; stable while (name, version) stays registered. */
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  readonly parametersSchema: JsonValue;
  readonly securityRequirements: readonly JsonValue[] | null;
  readonly category: string | null;
  readonly stability: string;
  readonly tags: readonly string[];
  readonly compatibilityVersions: readonly string[];
  /** parent_capabilities, performance_metrics, security_level, resource_requirements, metadata: as given, non-empty ones. */
  readonly extra: JsonObject;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface AgentRecord {
  readonly id: AgentId;
  readonly name: string;
  readonly namespace: string;
  readonly endpoint: string;
  /** The recorded status: what every reader is shown. Time changes it only through a committed transition. */
  readonly status: AgentStatus;
  /** What the agent last said of itself, or null before its first heartbeat. */
  readonly reportedStatus: AgentStatus | null;
  readonly labels: { readonly [key: string]: string };
  readonly annotations: JsonObject;
  readonly createdAtMs: number;
  /** Wall time of the last change a client can see. */
  readonly updatedAtMs: number;
  /** Log position of the last change a client can see. */
  readonly resourceVersion: ResourceVersion;
  /** Log position of the last change of any kind, a changed choice of provider included; writes are conditional on it. */
  readonly logVersion: ResourceVersion;
  /** Seconds, as agents send and read them. */
  readonly healthInterval: number;
  readonly timeoutThreshold: number;
  readonly evictionThreshold: number;
  /** Whether the agent asked for these thresholds itself; those are never widened (registry-api 5.5). */
  readonly explicitTimeout: boolean;
  readonly explicitEviction: boolean;
  readonly agentType: string;
  readonly config: JsonObject;
  readonly securityContext: string | null;
  readonly dependencies: readonly string[];
  readonly capabilities: readonly CapabilityRecord[];
  readonly version: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly transport: readonly string[];
  readonly lifecycleStatus: LifecycleStatus;
  readonly lifecycleSinceMs: number | null;
  /** performance_profile, resource_requirements and columns a foreign database held: kept, not interpreted. */
  readonly profile: JsonObject;
  /** Dependency name -> id of the provider given last time. Not on the wire; makes resolution sticky (registry-api 5.12). */
  readonly providers: { readonly [dependency: string]: AgentId };
}
