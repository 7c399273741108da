import type { AgentRecord, CapabilityRecord, JsonValue } from "../domain/agent.ts";
import type { AgentEntry } from "./agent-entry.ts";
import { formatTimestamp } from "./timestamp.ts";

/**
 * An agent's JSON is joined from two parts: the record, encoded once per change, and the two fields that every beat moves
 * (`last_heartbeat` and its alias `last_seen`), which close the object. A list answer joins such texts and serialises no
 * object twice (architecture, "Records").
 */
export function recordJson(record: AgentRecord): string {
  const whole = JSON.stringify(wireAgent(record));
  return whole.slice(0, -1);
}

/** Closes what `recordJson` opened. */
export function beatJson(beatMs: number | null): string {
  if (beatMs === null) return ',"last_heartbeat":null,"last_seen":null}';
  const text = formatTimestamp(beatMs);
  return `,"last_heartbeat":"${text}","last_seen":"${text}"}`;
}

export class AgentJson {
  readonly #limitBytes: number;
  #bytes = 0;

  /** @param limitBytes how much encoded text to keep; a registry of 100,000 agents encodes what it shows instead */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The whole agent, with its last beat. */
  of(entry: AgentEntry): string {
    return this.#record(entry) + beatJson(entry.beatMs);
  }

  /** Must be called when an entry gets a new record or goes. */
  forget(entry: AgentEntry): void {
    if (entry.json === null) return;
    this.#bytes -= entry.json.length;
    entry.json = null;
  }

  #record(entry: AgentEntry): string {
    if (entry.json !== null) return entry.json;
    const json = recordJson(entry.record);
    if (this.#bytes + json.length <= this.#limitBytes) {
      entry.json = json;
      this.#bytes += json.length;
    }
    return json;
  }
}

export function wireAgent(record: AgentRecord) {
  return {
    id: record.id,
    agent_id: record.id,
    name: record.name,
    namespace: record.namespace,
    endpoint: record.endpoint,
    status: record.status,
    health_status: record.status,
    labels: record.labels,
    annotations: record.annotations,
    created_at: formatTimestamp(record.createdAtMs),
    updated_at: formatTimestamp(record.updatedAtMs),
    resource_version: String(record.resourceVersion),
    health_interval: record.healthInterval,
    timeout_threshold: record.timeoutThreshold,
    eviction_threshold: record.evictionThreshold,
    agent_type: record.agentType,
    config: record.config,
    security_context: record.securityContext,
    dependencies: record.dependencies,
    capabilities: record.capabilities.map(wireCapability),
    version: record.version,
    description: record.description,
    tags: record.tags,
    transport: record.transport,
    lifecycle_status: record.lifecycleStatus,
  };
}

export function wireCapability(capability: CapabilityRecord): { [key: string]: JsonValue } {
  return {
    id: capability.id,
    name: capability.name,
    version: capability.version,
    description: capability.description,
    created_at: formatTimestamp(capability.createdAtMs),
    updated_at: formatTimestamp(capability.updatedAtMs),
    parameters_schema: capability.parametersSchema,
    security_requirements: capability.securityRequirements,
    tags: capability.tags,
    category: capability.category,
    stability: capability.stability,
    compatibility_versions: capability.compatibilityVersions,
    ...capability.extra,
  };
}
