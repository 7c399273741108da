import {
  CAPABILITY_NAME_PATTERN,
  isJsonObject,
  isSemVer,
  REGISTRATION_LIMITS,
  type UnknownObject,
} from "@mcp-mesh/protocol";
import type { AgentRecord, CapabilityRecord, JsonObject, JsonValue } from "./agent.ts";
import { isSameJson, storableJson, storableObject, storableTextOrNull, storableTexts } from "./json-value.ts";

const DEFAULT_VERSION = "1.0.0";
const DEFAULT_STABILITY = "stable";
/** As long as SemVer's own may be: a version is stored and compared, and repeated in every list. */
const MAX_VERSION_LENGTH = 256;

/** Kept as given and returned only when non-empty (registry-api 3.2). */
const EXTRA_KEYS = [
  "parent_capabilities",
  "performance_metrics",
  "security_level",
  "resource_requirements",
  "metadata",
] as const;

export type CapabilityMerge =
  | {
      readonly ok: true;
      readonly record: AgentRecord;
      readonly updated: number;
    }
  | { readonly ok: false; readonly problem: string };

/**
 * `register_capabilities` (registry-api 4.6): adds the capabilities to the agent, or replaces those with the same name and
 * version; others stay.
 *
 * @param capabilities as the client sent them
 * @returns `updated`: how many were added or changed; with 0 the record is the same object. `problem` is the text of
 *   registry-api 2.2, `<field>: <message>`.
 */
export function mergeCapabilities(
  existing: AgentRecord,
  capabilities: readonly unknown[],
  nowMs: number,
): CapabilityMerge {
  const problem = capabilitiesProblem(capabilities);
  if (problem !== null) return { ok: false, problem };
  const before = byKey(existing.capabilities);
  const incoming = buildCapabilities(capabilities, existing.capabilities, nowMs);
  const changed = incoming.filter((capability) => before.get(keyOf(capability)) !== capability);
  if (changed.length === 0) return { ok: true, record: existing, updated: 0 };

  const merged = [...byKey([...existing.capabilities, ...changed]).values()];
  const tagCount = existing.tags.length + countTags(merged);
  const excess =
    countProblem("capabilities", merged.length, LIMITS.capabilities) ?? countProblem("tags", tagCount, LIMITS.tags);
  if (excess !== null) return { ok: false, problem: excess };
  return {
    ok: true,
    record: { ...existing, capabilities: merged, updatedAtMs: nowMs },
    updated: changed.length,
  };
}

/**
 * What is wrong with the `capabilities` of a registration, as `<field>: <message>` in the words of registry-api 2.2, or null.
 * Null and absent are fine. Wrong types elsewhere in a capability are ignored, not refused.
 */
