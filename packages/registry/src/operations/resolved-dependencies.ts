import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";

export interface Beaten {
  readonly agentId: AgentId;
  /** The agent's current version: a beat that changes nothing but time takes none of its own (registry-api E15). */
  readonly resourceVersion: ResourceVersion;
  /** Null for an agent that declares no dependencies: the key is then left out of the answer. */
  readonly dependencies: ResolvedDependencies | null;
}

/** Dependency -> its provider, or null. Nothing volatile may be added: agents compare the whole object (registry-api 5.12). */
export type ResolvedDependencies = {
  readonly [dependency: string]: {
    readonly agent_id: string;
    readonly endpoint: string;
    readonly status: string;
  } | null;
};

export function resolvedDependencies(resolved: ReadonlyMap<string, AgentRecord | null>): ResolvedDependencies {
  return Object.fromEntries(
    [...resolved].map(([dependency, provider]) => [
      dependency,
      provider && { agent_id: provider.id, endpoint: provider.endpoint, status: provider.status },
    ]),
  );
}
