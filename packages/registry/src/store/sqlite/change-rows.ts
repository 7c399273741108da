import type { AgentRecord, CapabilityRecord, ResourceVersion } from "../../domain/agent.ts";
import type { HealthRow } from "../../domain/health-row.ts";
import { wireAgent } from "../../state/agent-json.ts";
import type { Cause, ProposedChange } from "../store.ts";
import { formatStoredTimestamp } from "./timestamps.ts";

type Column = string | number | null;

/**
 * A change as the rows it becomes: only texts and numbers, so that handing it to the Worker costs one flat copy, and a key
 * such as `__proto__` in an agent's labels is never the key of an object on its way.
 */
export interface ChangeRows {
  readonly version: ResourceVersion;
  readonly agentId: string;
  readonly cause: Cause;
  /** logVersion the stored record must have; null: none may be there. */
  readonly basedOnVersion: ResourceVersion | null;
  /** Index in the batch of the change this one follows; it loses with it. */
  readonly basedOnChange: number | null;
  readonly at: string;
  readonly beat: string | null;
  readonly tombstone: boolean;
  readonly oldJson: string | null;
  readonly newJson: string | null;
  /** In the order of the columns of `agents`, and of `agent_extensions` without last_metadata; null for a deletion. */
  readonly agent: readonly Column[] | null;
  readonly extension: readonly Column[] | null;
  /** Name and version of capabilities that are gone. */
  readonly removed: readonly (readonly [name: string, version: string])[];
  /** Rows of capabilities that are new or changed. */
  readonly written: readonly (readonly Column[])[];
  readonly event: { readonly type: string; readonly data: string; readonly metadata: string } | null;
  readonly health: readonly Column[] | null;
}

/** Gives each capability of the new record its id, and the record its version, and turns the change into rows. */
export function toChangeRows(
  change: ProposedChange,
  version: ResourceVersion,
  idOf: (capability: CapabilityRecord) => number,
  recordsEvents: boolean,
): { readonly rows: ChangeRows; readonly record: AgentRecord | null } {
  const { old, cause } = change;
  const record = change.new === null ? null : numbered(change.new, old, cause, version, idOf);
  const isChoice = cause === "resolution";
  return {
    record,
    rows: {
      version,
      agentId: change.agentId,
      cause,
      basedOnVersion: typeof change.basedOn === "number" ? change.basedOn : null,
      basedOnChange: typeof change.basedOn === "object" && change.basedOn !== null ? change.basedOn.change : null,
      at: formatStoredTimestamp(change.atMs),
      beat: change.beatMs === null ? null : formatStoredTimestamp(change.beatMs),
      tombstone: change.tombstone,
      oldJson: old && JSON.stringify(old),
      newJson: record && JSON.stringify(record),
      agent: record && agentColumns(record, change.beatMs),
      extension: record && extensionColumns(record),
      ...capabilityRows(old, record),
      event: recordsEvents && !isChoice ? eventOf(change, record) : null,
      health: change.health && healthColumns(change.health),
    },
  };
}

function numbered(
  record: AgentRecord,
  old: AgentRecord | null,
  cause: Cause,
  version: ResourceVersion,
  idOf: (capability: CapabilityRecord) => number,
): AgentRecord {
  const capabilities = record.capabilities.map((capability) =>
    capability.id === 0 ? { ...capability, id: idOf(capability) } : capability,
  );
  const resourceVersion = cause === "resolution" && old !== null ? old.resourceVersion : version;
  return { ...record, capabilities, resourceVersion, logVersion: version };
}

function agentColumns(record: AgentRecord, beatMs: number | null): Column[] {
  return [
    record.id,
    record.name,
    record.namespace,
    record.endpoint,
    record.status,
    JSON.stringify(record.labels),
    JSON.stringify(record.annotations),
    formatStoredTimestamp(record.createdAtMs),
    formatStoredTimestamp(record.updatedAtMs),
    String(record.resourceVersion),
    beatMs === null ? null : formatStoredTimestamp(beatMs),
    record.healthInterval,
    record.timeoutThreshold,
    record.evictionThreshold,
    record.agentType,
    JSON.stringify(record.config),
    record.securityContext,
    JSON.stringify(record.dependencies),
  ];
}

function extensionColumns(record: AgentRecord): Column[] {
  return [
    record.id,
    record.version,
    record.description,
    JSON.stringify(record.tags),
    JSON.stringify(record.transport),
    record.lifecycleStatus,
    record.lifecycleSinceMs === null ? null : formatStoredTimestamp(record.lifecycleSinceMs),
    record.reportedStatus,
    Number(record.explicitTimeout),
    Number(record.explicitEviction),
    JSON.stringify(record.profile),
    JSON.stringify(record.providers),
    record.logVersion,
  ];
}

function capabilityRows(old: AgentRecord | null, record: AgentRecord | null): Pick<ChangeRows, "removed" | "written"> {
  if (record === null || old?.capabilities === record.capabilities) return { removed: [], written: [] };
  const before = new Map(old?.capabilities.map((capability) => [keyOf(capability), capability]));
  const written: Column[][] = [];
  for (const [position, capability] of record.capabilities.entries()) {
    const key = keyOf(capability);
    const isSame = before.get(key) === capability && old?.capabilities[position] === capability;
    if (!isSame) written.push(capabilityColumns(record.id, capability, position));
    before.delete(key);
  }
  return { written, removed: [...before.values()].map(({ name, version }) => [name, version] as const) };
}

/** Names hold no blank (registry-api 2.2), so a pair cannot be mistaken for another. */
const keyOf = ({ name, version }: CapabilityRecord): string => `${name} ${version}`;

function capabilityColumns(agentId: string, capability: CapabilityRecord, position: number): Column[] {
  const { parametersSchema, securityRequirements } = capability;
  return [
    capability.id,
    agentId,
    capability.name,
    capability.description,
    capability.version,
    parametersSchema === null ? null : JSON.stringify(parametersSchema),
    securityRequirements === null ? null : JSON.stringify(securityRequirements),
    formatStoredTimestamp(capability.createdAtMs),
    formatStoredTimestamp(capability.updatedAtMs),
    capability.category,
    capability.stability,
    JSON.stringify(capability.tags),
    JSON.stringify(capability.compatibilityVersions),
    JSON.stringify(capability.extra),
    position,
  ];
}

/** The audit trail: what became of the agent, why, and the last snapshot of one that is gone (mcp-tools 2.3). */
function eventOf({ old, cause, reason }: ProposedChange, record: AgentRecord | null): ChangeRows["event"] {
  const shown = record ?? old;
  if (shown === null) return null;
  const type = record === null ? "DELETED" : old === null ? "ADDED" : "MODIFIED";
  const statuses =
    old && record && old.status !== record.status ? { old_status: old.status, new_status: record.status } : {};
  return {
    type,
    data: JSON.stringify(wireAgent(shown)),
    metadata: JSON.stringify({ cause, ...(reason === null ? {} : { reason }), ...statuses }),
  };
}

/** In the order agent_id, status, timestamp, checks, errors, uptime_seconds, metadata. */
export function healthColumns(row: HealthRow): Column[] {
  return [
    row.agentId,
    row.status,
    formatStoredTimestamp(row.atMs),
    JSON.stringify(row.checks),
    JSON.stringify(row.errors),
    row.uptimeSeconds,
    JSON.stringify(row.metadata),
  ];
}
