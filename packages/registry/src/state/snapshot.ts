import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";
import type { AgentFilter } from "../domain/agent-filter.ts";
import { matchesAgent } from "../domain/agent-filter.ts";
import { candidates } from "./candidates.ts";
import type { RegistryState } from "./registry-state.ts";

/**
 * The agents that match at a log position, in no particular order. For a position in the past, entries that changed after it
 * are undone through their previous records, so that all pages of one walk show one moment.
 *
 * @returns null when the position has left the log, or was never given out
 */
export function matchingRecords(
  state: RegistryState,
  filter: AgentFilter,
  version: ResourceVersion,
): AgentRecord[] | null {
  const undone = version === state.head ? NOTHING_UNDONE : recordsBefore(state, version);
  if (undone === null) return null;
  const found: AgentRecord[] = [];
  for (const { record } of candidates(state, filter) ?? state.entries()) {
    if (!undone.has(record.id) && matchesAgent(filter, record)) found.push(record);
  }
  for (const record of undone.values()) if (record !== null && matchesAgent(filter, record)) found.push(record);
  return found;
}

const NOTHING_UNDONE: ReadonlyMap<AgentId, AgentRecord | null> = new Map();

/** What each agent that changed after a version was at that version; null: it was not there. */
function recordsBefore(state: RegistryState, version: ResourceVersion): Map<AgentId, AgentRecord | null> | null {
  const changes = state.log.after(version);
  if (changes === null) return null;
  const before = new Map<AgentId, AgentRecord | null>();
  // The oldest change after the version holds the record as it was then.
  for (const change of changes) if (!before.has(change.agentId)) before.set(change.agentId, change.old);
  return before;
}

/** Newest change first, ties by id (registry-api 4.8). */
export function byLastChange(a: AgentRecord, b: AgentRecord): number {
  return b.updatedAtMs - a.updatedAtMs || (a.id < b.id ? -1 : Number(a.id > b.id));
}
