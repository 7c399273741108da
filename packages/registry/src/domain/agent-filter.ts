import type { LabelSelector, VersionConstraint } from "@mcp-mesh/protocol";
import { fuzzyMatches, matchesLabels, satisfies } from "@mcp-mesh/protocol";
import type { AgentRecord, AgentStatus, CapabilityRecord } from "./agent.ts";

/** Which agents a list shows. Everything given must hold; null asks for nothing. */
export interface AgentFilter {
  readonly agentId: string | null;
  readonly namespace: string | null;
  readonly statuses: ReadonlySet<AgentStatus> | null;
  readonly labels: LabelSelector;
  readonly capability: CapabilityFilter | null;
}

/** Holds of one and the same capability, never of two that share the work (registry-api 4.8). */
export interface CapabilityFilter {
  readonly name: NameFilter | null;
  readonly category: string | null;
  readonly stability: string | null;
  /** Any of these; null = not asked for. */
  readonly tags: ReadonlySet<string> | null;
  readonly version: VersionConstraint | null;
  readonly descriptionContains: string | null;
  readonly hidesDeprecated: boolean;
}

/** `exact`: one of the names. `fold`: one of them, ignoring case. `fuzzy`: close to one of them (registry-api 5.2). */
export interface NameFilter {
  readonly mode: "exact" | "fold" | "fuzzy";
  readonly names: readonly string[];
}

export const EVERY_AGENT: AgentFilter = {
  agentId: null,
  namespace: null,
  statuses: null,
  labels: [],
  capability: null,
};

export function matchesName(filter: NameFilter, name: string): boolean {
  switch (filter.mode) {
    case "exact":
      return filter.names.includes(name);
    case "fold": {
      const folded = name.toLowerCase();
      return filter.names.some((wanted) => wanted.toLowerCase() === folded);
    }
    case "fuzzy":
      return filter.names.some((query) => fuzzyMatches(query, name));
  }
}

export function matchesCapability(filter: CapabilityFilter, capability: CapabilityRecord): boolean {
  if (filter.category !== null && capability.category !== filter.category) return false;
  if (filter.stability !== null && capability.stability !== filter.stability) return false;
  if (filter.hidesDeprecated && capability.stability === "deprecated") return false;
  const { tags } = filter;
  if (tags !== null && !capability.tags.some((tag) => tags.has(tag))) return false;
  if (filter.descriptionContains !== null) {
    const description = capability.description?.toLowerCase();
    if (!description?.includes(filter.descriptionContains.toLowerCase())) return false;
  }
  if (filter.version !== null && !satisfies(filter.version, capability.version)) return false;
  return filter.name === null || matchesName(filter.name, capability.name);
}

/** What an agent-level filter asks, leaving its capabilities aside. */
export function matchesAgentItself(filter: AgentFilter, record: AgentRecord): boolean {
  if (filter.agentId !== null && record.id !== filter.agentId) return false;
  if (filter.namespace !== null && record.namespace !== filter.namespace) return false;
  if (filter.statuses !== null && !filter.statuses.has(record.status)) return false;
  return matchesLabels(filter.labels, record.labels);
}

export function matchesAgent(filter: AgentFilter, record: AgentRecord): boolean {
  if (!matchesAgentItself(filter, record)) return false;
  const { capability } = filter;
  return capability === null || record.capabilities.some((offered) => matchesCapability(capability, offered));
}

/** As a filter, `unhealthy` also means overdue: seed 001's word for what is degraded or expired here (spec README). */
export function statusesMeant(asked: readonly string[]): ReadonlySet<AgentStatus> {
  const meant = new Set(asked);
  if (meant.has("unhealthy")) meant.add("degraded").add("expired");
  return meant;
}
