import type { AgentRecord, CapabilityRecord } from "@mcp-mesh/registry/domain/agent";

/** 2025-06-11T12:00:00Z, when everything made here was created. */
export const CREATED_AT_MS = 1_749_643_200_000;

/** A capability that was not stored yet. */
export function capabilityRecord(overrides: Partial<CapabilityRecord> = {}): CapabilityRecord {
  return {
    id: 0,
    name: "greeting",
    version: "1.0.0",
    description: null,
    parametersSchema: null,
    securityRequirements: null,
    category: null,
    stability: "stable",
    tags: [],
    compatibilityVersions: [],
    extra: {},
    createdAtMs: CREATED_AT_MS,
    updatedAtMs: CREATED_AT_MS,
    ...overrides,
  };
}

/** A freshly registered agent that was not stored yet; its name follows its id. */
export function agentRecord(overrides: Partial<AgentRecord> = {}): AgentRecord {
  return {
    id: "agent-1",
    name: overrides.id ?? "agent-1",
    namespace: "default",
    endpoint: "http://127.0.0.1:9001",
    status: "pending",
    reportedStatus: null,
    labels: {},
    annotations: {},
    createdAtMs: CREATED_AT_MS,
    updatedAtMs: CREATED_AT_MS,
    resourceVersion: 0,
    logVersion: 0,
    healthInterval: 30,
    timeoutThreshold: 60,
    evictionThreshold: 120,
    explicitTimeout: false,
    explicitEviction: false,
    agentType: "mesh-agent",
    config: {},
    securityContext: null,
    dependencies: [],
    capabilities: [],
    version: "1.0.0",
    description: null,
    tags: [],
    transport: ["http"],
    lifecycleStatus: "active",
    lifecycleSinceMs: null,
    profile: {},
    providers: {},
    ...overrides,
  };
}
