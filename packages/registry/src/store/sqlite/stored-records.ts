import type { Database } from "bun:sqlite";
import type { AgentRecord, CapabilityRecord, JsonObject, JsonValue, LifecycleStatus } from "../../domain/agent.ts";
import { LIFECYCLE_STATUSES } from "../../domain/agent.ts";
import { EMPTY_OBJECT, NO_TEXTS, sharedText } from "../../domain/shared-values.ts";
import type { StoredAgent } from "../store.ts";

type AgentRow = readonly [
  id: string,
  name: string | null,
  namespace: string | null,
  endpoint: string,
  status: string,
  labels: string | null,
  annotations: string | null,
  createdAt: string,
  updatedAt: string | null,
  resourceVersion: string,
  lastHeartbeat: string | null,
  healthInterval: number | null,
  timeoutThreshold: number | null,
  evictionThreshold: number | null,
  agentType: string | null,
  config: string | null,
  securityContext: string | null,
  dependencies: string | null,
  version: string | null,
  description: string | null,
  tags: string | null,
  transport: string | null,
  lifecycleStatus: string | null,
  lifecycleSince: string | null,
  reportedStatus: string | null,
  explicitTimeout: number | null,
  explicitEviction: number | null,
  profile: string | null,
  providers: string | null,
  logVersion: number | null,
];

type CapabilityRow = readonly [
  agentId: string,
  id: number,
  name: string,
  description: string | null,
  version: string | null,
  parametersSchema: string | null,
  securityRequirements: string | null,
  createdAt: string | null,
  updatedAt: string | null,
  category: string | null,
  stability: string | null,
  tags: string | null,
  compatibilityVersions: string | null,
  extra: string | null,
  position: number,
];

const AGENTS_SQL = `
  SELECT a.id, nullif(a.name, a.id), nullif(a.namespace, 'default'), a.endpoint, a.status, nullif(a.labels, '{}'),
         a.annotations, a.created_at, nullif(a.updated_at, a.created_at), a.resource_version, a.last_heartbeat,
         a.health_interval, a.timeout_threshold, a.eviction_threshold, nullif(a.agent_type, 'mesh-agent'),
         nullif(a.config, '{}'), a.security_context, nullif(a.dependencies, '[]'),
         nullif(e.version, '1.0.0'), e.description, nullif(e.tags, '[]'), e.transport,
         nullif(e.lifecycle_status, 'active'), e.lifecycle_since, e.reported_status,
         e.explicit_timeout, e.explicit_eviction, nullif(e.profile, '{}'), nullif(e.providers, '{}'), e.log_version
  FROM agents a LEFT JOIN agent_extensions e ON e.agent_id = a.id
  WHERE a.rowid BETWEEN ? AND ?`;

const CAPABILITIES_SQL = `
  SELECT agent_id, id, name, description, nullif(version, '1.0.0'), parameters_schema, security_requirements,
         created_at, nullif(updated_at, created_at), category, nullif(stability, 'stable'), nullif(tags, '[]'),
         nullif(compatibility_versions, '[]'), nullif(extra, '{}'), position
  FROM capabilities WHERE rowid BETWEEN ? AND ?`;

// What nearly every row holds is read as NULL: making a text of each "default" and "{}" took a fifth of a start.

/** Rows read at a time: all of a large registry at once would be 150 MB of garbage before the first request. */
const CHUNK_ROWS = 4_096;

/** All rows of a table, in the order they were written. @param sql selects by a range of row numbers */
function* rowsInChunks<Row>(db: Database, table: "agents" | "capabilities", sql: string): Generator<Row> {
  const range = db.query<{ first: number | null; last: number | null }, []>(
    `SELECT min(rowid) AS first, max(rowid) AS last FROM ${table}`,
  );
  const { first, last } = range.get() ?? { first: null, last: null };
  if (first === null || last === null) return;
  const chunk = db.query(sql);
  for (let from = first; from <= last; from += CHUNK_ROWS) yield* chunk.values(from, from + CHUNK_ROWS - 1) as Row[];
}

/**
 * Every agent of the database. A JSON column that cannot be read counts as empty and is reported once;
 * it must never cost a listing (database, section 3).
 */
export function* readAgents(db: Database, log: (text: string) => void): Generator<StoredAgent> {
  const columns = new ColumnReader(log);
  const capabilities = readCapabilities(db, columns);
  for (const row of rowsInChunks<AgentRow>(db, "agents", AGENTS_SQL)) {
    const lastHeartbeat = row[10];
    yield {
      record: toRecord(row, capabilities.get(row[0]) ?? [], columns),
      lastHeartbeatMs: lastHeartbeat === null ? null : columns.time(lastHeartbeat),
    };
  }
  columns.report();
}

