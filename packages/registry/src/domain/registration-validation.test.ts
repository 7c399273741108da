import { describe, expect, test } from "bun:test";
import type { RegistrationRequest } from "@mcp-mesh/protocol";
import { validateRegistration } from "./registration.ts";

describe("validateRegistration", () => {
  test.each([
    ["My_Agent", {}],
    ["a".repeat(253), {}],
    ["Test Agent 1", { name: "___", namespace: "prod-1", endpoint: "" }],
    ["a", { name: null, namespace: null, endpoint: null, capabilities: null, health_interval: null }],
    ["a", { timeout_threshold: null, eviction_threshold: null, dependencies: null, tags: null, labels: null }],
    ["a", { name: 5, namespace: [], endpoint: {}, dependencies: "x", tags: 1, labels: 2, version: 3 }],
    ["a", { health_interval: 1, timeout_threshold: 7200, eviction_threshold: 14_400 }],
    ["a", { health_interval: 15.5 }],
    ["a", { capabilities: [{ name: "x", version: null, description: null }] }],
    ["a", { capabilities: [{ name: "x", version: "1.0.0-rc.1+build.5", description: "" }] }],
    ["a", { capabilities: [{ name: "x", version: "1.0.0-alpha", tags: 5, category: {}, parameters: "?" }] }],
    ["constructor", { namespace: "constructor", labels: JSON.parse('{"__proto__":"x","constructor":"y"}') }],
  ])("accepts %j with %j", (agentId, metadata) => {
    expect(validateRegistration(agentId, metadata, "warn")).toBeNull();
  });

  const LETTERS = "must contain only lowercase alphanumeric characters and hyphens";
  const NAME_FORM =
    "capability name must start with a letter and contain only letters, numbers, underscores, and hyphens";
  const SEMVER = "version must follow semantic versioning format (e.g., '1.0.0' or '1.0.0-alpha')";

  test.each([
    ["", {}, "agent_id: agent_id is required"],
    ["a".repeat(254), {}, "agent_id: agent_id cannot exceed 253 characters"],
    ["my.agent", {}, `agent_id: agent_id ${LETTERS}`],
    ["a/b", {}, `agent_id: agent_id ${LETTERS}`],
    ["__proto__'; DROP TABLE agents; --", {}, `agent_id: agent_id ${LETTERS}`],
    ["\u00e9", {}, `agent_id: agent_id ${LETTERS}`],
    ["a", null, "metadata: metadata is required"],
    ["a", { name: "" }, "name: name cannot be empty"],
    ["a", { name: "n".repeat(64) }, "name: name cannot exceed 63 characters"],
    ["a", { name: "my.agent" }, `name: name ${LETTERS}`],
    ["a", { namespace: "" }, "namespace: namespace cannot be empty"],
    ["a", { namespace: "n".repeat(64) }, "namespace: namespace cannot exceed 63 characters"],
    ["a", { namespace: "Prod" }, `namespace: namespace ${LETTERS}`],
    ["a", { namespace: "a_b" }, `namespace: namespace ${LETTERS}`],
    ["a", { namespace: "-a" }, `namespace: namespace ${LETTERS}`],
    ["a", { namespace: "a\n" }, `namespace: namespace ${LETTERS}`],
    ["a", { endpoint: "ftp://x" }, "endpoint: endpoint must be a valid HTTP/HTTPS URL or stdio:// protocol"],
    ["a", { endpoint: "http://" }, "endpoint: endpoint must include a valid host"],
    [
      "a",
      { endpoint: "http://h:x" },
      'endpoint: endpoint must be a valid URL: parse "http://h:x": invalid port ":x" after host',
    ],
    ["a", { capabilities: {} }, "capabilities: capabilities must be an array"],
    ["a", { capabilities: "x" }, "capabilities: capabilities must be an array"],
    ["a", { capabilities: ["x"] }, "capabilities[0]: capability must be an object"],
    ["a", { capabilities: [{ name: "x" }, null] }, "capabilities[1]: capability must be an object"],
    ["a", { capabilities: [[]] }, "capabilities[0]: capability must be an object"],
    ["a", { capabilities: [{}] }, "capabilities[0].name: capability name is required"],
    ["a", { capabilities: [{ name: null }] }, "capabilities[0].name: capability name is required"],
    ["a", { capabilities: [{ name: 5 }] }, "capabilities[0].name: capability name must be a string"],
    ["a", { capabilities: [{ name: "" }] }, "capabilities[0].name: capability name cannot be empty"],
    [
      "a",
      { capabilities: [{ name: "x".repeat(101) }] },
      "capabilities[0].name: capability name cannot exceed 100 characters",
    ],
    ["a", { capabilities: [{ name: "SystemAgent.getDate" }] }, `capabilities[0].name: ${NAME_FORM}`],
    ["a", { capabilities: [{ name: "1x" }] }, `capabilities[0].name: ${NAME_FORM}`],
    [
      "a",
      { capabilities: [{ name: "x", version: 1 }] },
      "capabilities[0].version: capability version must be a string",
    ],
    ["a", { capabilities: [{ name: "x", version: "" }] }, "capabilities[0].version: version cannot be empty"],
    ["a", { capabilities: [{ name: "x", version: "1.0" }] }, `capabilities[0].version: ${SEMVER}`],
    [
      "a",
      { capabilities: [{ name: "x", description: 5 }] },
      "capabilities[0].description: capability description must be a string",
    ],
    ["a", { health_interval: "30" }, "health_interval: health_interval must be a number"],
    ["a", { health_interval: true }, "health_interval: health_interval must be a number"],
    ["a", { health_interval: 0 }, "health_interval: health_interval must be between 1 and 3600 seconds"],
    ["a", { health_interval: 0.5 }, "health_interval: health_interval must be between 1 and 3600 seconds"],
    [
      "a",
      { health_interval: Number.POSITIVE_INFINITY },
      "health_interval: health_interval must be between 1 and 3600 seconds",
    ],
    ["a", { timeout_threshold: [] }, "timeout_threshold: timeout_threshold must be a number"],
    ["a", { timeout_threshold: 7201 }, "timeout_threshold: timeout_threshold must be between 1 and 7200 seconds"],
    ["a", { eviction_threshold: {} }, "eviction_threshold: eviction_threshold must be a number"],
    ["a", { eviction_threshold: -1 }, "eviction_threshold: eviction_threshold must be between 1 and 14400 seconds"],
  ])("refuses %j with %j", (agentId, metadata, problem) => {
    expect(validateRegistration(agentId, metadata as RegistrationRequest["metadata"] | null, "warn")).toBe(problem);
  });

  test("the first rule that is broken is the one that is named", () => {
    const broken: Record<string, unknown> = {
      eviction_threshold: 0,
      timeout_threshold: 0,
      health_interval: 0,
      capabilities: [{ description: 1, version: 1, name: 1 }],
      endpoint: "x",
      namespace: "",
      name: "",
    };
    const order: (string | undefined)[] = [];
    for (const field of ["name", "namespace", "endpoint", "capabilities", "health_interval", "timeout_threshold"]) {
      order.push(validateRegistration("a", broken, "warn")?.split(":")[0]);
      delete broken[field];
    }
    expect(order).toEqual([
      "name",
      "namespace",
      "endpoint",
      "capabilities[0].name",
      "health_interval",
      "timeout_threshold",
    ]);
    expect(validateRegistration("", { name: "" }, "warn")).toBe("agent_id: agent_id is required");
  });

  const many = (count: number) => Array.from({ length: count }, (_, index) => `x${index}`);
  const labels = (count: number) => Object.fromEntries(many(count).map((key) => [key, "v"]));

  test.each([
    [{ capabilities: many(10_001) }, "capabilities: capabilities cannot exceed 10000 entries"],
    [{ tags: many(10_001) }, "tags: tags cannot exceed 10000 entries"],
    [{ tags: many(5000), capabilities: [{ name: "x", tags: many(5001) }] }, "tags: tags cannot exceed 10000 entries"],
    [{ labels: labels(1001) }, "labels: labels cannot exceed 1000 entries"],
    [{ tags: labels(500), labels: labels(501) }, "labels: labels cannot exceed 1000 entries"],
    [{ dependencies: many(1001) }, "dependencies: dependencies cannot exceed 1000 entries"],
    [{ dependencies: ["d".repeat(254)] }, "dependencies: dependency cannot exceed 253 characters"],
  ])("what would be huge is refused (case %#)", (metadata, problem) => {
    expect(validateRegistration("a", metadata, "warn")).toBe(problem);
  });

  test("what is merely large is accepted", () => {
    const metadata = {
      capabilities: many(10_000).map((name) => ({ name })),
      tags: many(10_000),
      labels: labels(1000),
      dependencies: many(1000),
    };
    expect(validateRegistration("a", metadata, "warn")).toBeNull();
  });
});
