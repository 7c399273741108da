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

/** Changes what the change at `index` of the same batch will leave: a record whose versions nobody knows yet. */
export function updateAfter(
  earlier: ProposedChange,
  index: number,
  fields: Partial<AgentRecord>,
  overrides: Overrides = {},
): ProposedChange {
  return update(undecided(earlier), fields, { basedOn: { change: index }, ...overrides });
}

/** Deletes what the change at `index` of the same batch will leave. */
export function deletionAfter(earlier: ProposedChange, index: number, overrides: Overrides = {}): ProposedChange {
  return deletion(undecided(earlier), { basedOn: { change: index }, ...overrides });
}

/** As `commit/change-writer.ts` sees a record that the batch being built has decided. */
function undecided({ new: record }: ProposedChange): AgentRecord {
  if (record === null) throw new Error("nothing can stand on a deletion; register anew, based on null");
  return { ...record, resourceVersion: Number.NaN, logVersion: Number.NaN };
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