export function capabilitiesProblem(capabilities: unknown): string | null {
  if (capabilities === null || capabilities === undefined) return null;
  if (!Array.isArray(capabilities)) return "capabilities: capabilities must be an array";
  // Refused before the long list is read.
  const excess = countProblem("capabilities", capabilities.length, LIMITS.capabilities);
  if (excess !== null) return excess;
  for (const [index, capability] of capabilities.entries()) {
    const problem = capabilityProblem(`capabilities[${index}]`, capability);
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * The capabilities of a registration that `capabilitiesProblem` accepted. The same name and version twice collapses to the
 * last; one that is registered already keeps its id and creation time, and is the very same object when nothing changed.
 */
export function buildCapabilities(
  capabilities: unknown,
  existing: readonly CapabilityRecord[],
  nowMs: number,
): readonly CapabilityRecord[] {
  if (!Array.isArray(capabilities)) return [];
  const before = byKey(existing);
  const built = capabilities.filter(isJsonObject).map((capability) => buildCapability(capability, nowMs));
  return [...byKey(built).values()].map((capability) => keepIdentity(capability, before.get(keyOf(capability))));
}

export const countTags = (capabilities: readonly CapabilityRecord[]): number =>
  capabilities.reduce((sum, capability) => sum + capability.tags.length, 0);

export const countProblem = (field: string, count: number, limit: number): string | null =>
  count > limit ? `${field}: ${field} cannot exceed ${limit} entries` : null;

const LIMITS = REGISTRATION_LIMITS;

function capabilityProblem(field: string, capability: unknown): string | null {
  if (!isJsonObject(capability)) return `${field}: capability must be an object`;
  return (
    on(`${field}.name`, nameProblem(capability.name)) ??
    on(`${field}.version`, versionProblem(capability.version)) ??
    on(`${field}.description`, descriptionProblem(capability.description))
  );
}

const on = (field: string, message: string | null): string | null => (message === null ? null : `${field}: ${message}`);

function nameProblem(name: unknown): string | null {
  if (name === null || name === undefined) return "capability name is required";
  if (typeof name !== "string") return "capability name must be a string";
  if (name === "") return "capability name cannot be empty";
  if (name.length > LIMITS.capabilityNameLength) {
    return `capability name cannot exceed ${LIMITS.capabilityNameLength} characters`;
  }
  if (CAPABILITY_NAME_PATTERN.test(name)) return null;
  return "capability name must start with a letter and contain only letters, numbers, underscores, and hyphens";
}

function versionProblem(version: unknown): string | null {
  if (version === null || version === undefined) return null;
  if (typeof version !== "string") return "capability version must be a string";
  if (version === "") return "version cannot be empty";
  if (isSemVer(version) || isReferenceVersion(version)) return null;
  return "version must follow semantic versioning format (e.g., '1.0.0' or '1.0.0-alpha')";
}

/** What the older registries took, leading zeros included (`2025.06.01`): nothing that registers with them may be refused. */
const isReferenceVersion = (version: string): boolean =>
  version.length <= MAX_VERSION_LENGTH && /^\d+\.\d+\.\d+(-[a-zA-Z0-9-]+)?$/.test(version);

function descriptionProblem(description: unknown): string | null {
  const isFine = description === null || description === undefined || typeof description === "string";
  return isFine ? null : "capability description must be a string";
}

function buildCapability(capability: UnknownObject, nowMs: number): CapabilityRecord {
  return {
    id: 0,
    name: storableTextOrNull(capability.name) ?? "",
    version: storableTextOrNull(capability.version) ?? DEFAULT_VERSION,
    description: storableTextOrNull(capability.description),
    parametersSchema: storableJson(
      capability.parameters_schema ?? capability.input_schema ?? capability.parameters ?? null,
    ),
    securityRequirements: securityRequirementsOf(capability),
    category: storableTextOrNull(capability.category),
    stability: storableTextOrNull(capability.stability) ?? DEFAULT_STABILITY,
    tags: storableTexts(capability.tags),
    compatibilityVersions: storableTexts(capability.compatibility_versions),
    extra: extraOf(capability),
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}

function securityRequirementsOf(capability: UnknownObject): readonly JsonValue[] | null {
  if (Array.isArray(capability.security_requirements)) return capability.security_requirements.map(storableJson);
  const level = storableTextOrNull(capability.security_level);
  return level === null ? null : [level];
}

const extraOf = (capability: UnknownObject): JsonObject =>
  storableObject(
    Object.fromEntries(EXTRA_KEYS.filter((key) => !isEmpty(capability[key])).map((key) => [key, capability[key]])),
  );

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function keepIdentity(incoming: CapabilityRecord, stored: CapabilityRecord | undefined): CapabilityRecord {
  if (stored === undefined) return incoming;
  const { id, createdAtMs } = stored;
  const kept = {
    ...incoming,
    id,
    createdAtMs,
    updatedAtMs: stored.updatedAtMs,
  };
  return isSameCapability(kept, stored) ? stored : { ...incoming, id, createdAtMs };
}

const isSameCapability = (left: CapabilityRecord, right: CapabilityRecord): boolean =>
  isSameJson({ ...left }, { ...right });

/** Neither a capability name nor a version can contain the separator. */
const keyOf = (capability: CapabilityRecord): string => `${capability.name}@${capability.version}`;

const byKey = (capabilities: readonly CapabilityRecord[]): Map<string, CapabilityRecord> =>
  new Map(capabilities.map((capability) => [keyOf(capability), capability]));
