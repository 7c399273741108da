import { describe, expect, test } from "bun:test";
import type { RegistrationRequest } from "@mcp-mesh/protocol";
import type { AgentRecord } from "./agent.ts";
import { buildRegistration, type RegistrationSettings, validateRegistration } from "./registration.ts";

const SETTINGS: RegistrationSettings = {
  defaultTimeoutThreshold: 60,
  defaultEvictionThreshold: 120,
  securityEnforcement: "warn",
};
const NOW = 1_749_650_602_000;
const LATER = NOW + 5000;

const request = (
  metadata: RegistrationRequest["metadata"],
  agentId = "My_Agent",
  timestamp = "t0",
): RegistrationRequest => ({
  agentId,
  metadata,
  timestamp,
});
const register = (metadata: RegistrationRequest["metadata"], existing: AgentRecord | null = null, nowMs = NOW) =>
  buildRegistration(request(metadata), existing, SETTINGS, nowMs).record;

/** As the Python runtime sends it (agents 1.3). */
const PYTHON_METADATA = {
  name: "greet_from_mcp_mesh",
  agent_type: "mesh_agent",
  namespace: "default",
  endpoint: "stdio://greet_from_mcp_mesh",
  capabilities: [
    {
      name: "greeting",
      version: "1.0.0",
      description: "Greets with the date",
      tags: ["demo"],
      parameters: {},
      performance_metrics: {},
      security_level: "standard",
      resource_requirements: {},
      metadata: { function_name: "greet_from_mcp_mesh", decorator_type: "mesh_agent" },
    },
  ],
  dependencies: ["SystemAgent_getDate"],
  health_interval: 30,
  security_context: null,
  tags: ["demo"],
  version: "1.0.0",
  description: "Greets with the date",
  timeout: 30,
  retry_attempts: 3,
  enable_caching: true,
  fallback_mode: true,
  performance_profile: {},
  resource_requirements: {},
  metadata: {
    function_name: "greet_from_mcp_mesh",
    decorator_type: "mesh_agent",
    registered_at: "2025-06-11T14:03:22.480113+00:00",
    processor_version: "1.0.0",
  },
};

