import type { Result } from "@mcp-mesh/protocol";
import type { AgentRecord, CapabilityRecord } from "../domain/agent.ts";
import type { CapabilityFilter } from "../domain/agent-filter.ts";
import { matchesCapability } from "../domain/agent-filter.ts";
import { matchingRecords } from "../state/snapshot.ts";
import type { RegistryCore } from "./core.ts";
import type { ListQuery } from "./list-agents.ts";
import { cutPage, type Page } from "./page.ts";

export interface OfferedCapability {
  readonly capability: CapabilityRecord;
  readonly agent: AgentRecord;
}

/** The capabilities that match, of the agents that match; by name, then agent, then id (registry-api 4.9). */
export function listCapabilities(core: RegistryCore, query: ListQuery): Result<Page<OfferedCapability>> {
  const { state, walks } = core;
  const sorted = (version: number) => {
    const agents = matchingRecords(state, query.filter, version);
    return agents && offered(agents, query.filter.capability).sort(byName);
  };
  const isWalked = query.page.limit !== null;
  return cutPage(
    {
      hash: query.hash,
      at: (version) => (isWalked ? walks.get(query.hash, version, () => sorted(version)) : sorted(version)),
      keyOf: ({ capability, agent }) => [capability.name, agent.id, capability.id],
      isBefore: (item, key) => compare(orderOf(item), key) <= 0,
    },
    query.page,
    state.head,
  );
}

function offered(agents: readonly AgentRecord[], filter: CapabilityFilter | null): OfferedCapability[] {
  return agents.flatMap((agent) =>
    agent.capabilities
      .filter((capability) => filter === null || matchesCapability(filter, capability))
      .map((capability) => ({ capability, agent })),
  );
}

const orderOf = ({ capability, agent }: OfferedCapability) => [capability.name, agent.id, capability.id] as const;

const byName = (a: OfferedCapability, b: OfferedCapability): number => compare(orderOf(a), orderOf(b));

/** Part by part; parts at one place are of one type. */
function compare(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (let index = 0; index < a.length; index++) {
    const left = a[index] as string | number;
    const right = b[index] as string | number;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
