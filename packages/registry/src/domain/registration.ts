import {
  isJsonObject,
  NAME_PATTERN,
  normalizeForCheck,
  normalizeName,
  REGISTRATION_LIMITS,
  type RegistrationRequest,
  storableText,
  type UnknownObject,
} from "@mcp-mesh/protocol";
import type { AgentRecord, JsonObject } from "./agent.ts";
import { buildCapabilities, capabilitiesProblem, countProblem } from "./capability-merge.ts";
import { endpointProblem, isHttpEndpoint, isStdioEndpoint } from "./endpoint.ts";
import { storableJson, storableObject, storableTextOrNull, storableTexts } from "./json-value.ts";
import { chooseThresholds, type ThresholdSettings, thresholdWarnings } from "./thresholds.ts";

const DEFAULT_HEALTH_INTERVAL = 30;
const DEFAULT_AGENT_TYPE = "mesh-agent";
const DEFAULT_NAMESPACE = "default";
const DEFAULT_VERSION = "1.0.0";

const LIMITS = REGISTRATION_LIMITS;

/** `SECURITY_CONTEXT_ENFORCEMENT`: what becomes of a high-security agent that lacks capabilities (registry-api 5.11). */
export type SecurityEnforcement = "off" | "warn" | "strict";

export interface RegistrationSettings extends ThresholdSettings {
  readonly securityEnforcement: SecurityEnforcement;
}

export interface Registration {
  /** Complete, except that the store assigns `resourceVersion`, `logVersion` and the ids of new capabilities (0 here). */
  readonly record: AgentRecord;
  /** For the answer's `warnings`. */
  readonly warnings: readonly string[];
}

/**
 * The rules of registry-api 2.2 in their order, then our bounds, then with `strict` the rule of 5.11: `<field>: <message>` for
 * the first that is broken, or null. A null field counts as absent; so does a wrong type where 2.2 has no rule for it.
 */
export function validateRegistration(
  agentId: string,
  metadata: UnknownObject | null,
  securityEnforcement: SecurityEnforcement,
): string | null {
  return (
    agentIdProblem(agentId) ??
    (metadata === null ? "metadata: metadata is required" : metadataProblem(metadata)) ??
    (securityEnforcement === "strict" ? on("security_context", securityProblem(metadata ?? {})) : null)
  );
}

/**
 * What is to be stored for a registration that `validateRegistration` accepted (registry-api 3.1, 3.2, 4.5). Registering again replaces what the agent said of itself and keeps what the registry knows: creation times, ids, and the provider
 * chosen for each dependency that is still declared.
 *
 * @param existing the record this replaces; null for a new agent
 * @param nowMs wall time of the decision, epoch ms
 */