describe("buildRegistration", () => {
  test("an agent that says nothing gets the defaults", () => {
    expect(buildRegistration(request({}), null, SETTINGS, NOW)).toEqual({
      record: {
        id: "My_Agent",
        name: "my-agent",
        namespace: "default",
        endpoint: "stdio://my-agent",
        status: "healthy",
        reportedStatus: "healthy",
        labels: {},
        annotations: {
          registered_via: "register_with_metadata",
          timestamp: "t0",
          original_name: "My_Agent",
          original_agent_type: "mesh_agent",
          original_endpoint: "stdio://My_Agent",
        },
        createdAtMs: NOW,
        updatedAtMs: NOW,
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
        transport: ["stdio"],
        lifecycleStatus: "active",
        lifecycleSinceMs: NOW,
        profile: {},
        providers: {},
      },
      warnings: [],
    });
  });

  test("a registration of the Python runtime is kept whole", () => {
    const given = request(PYTHON_METADATA, "greet_from_mcp_mesh", "2025-06-11T14:03:22.480121+00:00");
    expect(validateRegistration(given.agentId, given.metadata, "warn")).toBeNull();
    const { record, warnings } = buildRegistration(given, null, SETTINGS, NOW);
    expect(warnings).toEqual([]);
    expect(record).toMatchObject({
      id: "greet_from_mcp_mesh",
      name: "greet-from-mcp-mesh",
      endpoint: "stdio://greet_from_mcp_mesh",
      agentType: "mesh-agent",
      annotations: {
        registered_via: "register_with_metadata",
        timestamp: "2025-06-11T14:03:22.480121+00:00",
        original_name: "greet_from_mcp_mesh",
        original_agent_type: "mesh_agent",
        original_endpoint: "stdio://greet_from_mcp_mesh",
      },
      config: PYTHON_METADATA.metadata,
      dependencies: ["SystemAgent_getDate"],
      tags: ["demo"],
      labels: {},
      description: "Greets with the date",
      securityContext: null,
      profile: {},
      transport: ["stdio"],
    });
    expect(record.capabilities).toEqual([
      {
        id: 0,
        name: "greeting",
        version: "1.0.0",
        description: "Greets with the date",
        parametersSchema: {},
        securityRequirements: ["standard"],
        category: null,
        stability: "stable",
        tags: ["demo"],
        compatibilityVersions: [],
        extra: {
          security_level: "standard",
          metadata: { function_name: "greet_from_mcp_mesh", decorator_type: "mesh_agent" },
        },
        createdAtMs: NOW,
        updatedAtMs: NOW,
      },
    ]);
  });

  test("a function without a docstring registers: null descriptions are absent ones", () => {
    const metadata = {
      ...PYTHON_METADATA,
      description: null,
      capabilities: [{ ...PYTHON_METADATA.capabilities[0], description: null }],
    };
    expect(validateRegistration("a", metadata, "warn")).toBeNull();
    const record = register(metadata);
    expect(record.description).toBeNull();
    expect(record.capabilities[0]?.description).toBeNull();
  });

  test("a registration of the oldest agents is accepted: null endpoint, parent capabilities, contract in metadata", () => {
    const metadata = {
      name: "agent-1a2b3c4d",
      endpoint: null,
      resource_usage: {},
      created_at: "2025-06-08T10:00:00",
      last_seen: "2025-06-08T10:00:00",
      capabilities: [{ name: "file_read", parent_capabilities: ["io"], description: null }],
      metadata: { service_contract: { service_name: "a.b", methods: { b: { is_async: true } } }, method_count: 1 },
    };
    expect(validateRegistration("agent-1a2b3c4d", metadata, "warn")).toBeNull();
    const record = register(metadata);
    expect(record.config).toEqual(metadata.metadata);
    expect(record.capabilities[0]?.extra).toEqual({ parent_capabilities: ["io"] });
    expect(record.endpoint).toBe("stdio://agent-1a2b3c4d");
  });

  test("labels go over tags that are an object; values become text, nulls are absent", () => {
    const record = register({
      tags: { env: "dev", tier: 1, gone: null },
      labels: { env: "prod", canary: true, zone: { a: [1] }, none: null },
    });
    expect(record.labels).toEqual({ env: "prod", tier: "1", canary: "true", zone: '{"a":[1]}' });
    expect(record.tags).toEqual([]);
  });

  test("keys named __proto__ and constructor stay data", () => {
    const hostile = JSON.parse('{"__proto__":"polluted","constructor":"c"}');
    const record = register({ labels: hostile, annotations: hostile, metadata: hostile });
    for (const object of [record.labels, record.annotations, record.config]) {
      expect(Object.hasOwn(object, "__proto__")).toBe(true);
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    }
    expect(JSON.stringify(record.labels)).toBe('{"__proto__":"polluted","constructor":"c"}');
  });

  test("annotations are kept beside the five of the registry, which win", () => {
    const { annotations } = register({ annotations: { owner: "me", timestamp: "forged", deep: { a: 1 } } });
    expect(annotations).toMatchObject({ owner: "me", timestamp: "t0", deep: { a: 1 } });
  });

  test("fractions of seconds are cut off, and explicit thresholds are marked", () => {
    const record = register({ health_interval: 15.9, timeout_threshold: 90.5, agent_type: "File_Agent" });
    expect(record).toMatchObject({
      agentType: "file-agent",
      healthInterval: 15,
      timeoutThreshold: 90,
      explicitTimeout: true,
      evictionThreshold: 180,
      explicitEviction: false,
    });
  });

  test("the transport is what the agent says, else what its endpoint shows", () => {
    expect(register({ endpoint: "http://h:1" }).transport).toEqual(["stdio", "http"]);
    expect(register({ endpoint: "http://h:1", transport: ["http"] }).transport).toEqual(["http"]);
    expect(register({ transport: "http" }).transport).toEqual(["stdio"]);
  });

  test("an empty security context is none", () => {
    expect(register({ security_context: "" }).securityContext).toBeNull();
    expect(register({ security_context: "standard" }).securityContext).toBe("standard");
  });

  test("dependencies that are no strings are ignored", () => {
    expect(register({ dependencies: ["a", 1, null, { b: 1 }, "a"] }).dependencies).toEqual(["a", "a"]);
  });

  describe("of an agent that is registered already", () => {
    const stored: AgentRecord = {
      ...register({ ...PYTHON_METADATA, dependencies: ["a", "b"], performance_profile: { cpu: 1 } }),
      status: "expired",
      reportedStatus: "offline",
      lifecycleStatus: "draining",
      lifecycleSinceMs: NOW + 1,
      resourceVersion: 77,
      logVersion: 78,
      providers: { a: "provider-a", b: "provider-b" },
      profile: { performance_profile: { cpu: 1 }, foreign_column: "kept" },
    };

    test("revives it and keeps what the registry knows", () => {
      const record = register({ dependencies: ["b", "c"], resource_requirements: { gpu: 1 } }, stored, LATER);
      expect(record).toMatchObject({
        status: "healthy",
        reportedStatus: "healthy",
        lifecycleStatus: "active",
        lifecycleSinceMs: LATER,
        createdAtMs: NOW,
        updatedAtMs: LATER,
        resourceVersion: 0,
        logVersion: 0,
      });
      expect(record.providers).toEqual({ b: "provider-b" });
      expect(record.profile).toEqual({ foreign_column: "kept", resource_requirements: { gpu: 1 } });
      expect(record.capabilities).toEqual([]);
    });

    test("an agent that was active is so since then", () => {
      expect(register({}, { ...stored, lifecycleStatus: "active" }, LATER).lifecycleSinceMs).toBe(NOW + 1);
    });

    const moved: AgentRecord = { ...stored, endpoint: "http://10.0.0.9:8889" };

    test("a replay of its first registration does not take away the endpoint its heartbeats brought", () => {
      const replay = request(PYTHON_METADATA, stored.id, "t0");
      const { record } = buildRegistration(replay, moved, SETTINGS, LATER);
      expect(record.endpoint).toBe("http://10.0.0.9:8889");
      expect(record.transport).toEqual(["stdio", "http"]);
      expect(register({}, moved, LATER).endpoint).toBe("http://10.0.0.9:8889");
    });

    test("a timestamp that cannot be stored as it is still tells a replay", () => {
      const odd = buildRegistration(request({}, "a", "t\ud800"), null, SETTINGS, NOW).record;
      const replay = buildRegistration(request({}, "a", "t\ud800"), { ...odd, endpoint: "http://h" }, SETTINGS, LATER);
      expect(replay.record.endpoint).toBe("http://h");
    });

    test("a new registration replaces the endpoint, and so does an http endpoint at any time", () => {
      const restarted = request(PYTHON_METADATA, stored.id, "t1");
      expect(buildRegistration(restarted, moved, SETTINGS, LATER).record.endpoint).toBe("stdio://greet_from_mcp_mesh");
      const served = request({ ...PYTHON_METADATA, endpoint: "http://10.0.0.9:9000" }, stored.id, "t0");
      expect(buildRegistration(served, moved, SETTINGS, LATER).record.endpoint).toBe("http://10.0.0.9:9000");
    });
  });
});

