import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { HealthRow } from "@mcp-mesh/registry/domain/health-row";
import type { ProposedChange } from "@mcp-mesh/registry/store/store";
import { CREATED_AT_MS } from "./agent-record.ts";

type Overrides = Partial<ProposedChange>;

/** Registers an agent that is not there. */
export function creation(record: AgentRecord, overrides: Overrides = {}): ProposedChange {
  return {
    agentId: record.id,
    old: null,
    new: record,
    cause: "register",
    basedOn: null,
    beatMs: null,
    atMs: CREATED_AT_MS,
    reason: null,
    tombstone: false,
    health: null,
    ...overrides,
  };
}

/** Changes some fields of the stored record `old`. */
export function update(old: AgentRecord, fields: Partial<AgentRecord>, overrides: Overrides = {}): ProposedChange {
  return creation({ ...old, ...fields }, { old, cause: "update", basedOn: old.logVersion, ...overrides });
}

/** Deletes the stored record `old`, so that no heartbeat brings it back. */
export function deletion(old: AgentRecord, overrides: Overrides = {}): ProposedChange {
  return creation(old, {
    old,
    new: null,
    cause: "unregister",
    basedOn: old.logVersion,
    tombstone: true,
    ...overrides,
  });
}

export function healthRow(agentId: string, overrides: Partial<HealthRow> = {}): HealthRow {
  return {
    agentId,
    status: "healthy",
    atMs: CREATED_AT_MS,
    checks: {},
    errors: [],
    uptimeSeconds: 0,
    metadata: { source: "heartbeat" },
    ...overrides,
  };
}