function readCapabilities(db: Database, columns: ColumnReader): Map<string, readonly CapabilityRecord[]> {
  const byAgent = new Map<string, readonly CapabilityRecord[]>();
  const unordered = new Map<string, CapabilityRow[]>();
  for (const row of rowsInChunks<CapabilityRow>(db, "capabilities", CAPABILITIES_SQL)) {
    const [agentId] = row;
    // One capability is the rule; only where there are several is their order a question.
    if (row[POSITION] === 0 && !unordered.has(agentId) && !byAgent.has(agentId)) {
      byAgent.set(agentId, [toCapability(row, columns)]);
      continue;
    }
    const rows = unordered.get(agentId);
    if (rows) rows.push(row);
    else unordered.set(agentId, [row]);
  }
  for (const [agentId, rows] of unordered) {
    const later = rows.sort((a, b) => a[POSITION] - b[POSITION]).map((row) => toCapability(row, columns));
    byAgent.set(agentId, [...(byAgent.get(agentId) ?? []), ...later]);
  }
  return byAgent;
}

const POSITION = 14;

function toCapability(row: CapabilityRow, columns: ColumnReader): CapabilityRecord {
  const [
    ,
    id,
    name,
    description,
    version,
    schema,
    security,
    createdAt,
    updatedAt,
    category,
    stability,
    tags,
    compatible,
    extra,
  ] = row;
  const requirements = security === null ? null : columns.json(security);
  return {
    id,
    name: sharedText(name),
    version: version === null ? "1.0.0" : sharedText(version),
    description: description && sharedText(description),
    parametersSchema: schema === null ? null : columns.json(schema),
    securityRequirements: Array.isArray(requirements) ? requirements : null,
    category: category === null ? null : sharedText(category),
    stability: stability === null ? "stable" : sharedText(stability),
    tags: columns.texts(tags),
    compatibilityVersions: columns.texts(compatible),
    extra: columns.object(extra),
    createdAtMs: columns.time(createdAt),
    updatedAtMs: columns.time(updatedAt ?? createdAt),
  };
}

function toRecord(row: AgentRow, capabilities: readonly CapabilityRecord[], columns: ColumnReader): AgentRecord {
  const resourceVersion = Number(row[9]);
  const lifecycleSince = row[23];
  return {
    id: row[0],
    name: row[1] ?? row[0],
    namespace: row[2] === null ? "default" : sharedText(row[2]),
    endpoint: row[3],
    status: sharedText(row[4]),
    // A row of another registry has no extension: what it shows is what it said.
    reportedStatus: row[29] === null && row[24] === null ? columns.reportedAs(row[4]) : row[24] && sharedText(row[24]),
    labels: columns.object(row[5]) as AgentRecord["labels"],
    annotations: columns.object(row[6]),
    createdAtMs: columns.time(row[7]),
    updatedAtMs: columns.time(row[8] ?? row[7]),
    resourceVersion,
    logVersion: row[29] ?? resourceVersion,
    healthInterval: row[11] ?? 30,
    timeoutThreshold: row[12] ?? 60,
    evictionThreshold: row[13] ?? 120,
    explicitTimeout: row[25] === 1,
    explicitEviction: row[26] === 1,
    agentType: row[14] === null ? "mesh-agent" : sharedText(row[14]),
    config: columns.object(row[15]),
    securityContext: row[16] && sharedText(row[16]),
    dependencies: columns.texts(row[17]),
    capabilities,
    version: row[18] === null ? "1.0.0" : sharedText(row[18]),
    description: row[19] && sharedText(row[19]),
    tags: columns.texts(row[20]),
    transport: columns.texts(row[21]),
    lifecycleStatus: columns.lifecycle(row[22]),
    lifecycleSinceMs: lifecycleSince === null ? null : columns.time(lifecycleSince),
    profile: columns.object(row[27]),
    providers: columns.object(row[28]) as AgentRecord["providers"],
  };
}

class ColumnReader {
  readonly #log: (text: string) => void;
  #unreadable = 0;

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  report(): void {
    if (this.#unreadable > 0) this.#log(`${this.#unreadable} JSON columns could not be read and count as empty`);
  }

  json(text: string | null): JsonValue {
    if (text === null) return null;
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      this.#unreadable++;
      return null;
    }
  }

  object(text: string | null): JsonObject {
    if (text === null || text === "{}") return EMPTY_OBJECT;
    const value = this.json(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : EMPTY_OBJECT;
  }

  texts(text: string | null): readonly string[] {
    if (text === null || text === "[]") return NO_TEXTS;
    const value = this.json(text);
    if (!Array.isArray(value)) return NO_TEXTS;
    return value.filter((item): item is string => typeof item === "string").map((item) => sharedText(item));
  }

  /** Our stored form; anything else was repaired by the migration, or counts as the beginning of time. */
  time(text: string | null): number {
    const epochMs = text === null ? 0 : Date.parse(text);
    return Number.isNaN(epochMs) ? 0 : epochMs;
  }

  lifecycle(text: string | null): LifecycleStatus {
    return LIFECYCLE_STATUSES.find((status) => status === text) ?? "active";
  }

  /** Statuses that time gives are nothing an agent said. */
  reportedAs(status: string): string | null {
    if (status === "pending") return null;
    return status === "degraded" || status === "expired" ? "healthy" : sharedText(status);
  }
}