describe("the rule for high_security agents", () => {
  const secure = (...names: string[]) =>
    request({ security_context: "high_security", capabilities: names.map((name) => ({ name })) });
  const needed = "High security context requires capabilities: {'audit', 'authentication', 'authorization'}";
  const refusal = ({ agentId, metadata }: RegistrationRequest, securityEnforcement: "off" | "warn" | "strict") =>
    validateRegistration(agentId, metadata, securityEnforcement);
  const warnings = (given: RegistrationRequest, securityEnforcement: "off" | "warn" | "strict") =>
    buildRegistration(given, null, { ...SETTINGS, securityEnforcement }, NOW).warnings;

  test("strict refuses, warn warns, off says nothing", () => {
    const lacking = secure("audit", "authorization");
    expect(refusal(lacking, "strict")).toBe(`security_context: ${needed}`);
    expect(refusal(lacking, "warn")).toBeNull();
    expect(refusal(lacking, "off")).toBeNull();
    expect(warnings(lacking, "warn")).toEqual([needed]);
    expect(warnings(lacking, "off")).toEqual([]);
  });

  test("an agent that offers all three, or is not high_security, is fine", () => {
    const complete = secure("x", "authorization", "audit", "authentication");
    expect(refusal(complete, "strict")).toBeNull();
    expect(warnings(complete, "warn")).toEqual([]);
    expect(warnings(request({ security_context: "standard" }), "warn")).toEqual([]);
    expect(refusal(request({}), "strict")).toBeNull();
  });
});
