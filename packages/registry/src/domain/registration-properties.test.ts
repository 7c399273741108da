import { describe, expect, test } from "bun:test";
import { normalizeName, type RegistrationRequest } from "@mcp-mesh/protocol";
import { registrationMetadataSchema } from "@mcp-mesh/protocol/schemas/registration";
import fc from "fast-check";
import type { AgentRecord, JsonValue } from "./agent.ts";
import { isSameJson } from "./json-value.ts";
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

describe("whatever an agent sends", () => {
  const json = fc.json({ maxDepth: 3, stringUnit: "binary" }).map((text): unknown => JSON.parse(text));
  const plausible = fc.constantFrom<unknown>(
    null,
    "",
    "x",
    "http://h:1/x",
    "stdio://a",
    30,
    1.5,
    Number.POSITIVE_INFINITY,
    [],
    {},
    ["x"],
  );
  const value = fc.oneof(json, plausible);
  const capability = fc.record(
    {
      name: fc.oneof({ weight: 5, arbitrary: fc.constantFrom("x", "y", "greeting") }, { weight: 1, arbitrary: value }),
      version: fc.oneof(fc.constantFrom("1.0.0", "2.0.0-rc.1", null), value),
      ...Object.fromEntries(
        [
          "description parameters parameters_schema security_requirements security_level category stability tags",
          "compatibility_versions parent_capabilities metadata",
        ]
          .join(" ")
          .split(" ")
          .map((key) => [key, value]),
      ),
    },
    { requiredKeys: ["name"] },
  );
  const capabilities = fc.oneof(
    { weight: 4, arbitrary: fc.array(capability, { maxLength: 4 }) },
    { weight: 1, arbitrary: value },
  );
  const keys = [
    "name agent_type namespace endpoint dependencies health_interval timeout_threshold eviction_threshold",
    "security_context tags labels annotations metadata version description transport performance_profile",
    "resource_requirements __proto__ constructor other",
  ]
    .join(" ")
    .split(" ");
  const metadata = fc
    .tuple(fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 }), fc.option(capabilities, { nil: undefined }))
    .map(([fields, offered]): RegistrationRequest["metadata"] =>
      offered === undefined ? fields : { ...fields, capabilities: offered },
    );
  const agentId = fc.oneof(fc.constantFrom("a", "My_Agent", "My Agent-1"), fc.string({ unit: "binary" }));

  test("nothing throws, and a refusal is short, printable and names its field", () => {
    fc.assert(
      fc.property(agentId, metadata, (id, given) => {
        const problem = validateRegistration(id, given, "warn");
        if (problem === null) return;
        expect(problem).toMatch(/^[a-z_]+(\[\d+\](\.[a-z]+)?)?: \P{Cc}{5,2000}$/u);
      }),
      { numRuns: 500 },
    );
  });

  test("what is accepted makes a record that is of its type and survives being stored", () => {
    let accepted = 0;
    fc.assert(
      fc.property(metadata, fc.string({ unit: "binary", minLength: 1 }), (given, timestamp) => {
        if (validateRegistration("My_Agent", given, "warn") !== null) return;
        accepted++;
        const { record } = buildRegistration(request(given, "My_Agent", timestamp), null, SETTINGS, NOW);
        expectRecord(record);
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  test("registering the same again changes nothing but the time, and capabilities stay the very same", () => {
    fc.assert(
      fc.property(metadata, (given) => {
        if (validateRegistration("My_Agent", given, "warn") !== null) return;
        const first = register(given);
        const again = register(given, first, LATER);
        expect({ ...again, updatedAtMs: NOW }).toEqual(first);
        expect(again.capabilities.every((capability, index) => capability === first.capabilities[index])).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("what the published schema allows is refused only for a name, endpoint or version it cannot describe", () => {
    fc.assert(
      fc.property(metadata, (given) => {
        if (!registrationMetadataSchema.safeParse(given).success) return;
        const problem = validateRegistration("a", given, "warn");
        if (problem !== null) expect(problem).toMatch(/^(name|endpoint|capabilities\[\d+\]\.version): /);
      }),
      { numRuns: 500 },
    );
  });
});

/** The types of `AgentRecord`, checked at run time. */
function expectRecord(record: AgentRecord): void {
  const texts = (list: readonly unknown[]) => list.every((item) => typeof item === "string");
  const nullableText = (value: unknown) => value === null || (typeof value === "string" && value !== "");
  expect(record.name).toBe(normalizeName(record.name));
  expect(record.agentType).toBe(normalizeName(record.agentType));
  for (const text of [record.namespace, record.endpoint, record.version]) expect(text).not.toBe("");
  for (const seconds of [record.healthInterval, record.timeoutThreshold, record.evictionThreshold]) {
    expect(Number.isInteger(seconds) && seconds >= 1).toBe(true);
  }
  expect(texts(Object.values(record.labels))).toBe(true);
  for (const list of [record.dependencies, record.tags, record.transport]) expect(texts(list)).toBe(true);
  for (const text of [record.description, record.securityContext]) expect(nullableText(text)).toBe(true);
  const keys = record.capabilities.map(({ name, version }) => `${name} ${version}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (const capability of record.capabilities) {
    for (const text of [capability.name, capability.version, capability.stability]) expect(text).toBeString();
    for (const text of [capability.description, capability.category]) expect(nullableText(text)).toBe(true);
    expect(texts(capability.tags) && texts(capability.compatibilityVersions)).toBe(true);
    expect(capability.securityRequirements === null || Array.isArray(capability.securityRequirements)).toBe(true);
  }
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  const restored = JSON.parse(new TextDecoder().decode(bytes)) as JsonValue;
  expect(isSameJson(restored, record as unknown as JsonValue)).toBe(true);
  expect(JSON.stringify(record)).not.toContain("\\u0000");
}
