import { isJsonObject, storableText } from "@mcp-mesh/protocol";
import { type JsonObject, type JsonValue, KNOWN_STATUSES } from "../../../domain/agent.ts";
import { isHttpEndpoint } from "../../../domain/endpoint.ts";
import { chooseThresholds } from "../../../domain/thresholds.ts";
import { formatStoredTimestamp, parseStoredTimestamp } from "../timestamps.ts";
import { expectShape, isArrayValue, isObjectValue, type JsonColumn, readJsonColumn } from "./json-column.ts";
import type { AgentSnapshot } from "./snapshot.ts";

/** A row as the file gives it: every column may hold anything. */
export type StoredRow = { readonly [column: string]: unknown };

/** Columns to write. */
export type RepairedColumns = { readonly [column: string]: string | number | null };

export interface RepairedAgent {
  readonly agent: RepairedColumns;
  /** For agent_extensions; `tags` null: the row's labels held none. */
  readonly extension: {
    readonly tags: readonly string[] | null;
    readonly transport: readonly string[];
    readonly reportedStatus: string | null;
    readonly isTimeoutExplicit: boolean;
    readonly isEvictionExplicit: boolean;
  };
  /** In the order of the given rows. */
  readonly capabilities: readonly RepairedColumns[];
  /** Columns whose text went to the annotations, because nothing could read it. */
  readonly unreadableColumns: number;
}

export type Origin = "python" | "go";

/** What both references use without configuration; the Go registry never reads the variables (registry-api 5.5). */
const REFERENCE_DEFAULTS = { defaultTimeoutThreshold: 60, defaultEvictionThreshold: 120 };

/**
 * The value repair of database, section 4, step 6, for one agent and its capabilities. Pure.
 * @param snapshot what an event of the Python registry says of the agent.
 */
export function repairAgent(
  row: StoredRow,
  capabilityRows: readonly StoredRow[],
  origin: Origin,
  snapshot: AgentSnapshot | null,
  nowMs: number,
): RepairedAgent {
  const unreadable: { [annotation: string]: string } = {};
  const keep = (name: string, column: JsonColumn): JsonColumn => {
    if (column.kind === "unreadable") unreadable[`migration.raw.${name}`] = storableText(column.text);
    return column;
  };
  const labels = repairLabels(keep("labels", expectShape(readJsonColumn(row["labels"]), isObjectOrArray)));
  const config = keep("config", expectShape(readJsonColumn(row["config"]), isObjectValue));
  const dependencies = keep("dependencies", expectShape(readJsonColumn(row["dependencies"]), isArrayValue));
  const annotations = keep("annotations", expectShape(readJsonColumn(row["annotations"]), isObjectValue));
  const times = repairTimes(row, nowMs);
  const capabilities = capabilityRows.map((capability) => repairCapability(capability, times, snapshot, keep));
  const thresholds = repairThresholds(row, origin, snapshot);
  const status = repairStatus(row["status"]);
  const lastHeartbeatMs = parseStoredTimestamp(row["last_heartbeat"]);
  return {
    agent: {
      status,
      labels: labels.text,
      annotations: withUnreadable(annotations, unreadable),
      created_at: formatStoredTimestamp(times.createdAtMs),
      updated_at: formatStoredTimestamp(times.updatedAtMs),
      resource_version: repairResourceVersion(row["resource_version"], times.updatedAtMs),
      last_heartbeat: lastHeartbeatMs === null ? null : formatStoredTimestamp(lastHeartbeatMs),
      health_interval: positiveInteger(row["health_interval"]) ?? 30,
      timeout_threshold: thresholds.timeoutThreshold,
      eviction_threshold: thresholds.evictionThreshold,
      agent_type: thresholds.agentType,
      security_context: nonEmptyText(row["security_context"]),
      config: config.kind === "value" ? config.text : "{}",
      dependencies: repairDependencies(dependencies),
    },
    extension: {
      tags: labels.tags,
      transport: isHttpEndpoint(String(row["endpoint"])) ? ["stdio", "http"] : ["stdio"],
      reportedStatus: lastHeartbeatMs === null ? null : reportBehind(status),
      isTimeoutExplicit: thresholds.explicitTimeout,
      isEvictionExplicit: thresholds.explicitEviction,
    },
    capabilities,
    unreadableColumns: Object.keys(unreadable).length,
  };
}

const isObjectOrArray = (value: JsonValue): boolean => isObjectValue(value) || isArrayValue(value);

/** An array is what Go made of tags. Otherwise as at registration: null is absent, other values become text. */
function repairLabels(column: JsonColumn): { readonly text: string; readonly tags: readonly string[] | null } {
  if (column.kind !== "value") return { text: "{}", tags: null };
  if (Array.isArray(column.value)) return { text: "{}", tags: column.value.filter(isNotNull).map(asLabelText) };
  const entries = Object.entries(column.value as JsonObject);
  if (entries.every(([, value]) => typeof value === "string")) return { text: column.text, tags: null };
  const texts = entries
    .filter(([, value]) => isNotNull(value))
    .map(([key, value]) => [key, asLabelText(value)] as const);
  return { text: JSON.stringify(Object.fromEntries(texts)), tags: null };
}

const isNotNull = (value: JsonValue): boolean => value !== null;
const asLabelText = (value: JsonValue): string => (typeof value === "string" ? value : JSON.stringify(value));