export function buildRegistration(
  request: RegistrationRequest,
  existing: AgentRecord | null,
  settings: RegistrationSettings,
  nowMs: number,
): Registration {
  const { agentId, metadata } = request;
  const timestamp = storableText(request.timestamp);
  const givenName = storableTextOrNull(metadata.name);
  const givenType = storableTextOrNull(metadata.agent_type);
  const givenEndpoint = storableTextOrNull(metadata.endpoint);

  const name = normalizeName(givenName ?? agentId);
  const agentType = normalizeName(givenType ?? DEFAULT_AGENT_TYPE);
  const endpoint = endpointToStore(givenEndpoint ?? `stdio://${name}`, timestamp, existing);
  const dependencies = storableTexts(metadata.dependencies);
  const isActive = existing?.lifecycleStatus === "active";

  const record: AgentRecord = {
    id: agentId,
    name,
    namespace: storableTextOrNull(metadata.namespace) ?? DEFAULT_NAMESPACE,
    endpoint,
    status: "healthy",
    reportedStatus: "healthy",
    labels: labelsOf(metadata),
    annotations: {
      ...storableObject(metadata.annotations),
      registered_via: "register_with_metadata",
      timestamp,
      original_name: givenName ?? agentId,
      original_agent_type: givenType ?? "mesh_agent",
      original_endpoint: givenEndpoint ?? `stdio://${agentId}`,
    },
    createdAtMs: existing?.createdAtMs ?? nowMs,
    updatedAtMs: nowMs,
    resourceVersion: 0,
    logVersion: 0,
    healthInterval: Math.trunc(numberOrNull(metadata.health_interval) ?? DEFAULT_HEALTH_INTERVAL),
    ...chooseThresholds(
      agentType,
      {
        timeout: numberOrNull(metadata.timeout_threshold),
        eviction: numberOrNull(metadata.eviction_threshold),
      },
      settings,
    ),
    agentType,
    config: storableObject(metadata.metadata),
    securityContext: storableTextOrNull(metadata.security_context),
    dependencies,
    capabilities: buildCapabilities(metadata.capabilities, existing?.capabilities ?? [], nowMs),
    version: storableTextOrNull(metadata.version) ?? DEFAULT_VERSION,
    description: storableTextOrNull(metadata.description),
    tags: storableTexts(metadata.tags),
    transport: transportOf(metadata.transport, endpoint),
    lifecycleStatus: "active",
    lifecycleSinceMs: isActive ? existing.lifecycleSinceMs : nowMs,
    profile: profileOf(metadata, existing),
    providers: providersOf(dependencies, existing),
  };
  return { record, warnings: warningsOf(record, metadata, settings) };
}

function agentIdProblem(agentId: string): string | null {
  if (agentId === "") return "agent_id: agent_id is required";
  if (agentId.length > LIMITS.agentIdLength) {
    return `agent_id: agent_id cannot exceed ${LIMITS.agentIdLength} characters`;
  }
  if (NAME_PATTERN.test(normalizeForCheck(agentId))) return null;
  return "agent_id: agent_id must contain only lowercase alphanumeric characters and hyphens";
}

function metadataProblem(metadata: UnknownObject): string | null {
  return (
    labelledNameProblem("name", metadata.name, normalizeForCheck) ??
    labelledNameProblem("namespace", metadata.namespace, (namespace) => namespace) ??
    (typeof metadata.endpoint === "string" && metadata.endpoint !== ""
      ? on("endpoint", endpointProblem(metadata.endpoint))
      : null) ??
    capabilitiesProblem(metadata.capabilities) ??
    secondsProblem("health_interval", metadata.health_interval, LIMITS.healthIntervalSeconds) ??
    secondsProblem("timeout_threshold", metadata.timeout_threshold, LIMITS.timeoutThresholdSeconds) ??
    secondsProblem("eviction_threshold", metadata.eviction_threshold, LIMITS.evictionThresholdSeconds) ??
    sizeProblem(metadata)
  );
}

const on = (field: string, message: string | null): string | null => (message === null ? null : `${field}: ${message}`);

/** Checked only if it is a string; `checked` gives the form that is held against the pattern. */
function labelledNameProblem(field: string, value: unknown, checked: (text: string) => string): string | null {
  if (typeof value !== "string") return null;
  if (value === "") return `${field}: ${field} cannot be empty`;
  if (value.length > LIMITS.nameLength) return `${field}: ${field} cannot exceed ${LIMITS.nameLength} characters`;
  if (NAME_PATTERN.test(checked(value))) return null;
  return `${field}: ${field} must contain only lowercase alphanumeric characters and hyphens`;
}

function secondsProblem(field: string, value: unknown, max: number): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "number") return `${field}: ${field} must be a number`;
  return value >= 1 && value <= max ? null : `${field}: ${field} must be between 1 and ${max} seconds`;
}

