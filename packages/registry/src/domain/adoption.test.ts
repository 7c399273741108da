import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { adoptionRequest } from "./adoption.ts";
import { buildRegistration, validateRegistration } from "./registration.ts";

const NOW_ISO = "2025-06-11T14:03:53.000Z";
const SETTINGS = {
  defaultTimeoutThreshold: 60,
  defaultEvictionThreshold: 120,
  securityEnforcement: "warn",
} as const;

const beat = (metadata: { readonly [key: string]: unknown }) => ({
  agentId: "get_weather",
  status: "healthy",
  metadata,
});

/** As the Python runtime sends it (agents 1.4), for a function registered under another name. */
const PYTHON_BEAT = {
  capabilities: ["greeting", "farewell"],
  timestamp: "2025-06-11T14:03:52.903217+00:00",
  checks: {},
  errors: [],
  uptime_seconds: 0,
  version: "1.2.0",
  capability: "greeting",
  health_interval: 20,
  dependencies: ["SystemAgent_getDate"],
  registry_url: null,
  agent_name: "weather-agent",
  security_context: null,
  timeout: 30,
  retry_attempts: 3,
  enable_caching: true,
  fallback_mode: true,
  description: "Greets with the date",
  endpoint: "http://10.0.0.9:8889",
  tags: ["demo"],
  performance_profile: {},
  resource_requirements: {},
  enable_http: true,
  http_host: "0.0.0.0",
  http_port: 8889,
  function_name: "get_weather",
  transport: ["stdio", "http"],
  team: "data",
};

describe("adoptionRequest", () => {
  test("a beat of the Python runtime becomes the registration of its agent", () => {
    const request = adoptionRequest(beat(PYTHON_BEAT), NOW_ISO);
    expect(request).toEqual({
      agentId: "weather-agent",
      timestamp: NOW_ISO,
      metadata: {
        name: "weather-agent",
        endpoint: "http://10.0.0.9:8889",
        dependencies: ["SystemAgent_getDate"],
        health_interval: 20,
        security_context: null,
        tags: ["demo"],
        version: "1.2.0",
        description: "Greets with the date",
        transport: ["stdio", "http"],
        performance_profile: {},
        resource_requirements: {},
        capabilities: [
          { name: "greeting", version: "1.2.0", description: "Greets with the date", tags: ["demo"] },
          { name: "farewell", version: "1.2.0", description: "Greets with the date", tags: ["demo"] },
        ],
        metadata: { function_name: "get_weather" },
      },
    });
    if (request === null) throw new Error("not adopted");
    expect(validateRegistration(request.agentId, request.metadata, "warn")).toBeNull();
    const { record } = buildRegistration(request, null, SETTINGS, 0);
    expect(record).toMatchObject({ id: "weather-agent", endpoint: "http://10.0.0.9:8889", healthInterval: 20 });
    expect(record.capabilities.map(({ name, version }) => [name, version])).toEqual([
      ["greeting", "1.2.0"],
      ["farewell", "1.2.0"],
    ]);
  });

  test("a name and capabilities are enough; capabilities given as objects stay", () => {
    expect(adoptionRequest(beat({ agent_name: "a", capabilities: ["x", { name: "y" }] }), NOW_ISO)).toEqual({
      agentId: "a",
      timestamp: NOW_ISO,
      metadata: { name: "a", capabilities: [{ name: "x" }, { name: "y" }] },
    });
  });

  test.each([
    {},
    { agent_name: "a" },
    { capabilities: ["x"] },
    { agent_name: "", capabilities: ["x"] },
    { agent_name: 5, capabilities: ["x"] },
    { agent_name: "a", capabilities: [] },
    { agent_name: "a", capabilities: "x" },
    { agent_name: "a", capabilities: { 0: "x" } },
  ])("%j does not say enough", (metadata) => {
    expect(adoptionRequest(beat(metadata), NOW_ISO)).toBeNull();
  });

  test("what makes no registration is refused by the ordinary rules, never by an exception", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom("a", "x", ["x"], [{ name: "x" }], ["bad.name"], null));
    const keys = [
      "agent_name",
      "capabilities",
      "version",
      "tags",
      "endpoint",
      "dependencies",
      "__proto__",
      "description",
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (metadata) => {
        const request = adoptionRequest(beat(metadata), NOW_ISO);
        if (request === null || validateRegistration(request.agentId, request.metadata, "warn") !== null) return;
        expect(buildRegistration(request, null, SETTINGS, 0).record.capabilities).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
