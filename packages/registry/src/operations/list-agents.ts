import type { Result } from "@mcp-mesh/protocol";
import type { AgentRecord } from "../domain/agent.ts";
import type { AgentFilter } from "../domain/agent-filter.ts";
import { byLastChange, matchingRecords } from "../state/snapshot.ts";
import type { RegistryCore } from "./core.ts";
import { cutPage, type Page, type PageRequest } from "./page.ts";

/** A list of agents: what is asked for, and a name for it that its page tokens carry. */
export interface ListQuery {
  readonly filter: AgentFilter;
  readonly page: PageRequest;
  /** Equal for equal queries, whatever their page. */
  readonly hash: string;
}

/** The agents that match, newest change first, ties by id (registry-api 4.8). */
export function listAgents(core: RegistryCore, query: ListQuery): Result<Page<AgentRecord>> {
  const { state, walks } = core;
  const sorted = (version: number) => matchingRecords(state, query.filter, version)?.sort(byLastChange) ?? null;
  const isWalked = query.page.limit !== null;
  return cutPage(
    {
      hash: query.hash,
      at: (version) => (isWalked ? walks.get(query.hash, version, () => sorted(version)) : sorted(version)),
      keyOf: (record) => [record.updatedAtMs, record.id],
      isBefore: (record, [updatedAtMs, id]) =>
        record.updatedAtMs > Number(updatedAtMs) ||
        (record.updatedAtMs === Number(updatedAtMs) && record.id <= String(id)),
    },
    query.page,
    state.head,
  );
}