function repairDependencies(column: JsonColumn): string {
  if (column.kind !== "value") return "[]";
  const items = column.value as readonly JsonValue[];
  return items.every((item) => typeof item === "string")
    ? column.text
    : JSON.stringify(items.filter(isNotNull).map(asLabelText));
}

function withUnreadable(column: JsonColumn, unreadable: { readonly [annotation: string]: string }): string {
  if (Object.keys(unreadable).length === 0) return column.kind === "value" ? column.text : "{}";
  const annotations = column.kind === "value" ? (column.value as JsonObject) : {};
  return JSON.stringify({ ...annotations, ...unreadable });
}

interface Times {
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

function repairTimes(row: StoredRow, nowMs: number): Times {
  const createdAtMs = parseStoredTimestamp(row["created_at"]);
  const updatedAtMs = parseStoredTimestamp(row["updated_at"]);
  return { createdAtMs: createdAtMs ?? updatedAtMs ?? nowMs, updatedAtMs: updatedAtMs ?? createdAtMs ?? nowMs };
}

/** Versions are compared as numbers; both references wrote epoch milliseconds. */
function repairResourceVersion(stored: unknown, updatedAtMs: number): string {
  const text = String(stored ?? "");
  const isUsable = /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
  return isUsable ? text : String(Math.max(0, updatedAtMs));
}

function repairStatus(stored: unknown): string {
  const text = String(stored ?? "");
  return (KNOWN_STATUSES as readonly string[]).includes(text) ? text : "unknown";
}

/**
 * What the agent must have said before its silence, for a status that silence brings: the references recorded only the
 * outcome. The next beat says it anew.
 */
function reportBehind(status: string): string | null {
  if (status === "pending") return null;
  return status === "degraded" || status === "expired" ? "healthy" : status;
}

/** A Go file holds them. A Python file does not, and that registry ignored what an agent asked for. */
function repairThresholds(row: StoredRow, origin: Origin, snapshot: AgentSnapshot | null) {
  const agentType =
    origin === "go"
      ? (nonEmptyText(row["agent_type"]) ?? "mesh-agent")
      : (snapshot?.agentType ?? nonEmptyText(row["agent_type"]) ?? "mesh-agent");
  const ofType = chooseThresholds(agentType, { timeout: null, eviction: null }, REFERENCE_DEFAULTS);
  if (origin === "python") {
    return {
      agentType,
      timeoutThreshold: snapshot?.timeoutThreshold ?? ofType.timeoutThreshold,
      evictionThreshold: snapshot?.evictionThreshold ?? ofType.evictionThreshold,
      explicitTimeout: false,
      explicitEviction: false,
    };
  }
  const timeoutThreshold = positiveInteger(row["timeout_threshold"]) ?? ofType.timeoutThreshold;
  const evictionThreshold = positiveInteger(row["eviction_threshold"]) ?? ofType.evictionThreshold;
  return {
    agentType,
    timeoutThreshold,
    evictionThreshold,
    // Go stored the type's own numbers unless the agent asked for others.
    explicitTimeout: timeoutThreshold !== ofType.timeoutThreshold,
    explicitEviction: evictionThreshold !== ofType.evictionThreshold,
  };
}

type Keep = (name: string, column: JsonColumn) => JsonColumn;

function repairCapability(
  row: StoredRow,
  agentTimes: Times,
  snapshot: AgentSnapshot | null,
  keep: Keep,
): RepairedColumns {
  const name = String(row["name"]);
  const known = snapshot?.capabilities.get(name);
  const schema = keep(`parameters_schema.${name}`, readJsonColumn(row["parameters_schema"]));
  const security = expectShape(readJsonColumn(row["security_requirements"]), isArrayValue);
  keep(`security_requirements.${name}`, security);
  return {
    version: nonEmptyText(row["version"]) ?? "1.0.0",
    parameters_schema: schema.kind === "value" ? schema.text : null,
    security_requirements: security.kind === "value" ? security.text : null,
    created_at: formatStoredTimestamp(parseStoredTimestamp(row["created_at"]) ?? agentTimes.createdAtMs),
    updated_at: formatStoredTimestamp(parseStoredTimestamp(row["updated_at"]) ?? agentTimes.updatedAtMs),
    category: nonEmptyText(row["category"]) ?? known?.category ?? null,
    stability: known?.stability ?? nonEmptyText(row["stability"]) ?? "stable",
    tags: known === undefined ? repairTexts(row["tags"]) : JSON.stringify(known.tags),
    compatibility_versions:
      known === undefined ? repairTexts(row["compatibility_versions"]) : JSON.stringify(known.compatibilityVersions),
    extra: repairExtra(row["extra"]),
  };
}

function repairTexts(stored: unknown): string {
  return repairDependencies(expectShape(readJsonColumn(stored), isArrayValue));
}

function repairExtra(stored: unknown): string {
  const column = readJsonColumn(stored);
  return column.kind === "value" && isJsonObject(column.value) ? column.text : "{}";
}

const nonEmptyText = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

function positiveInteger(value: unknown): number | null {
  return typeof value === "number" && value >= 1 && Number.isSafeInteger(Math.trunc(value)) ? Math.trunc(value) : null;
}
