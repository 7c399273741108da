import type { HeartbeatRequest, RegistrationRequest, UnknownObject } from "@mcp-mesh/protocol";

/** Taken over as they are; they mean the same in a registration. */
const KEPT_KEYS = [
  "endpoint",
  "dependencies",
  "health_interval",
  "security_context",
  "tags",
  "version",
  "description",
  "transport",
  "performance_profile",
  "resource_requirements",
] as const;

/**
 * The registration a heartbeat of an unknown agent stands for, or null when the beat does not say enough. Python agents never
 * register twice, so a registry that lost one would have lost it until its process restarts (spec README, decision 5;
 * registry-api 4.7). Validate the result like any other registration.
 *
 * @param nowIso becomes the registration's timestamp
 */
export function adoptionRequest(heartbeat: HeartbeatRequest, nowIso: string): RegistrationRequest | null {
  const { agent_name: agentName, capabilities, function_name: functionName } = heartbeat.metadata;
  if (typeof agentName !== "string" || agentName === "") return null;
  if (!Array.isArray(capabilities) || capabilities.length === 0) return null;
  return {
    agentId: agentName,
    metadata: {
      name: agentName,
      ...pick(heartbeat.metadata, KEPT_KEYS),
      capabilities: capabilities.map((capability) =>
        typeof capability === "string" ? describedBy(heartbeat.metadata, capability) : capability,
      ),
      // What a registration of the same agent carries as configuration, and callers look for.
      ...(typeof functionName === "string" ? { metadata: { function_name: functionName } } : {}),
    },
    timestamp: nowIso,
  };
}

/** A beat names its capabilities only; version, description and tags are those of the decorated function it speaks for. */
const describedBy = (metadata: UnknownObject, name: string): UnknownObject => ({
  name,
  ...pick(metadata, ["version", "description", "tags"]),
});

const pick = (metadata: UnknownObject, keys: readonly string[]): UnknownObject =>
  Object.fromEntries(keys.filter((key) => Object.hasOwn(metadata, key)).map((key) => [key, metadata[key]]));
