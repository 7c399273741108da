import type { LabelSelector } from "@mcp-mesh/protocol";
import type { AgentFilter, CapabilityFilter } from "../domain/agent-filter.ts";
import { matchesName } from "../domain/agent-filter.ts";
import type { AgentEntry } from "./agent-entry.ts";
import type { MembershipIndex } from "./membership-index.ts";
import type { RegistryState } from "./registry-state.ts";
import { labelKey } from "./registry-state.ts";

/** Keys of an index of which a match must have one. */
interface Source {
  readonly index: MembershipIndex<AgentEntry>;
  readonly keys: readonly string[];
}

/**
 * Entries among which every match of the filter is, from the index that leaves fewest; null: any agent may match. The cost
 * of a filter follows the size of its answer and not of the registry.
 */
export function candidates(state: RegistryState, filter: AgentFilter): ReadonlySet<AgentEntry> | null {
  if (filter.agentId !== null) {
    const entry = state.get(filter.agentId);
    return new Set(entry ? [entry] : []);
  }
  let best: Source | null = null;
  let bestCount = state.size;
  for (const source of sources(state, filter)) {
    let count = 0;
    for (const key of source.keys) count += source.index.count(key);
    if (count < bestCount) {
      best = source;
      bestCount = count;
    }
  }
  if (best === null) return null;
  const found = new Set<AgentEntry>();
  for (const key of best.keys) for (const entry of best.index.members(key)) found.add(entry);
  return found;
}

function* sources(state: RegistryState, filter: AgentFilter): Iterable<Source> {
  if (filter.namespace !== null) yield { index: state.byNamespace, keys: [filter.namespace] };
  if (filter.statuses !== null) yield { index: state.byStatus, keys: [...filter.statuses] };
  yield* labelSources(state, filter.labels);
  if (filter.capability !== null) yield* capabilitySources(state, filter.capability);
}

function* labelSources(state: RegistryState, labels: LabelSelector): Iterable<Source> {
  for (const requirement of labels) {
    if (requirement.operator !== "in") continue;
    yield { index: state.byLabel, keys: requirement.values.map((value) => labelKey(requirement.key, value)) };
  }
}

function* capabilitySources(state: RegistryState, filter: CapabilityFilter): Iterable<Source> {
  if (filter.category !== null) yield { index: state.byCategory, keys: [filter.category] };
  if (filter.tags !== null) yield { index: state.byTag, keys: [...filter.tags] };
  const { name } = filter;
  if (name === null) return;
  if (name.mode === "exact") yield { index: state.byCapability, keys: [...new Set(name.names)] };
  else if (name.mode === "fold") {
    const forms = name.names.flatMap((wanted) => state.capabilityNames.forms(wanted));
    yield { index: state.byCapability, keys: [...new Set(forms)] };
  } else {
    // Distinct names are matched once, not once per agent (registry-api 5.2).
    const close = [...state.byCapability.keys()].filter((known) => matchesName(name, known));
    yield { index: state.byCapability, keys: close };
  }
}