/** Our own bounds, after the rules of the references (see `REGISTRATION_LIMITS`). */
function sizeProblem(metadata: UnknownObject): string | null {
  const capabilities = Array.isArray(metadata.capabilities) ? metadata.capabilities.filter(isJsonObject) : [];
  const tagCount = capabilities.reduce((sum, { tags }) => sum + lengthOf(tags), lengthOf(metadata.tags));
  const labelCount = [metadata.tags, metadata.labels].reduce<number>((sum, given) => sum + keyCountOf(given), 0);
  return (
    countProblem("tags", tagCount, LIMITS.tags) ??
    countProblem("labels", labelCount, LIMITS.labels) ??
    countProblem("dependencies", lengthOf(metadata.dependencies), LIMITS.dependencies) ??
    dependencyProblem(metadata.dependencies)
  );
}

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const keyCountOf = (value: unknown): number => (isJsonObject(value) ? Object.keys(value).length : 0);

/** Each name is repeated in the answer to every heartbeat. */
function dependencyProblem(dependencies: unknown): string | null {
  const tooLong = storableTexts(dependencies).some((dependency) => dependency.length > LIMITS.dependencyLength);
  return tooLong ? `dependencies: dependency cannot exceed ${LIMITS.dependencyLength} characters` : null;
}

const SECURITY_CAPABILITIES = ["audit", "authentication", "authorization"] as const;

/**
 * Why an agent that calls itself `high_security` is none (registry-api 5.11). REST refuses it only when told to: agents of the
 * Python runtime register with one capability each, and could never get in.
 */
function securityProblem(metadata: UnknownObject): string | null {
  if (metadata.security_context !== "high_security") return null;
  const offered = new Set<unknown>(
    Array.isArray(metadata.capabilities) ? metadata.capabilities.filter(isJsonObject).map(({ name }) => name) : [],
  );
  if (SECURITY_CAPABILITIES.every((name) => offered.has(name))) return null;
  const needed = SECURITY_CAPABILITIES.map((name) => `'${name}'`).join(", ");
  return `High security context requires capabilities: {${needed}}`;
}

function warningsOf(record: AgentRecord, metadata: UnknownObject, settings: RegistrationSettings): readonly string[] {
  const security = settings.securityEnforcement === "off" ? null : securityProblem(metadata);
  return [...thresholdWarnings(record), ...(security === null ? [] : [security])];
}

/**
 * An agent that never heard of its success sends its first registration again, byte for byte, with the endpoint it had then.
 * Its timestamp tells; the http endpoint that its heartbeats brought meanwhile stays (spec README, points settled).
 */
function endpointToStore(incoming: string, timestamp: string, existing: AgentRecord | null): string {
  const isReplay =
    existing !== null &&
    isStdioEndpoint(incoming) &&
    isHttpEndpoint(existing.endpoint) &&
    existing.annotations.timestamp === timestamp;
  return isReplay ? existing.endpoint : incoming;
}

/** `labels` over object-shaped `tags`; null values count as absent, others become text (registry-api 3.1). */
function labelsOf(metadata: UnknownObject): { readonly [key: string]: string } {
  const given = {
    ...storableObject(metadata.tags),
    ...storableObject(metadata.labels),
  };
  // fromEntries defines properties, where assignment to `__proto__` would set a prototype.
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function transportOf(given: unknown, endpoint: string): readonly string[] {
  const transport = storableTexts(given);
  if (transport.length > 0) return transport;
  return isHttpEndpoint(endpoint) ? ["stdio", "http"] : ["stdio"];
}

/** Keys that came from columns of a foreign database stay. */
function profileOf(metadata: UnknownObject, existing: AgentRecord | null): JsonObject {
  const { performance_profile: _profile, resource_requirements: _requirements, ...foreign } = existing?.profile ?? {};
  const given = ["performance_profile", "resource_requirements"]
    .filter((key) => keyCountOf(metadata[key]) > 0)
    .map((key) => [key, storableJson(metadata[key])] as const);
  return { ...foreign, ...Object.fromEntries(given) };
}

function providersOf(dependencies: readonly string[], existing: AgentRecord | null): AgentRecord["providers"] {
  const declared = new Set(dependencies);
  return Object.fromEntries(
    Object.entries(existing?.providers ?? {}).filter(([dependency]) => declared.has(dependency)),
  );
}

const numberOrNull = (value: unknown): number | null => (typeof value === "number" ? value : null);
