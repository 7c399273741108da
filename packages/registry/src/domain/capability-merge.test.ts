import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AgentRecord, CapabilityRecord, JsonValue } from "./agent.ts";
import { buildCapabilities, capabilitiesProblem, mergeCapabilities } from "./capability-merge.ts";
import { buildRegistration } from "./registration.ts";

const SETTINGS = {
  defaultTimeoutThreshold: 60,
  defaultEvictionThreshold: 120,
  securityEnforcement: "warn",
} as const;
const NOW = 1_749_650_602_000;
const LATER = NOW + 5000;

const build = (...capabilities: unknown[]) => buildCapabilities(capabilities, [], NOW);
const one = (capability: unknown) => build(capability)[0];
const numbered = (capabilities: readonly CapabilityRecord[]) =>
  capabilities.map((capability, index) => ({ ...capability, id: index + 1 }));

describe("buildCapabilities", () => {
  test("a name is enough", () => {
    expect(one({ name: "x" })).toEqual({
      id: 0,
      name: "x",
      version: "1.0.0",
      description: null,
      parametersSchema: null,
      securityRequirements: null,
      category: null,
      stability: "stable",
      tags: [],
      compatibilityVersions: [],
      extra: {},
      createdAtMs: NOW,
      updatedAtMs: NOW,
    });
  });

  test("everything that is promised searchable is kept", () => {
    const capability = {
      name: "x",
      version: "2.0.0-rc.1",
      description: "does x",
      category: "data",
      stability: "beta",
      tags: ["a", "b"],
      compatibility_versions: ["1.0.0"],
    };
    expect(one(capability)).toMatchObject({
      version: "2.0.0-rc.1",
      description: "does x",
      category: "data",
      stability: "beta",
      tags: ["a", "b"],
      compatibilityVersions: ["1.0.0"],
    });
  });

  test.each<[object, JsonValue]>([
    [{ parameters_schema: { a: 1 }, input_schema: { b: 1 }, parameters: { c: 1 } }, { a: 1 }],
    [{ parameters_schema: null, input_schema: { b: 1 }, parameters: { c: 1 } }, { b: 1 }],
    [{ parameters: {} }, {}],
    [{ input_schema: null }, null],
  ])("the schema of the parameters is the first that is not null: %j", (given, schema) => {
    expect(one({ name: "x", ...given })?.parametersSchema).toEqual(schema);
  });

  test.each<[object, JsonValue]>([
    [{ security_requirements: ["a", { b: 1 }], security_level: "high" }, ["a", { b: 1 }]],
    [{ security_requirements: [] }, []],
    [{ security_requirements: "a", security_level: "high" }, ["high"]],
    [{ security_level: "" }, null],
    [{ security_level: null }, null],
  ])("security requirements: %j", (given, requirements) => {
    expect(one({ name: "x", ...given })?.securityRequirements).toEqual(requirements as never);
  });

  test("of the rest only what is not empty is kept", () => {
    const capability = {
      name: "x",
      parent_capabilities: [],
      performance_metrics: {},
      security_level: "standard",
      resource_requirements: null,
      metadata: { a: 0 },
      unknown: 1,
    };
    expect(one(capability)?.extra).toEqual({ security_level: "standard", metadata: { a: 0 } });
  });

  test("the same name and version twice collapses to the last, two versions are both kept", () => {
    const built = build(
      { name: "x", description: "first" },
      { name: "x", version: "2.0.0" },
      { name: "x", version: "1.0.0", description: "last" },
    );
    expect(built.map(({ name, version, description }) => [name, version, description])).toEqual([
      ["x", "1.0.0", "last"],
      ["x", "2.0.0", null],
    ]);
  });

  test("an unchanged capability stays the same object; a changed one keeps id and creation time", () => {
    const stored = numbered(build({ name: "x", parameters: { a: 1, b: 2 } }, { name: "y" }, { name: "gone" }));
    const [x, y, z] = buildCapabilities(
      [{ name: "x", parameters: { b: 2, a: 1 } }, { name: "y", tags: ["new"] }, { name: "z" }],
      stored,
      LATER,
    );
    expect(x).toBe(stored[0] as CapabilityRecord);
    expect(y).toMatchObject({ id: 2, createdAtMs: NOW, updatedAtMs: LATER, tags: ["new"] });
    expect(z).toMatchObject({ id: 0, createdAtMs: LATER, updatedAtMs: LATER });
  });
});

