import { compareVersions } from "@mcp-mesh/protocol";
import type { AgentId, AgentRecord } from "./agent.ts";

/** Where resolution looks things up; the writer's view adds what the batch being built has decided. */
export interface ProviderDirectory {
  find(id: AgentId): AgentRecord | null;
  /** All agents that offer a capability of exactly this name, whatever their state. */
  offering(capability: string): Iterable<AgentRecord>;
}

const usesHttp = ({ endpoint }: AgentRecord): boolean =>
  endpoint.startsWith("http://") || endpoint.startsWith("https://");

const offers = (record: AgentRecord, capability: string): boolean =>
  record.capabilities.some((offered) => offered.name === capability);

/** May it be handed out as a provider now? (registry-api 5.12: healthy and not draining) */
function isAvailable(record: AgentRecord): boolean {
  return record.status === "healthy" && record.lifecycleStatus === "active";
}

function highestVersion(record: AgentRecord, capability: string): string {
  let highest = "";
  for (const offered of record.capabilities) {
    if (offered.name !== capability) continue;
    if (highest === "" || compareVersions(offered.version, highest) > 0) highest = offered.version;
  }
  return highest;
}

/** Negative when `a` is the better choice: http before stdio, then highest version, oldest registration, id. */
function comparePreference(a: AgentRecord, b: AgentRecord, capability: string): number {
  const byTransport = Number(usesHttp(b)) - Number(usesHttp(a));
  if (byTransport !== 0) return byTransport;
  const byVersion = compareVersions(highestVersion(b, capability), highestVersion(a, capability));
  if (byVersion !== 0) return byVersion;
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  return a.id < b.id ? -1 : 1;
}

/**
 * The provider of one dependency (registry-api 5.12), or null. Sticky: the one given last time stays while it is
 * available, because an agent rebuilds its proxies whenever the answer changes; a stdio one only until an http one exists.
 * An agent gets itself only when it is the only one.
 */
function chooseProvider(
  directory: ProviderDirectory,
  askingId: AgentId,
  capability: string,
  previousId: AgentId | undefined,
): AgentRecord | null {
  const before = previousId === undefined || previousId === askingId ? null : directory.find(previousId);
  const sticky = before && isAvailable(before) && offers(before, capability) ? before : null;
  if (sticky !== null && usesHttp(sticky)) return sticky;
  let best: AgentRecord | null = null;
  let self: AgentRecord | null = null;
  for (const candidate of directory.offering(capability)) {
    // Beside a stdio provider that may stay, only an http one is a question: with thousands of stdio ones, comparing them
    // all would take longer than everything else a beat does.
    if (!isAvailable(candidate) || (sticky !== null && !usesHttp(candidate))) continue;
    if (candidate.id === askingId) {
      self = candidate;
      continue;
    }
    if (best === null || comparePreference(candidate, best, capability) < 0) best = candidate;
  }
  return best ?? sticky ?? self;
}

export interface Resolution {
  /** Dependency -> provider, null where there is none; in the order the agent declared them. */
  readonly resolved: ReadonlyMap<string, AgentRecord | null>;
  /** The choices to remember: dependency -> provider id. The very object given when nothing changed. */
  readonly providers: AgentRecord["providers"];
}

/** Resolves every dependency of an agent. `previous` are the choices made last time. */
export function resolveDependencies(
  directory: ProviderDirectory,
  agentId: AgentId,
  dependencies: readonly string[],
  previous: AgentRecord["providers"],
): Resolution {
  const resolved = new Map<string, AgentRecord | null>();
  let isChanged = false;
  let remembered = 0;
  for (const dependency of dependencies) {
    if (resolved.has(dependency)) continue;
    const before = Object.hasOwn(previous, dependency) ? previous[dependency] : undefined;
    const provider = chooseProvider(directory, agentId, dependency, before);
    resolved.set(dependency, provider);
    if (provider !== null) remembered++;
    if (provider?.id !== before) isChanged = true;
  }
  // A dependency that is no longer declared must be forgotten as well.
  if (!isChanged && Object.keys(previous).length === remembered) return { resolved, providers: previous };
  const providers = Object.fromEntries(
    [...resolved].flatMap(([dependency, provider]) => (provider === null ? [] : [[dependency, provider.id] as const])),
  );
  return { resolved, providers };
}