describe("a capability's version", () => {
  const problemOf = (version: string) => capabilitiesProblem([{ name: "x", version }]);

  test.each([
    "1.0.0",
    "1.0.0-rc.1+build.5",
    "0.0.0-alpha",
    "2025.06.01",
    "01.02.03",
    "1.0.0-01",
    "00.0.0--",
    "1.0.0-007",
  ])("%s is taken, by SemVer or as the older registries took it", (version) => expect(problemOf(version)).toBeNull());

  test.each([
    "1.0",
    "v1.0.0",
    " 1.0.0",
    "1.0.0 ",
    "1.0.0\n",
    "1.0.0-",
    "2025.06.01+build",
    "01.0.0-a.b",
    "1.0.0-é",
    "١.٠.٠",
  ])("%j is refused", (version) => {
    expect(problemOf(version)).toBe(
      "capabilities[0].version: version must follow semantic versioning format (e.g., '1.0.0' or '1.0.0-alpha')",
    );
  });

  test("has at most 256 characters", () => {
    expect(problemOf(`01.0.0-${"x".repeat(249)}`)).toBeNull();
    expect(problemOf(`01.0.0-${"x".repeat(250)}`)).not.toBeNull();
  });
});

describe("mergeCapabilities", () => {
  const metadata = { capabilities: [{ name: "x" }, { name: "y", version: "1.0.0" }], tags: ["t"] };
  const base = buildRegistration({ agentId: "a", metadata, timestamp: "t" }, null, SETTINGS, NOW).record;
  const existing: AgentRecord = { ...base, capabilities: numbered(base.capabilities) };

  test("adds, replaces by name and version, and leaves the others alone", () => {
    const given = [{ name: "y", description: "better" }, { name: "y", version: "2.0.0" }, { name: "x" }];
    const merge = mergeCapabilities(existing, given, LATER);
    if (!merge.ok) throw new Error(merge.problem);
    expect(merge.updated).toBe(2);
    expect(
      merge.record.capabilities.map(({ id, name, version, description }) => [id, name, version, description]),
    ).toEqual([
      [1, "x", "1.0.0", null],
      [2, "y", "1.0.0", "better"],
      [0, "y", "2.0.0", null],
    ]);
    expect(merge.record.capabilities[0]).toBe(existing.capabilities[0] as CapabilityRecord);
    expect({ ...merge.record, capabilities: [], updatedAtMs: NOW }).toEqual({ ...existing, capabilities: [] });
    expect(merge.record.updatedAtMs).toBe(LATER);
  });

  test("what changes nothing leaves the record as it is", () => {
    expect(mergeCapabilities(existing, [{ name: "x" }], LATER)).toEqual({ ok: true, record: existing, updated: 0 });
    const merge = mergeCapabilities(existing, [], LATER);
    expect(merge.ok && merge.record).toBe(existing);
  });

  test("the rules of registration hold", () => {
    expect(mergeCapabilities(existing, [{ name: "1" }], LATER)).toEqual({
      ok: false,
      problem:
        "capabilities[0].name: capability name must start with a letter and contain only letters, numbers, underscores, and hyphens",
    });
  });

  test("an agent cannot grow beyond the bounds of a registration", () => {
    const many = Array.from({ length: 9999 }, (_, index) => ({ name: `n${index}` }));
    expect(mergeCapabilities(existing, many, LATER)).toEqual({
      ok: false,
      problem: "capabilities: capabilities cannot exceed 10000 entries",
    });
    const tags = Array.from({ length: 10_000 }, (_, index) => `t${index}`);
    expect(mergeCapabilities(existing, [{ name: "x", tags }], LATER)).toEqual({
      ok: false,
      problem: "tags: tags cannot exceed 10000 entries",
    });
  });

  test("merging twice is merging once", () => {
    const capability = fc.record(
      {
        name: fc.constantFrom("x", "y", "z"),
        version: fc.constantFrom("1.0.0", "2.0.0", null),
        tags: fc.jsonValue({ maxDepth: 1 }),
        metadata: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: ["name"] },
    );
    fc.assert(
      fc.property(fc.array(capability, { maxLength: 6 }), (given) => {
        const once = mergeCapabilities(existing, given, LATER);
        if (!once.ok) throw new Error(once.problem);
        expect(once.updated).toBeLessThanOrEqual(given.length);
        const kept = existing.capabilities.map(({ id }) => id);
        expect(once.record.capabilities.map(({ id }) => id).slice(0, kept.length)).toEqual(kept);
        expect(mergeCapabilities(once.record, given, LATER + 1)).toEqual({ ok: true, record: once.record, updated: 0 });
      }),
    );
  });
});

test("no list of capabilities makes the check throw", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (given) => {
      const problem = capabilitiesProblem(given);
      expect(problem === null || problem.startsWith("capabilities")).toBe(true);
    }),
  );
});
