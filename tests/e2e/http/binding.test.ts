import { describe, expect, test } from "bun:test";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

/** Sends each body and expects 400 with the text beside it. */
async function expectRefused(registry: HttpRegistry, path: string, cases: readonly (readonly [unknown, string])[]) {
  for (const [given, detail] of cases) {
    const { status, body } = await registry.post(path, given);
    expect({ given, status, body }).toEqual({ given, status: 400, body: { detail, error: detail } });
  }
}

const missing = (struct: string, field: string) =>
  `Key: '${struct}.${field}' Error:Field validation for '${field}' failed on the 'required' tag`;

describe("a registration's body", () => {
  const [noId, noMetadata, noTimestamp] = ["AgentID", "Metadata", "Timestamp"].map((field) =>
    missing("AgentRegistrationRequest", field),
  );
  const complete = registrationBody("a");

  test("must have its required fields; null and empty texts are missing", async () => {
    await using registry = await startHttpRegistry();
    await expectRefused(registry, REGISTER, [
      [{ ...complete, agent_id: undefined }, `${noId}`],
      [{ ...complete, agent_id: null }, `${noId}`],
      [{ ...complete, agent_id: "" }, `${noId}`],
      [{ ...complete, metadata: undefined }, `${noMetadata}`],
      [{ ...complete, metadata: null }, `${noMetadata}`],
      [{ ...complete, timestamp: "" }, `${noTimestamp}`],
      [{}, `${noId}\n${noMetadata}\n${noTimestamp}`],
      [{ metadata: {} }, `${noId}\n${noTimestamp}`],
      [null, `${noId}\n${noMetadata}\n${noTimestamp}`],
    ]);
    expect((await registry.post(REGISTER, complete)).status).toBe(201);
  });

  test("must have the right types", async () => {
    await using registry = await startHttpRegistry();
    const text = (type: string, field: string) =>
      `json: cannot unmarshal ${type} into Go struct field AgentRegistrationRequest.${field} of type string`;
    const object = (type: string) =>
      `json: cannot unmarshal ${type} into Go struct field AgentRegistrationRequest.metadata of type map[string]interface {}`;
    await expectRefused(registry, REGISTER, [
      [{ ...complete, agent_id: 5 }, text("number", "agent_id")],
      [{ ...complete, agent_id: true }, text("bool", "agent_id")],
      [{ ...complete, agent_id: ["a"] }, text("array", "agent_id")],
      [{ ...complete, agent_id: {} }, text("object", "agent_id")],
      [{ ...complete, timestamp: 1.5 }, text("number", "timestamp")],
      [{ ...complete, metadata: "x" }, object("string")],
      [{ ...complete, metadata: [] }, object("array")],
      [{ ...complete, metadata: 0 }, object("number")],
      [{ ...complete, metadata: false }, object("bool")],
      ["[]", "json: cannot unmarshal array into Go value of type registry.AgentRegistrationRequest"],
      ['"text"', "json: cannot unmarshal string into Go value of type registry.AgentRegistrationRequest"],
      ["17", "json: cannot unmarshal number into Go value of type registry.AgentRegistrationRequest"],
    ]);
  });

  test("must be JSON", async () => {
    await using registry = await startHttpRegistry();
    await expectRefused(registry, REGISTER, [["", "EOF"]]);
    for (const text of ["{", "{]", "not json", "{'agent_id':'a'}", '{"agent_id":"a",}', '{"a":NaN}', "{}{}"]) {
      const { status, body } = await registry.post(REGISTER, text);
      expect({ text, status }).toEqual({ text, status: 400 });
      expect(body.detail).not.toBe("");
    }
  });

  test("may hold fields nobody knows", async () => {
    await using registry = await startHttpRegistry();
    const body = { ...registrationBody("a", { retry_attempts: 3, enable_caching: true }), extra: [1, 2] };
    expect((await registry.post(REGISTER, body)).status).toBe(201);
  });
});

test("a heartbeat's body is held to the same rules", async () => {
  await using registry = await startHttpRegistry();
  await expectRefused(registry, "/heartbeat", [
    ["", "EOF"],
    [{}, missing("HeartbeatRequest", "AgentID")],
    [{ agent_id: "" }, missing("HeartbeatRequest", "AgentID")],
    [{ agent_id: 7 }, "json: cannot unmarshal number into Go struct field HeartbeatRequest.agent_id of type string"],
    [
      { agent_id: "a", status: 1 },
      "json: cannot unmarshal number into Go struct field HeartbeatRequest.status of type string",
    ],
    [
      { agent_id: "a", metadata: "x" },
      "json: cannot unmarshal string into Go struct field HeartbeatRequest.metadata of type map[string]interface {}",
    ],
  ]);
  await expectRefused(registry, "/agents/heartbeat", [[{}, missing("AgentHeartbeatRequest", "AgentName")]]);
  await expectRefused(registry, "/agents/register", [
    [{}, `${missing("LegacyRegistrationRequest", "AgentName")}\n${missing("LegacyRegistrationRequest", "Timestamp")}`],
  ]);
});

describe("a registration that breaks a rule", () => {
  const name = "must contain only lowercase alphanumeric characters and hyphens";
  const capabilityName =
    "capability name must start with a letter and contain only letters, numbers, underscores, and hyphens";
  const version = "version must follow semantic versioning format (e.g., '1.0.0' or '1.0.0-alpha')";
  const withCapability = (capability: unknown) => ({ capabilities: [{ name: "fine" }, capability] });

  const cases: readonly (readonly [string, unknown, string])[] = [
    ["x".repeat(254), {}, "agent_id: agent_id cannot exceed 253 characters"],
    ["my.agent", {}, `agent_id: agent_id ${name}`],
    ["a/b", {}, `agent_id: agent_id ${name}`],
    ["größe", {}, `agent_id: agent_id ${name}`],
    ["a", { name: "" }, "name: name cannot be empty"],
    ["a", { name: "n".repeat(64) }, "name: name cannot exceed 63 characters"],
    ["a", { name: "my.name" }, `name: name ${name}`],
    ["a", { namespace: "" }, "namespace: namespace cannot be empty"],
    ["a", { namespace: "n".repeat(64) }, "namespace: namespace cannot exceed 63 characters"],
    ["a", { namespace: "Prod" }, `namespace: namespace ${name}`],
    ["a", { namespace: "team_a" }, `namespace: namespace ${name}`],
    ["a", { endpoint: "ftp://host" }, "endpoint: endpoint must be a valid HTTP/HTTPS URL or stdio:// protocol"],
    ["a", { endpoint: "10.0.0.1:80" }, "endpoint: endpoint must be a valid HTTP/HTTPS URL or stdio:// protocol"],
    ["a", { endpoint: "http://" }, "endpoint: endpoint must include a valid host"],
    [
      "a",
      { endpoint: "http://host:port" },
      'endpoint: endpoint must be a valid URL: parse "http://host:port": invalid port ":port" after host',
    ],
    ["a", { capabilities: "greeting" }, "capabilities: capabilities must be an array"],
    ["a", { capabilities: {} }, "capabilities: capabilities must be an array"],
    ["a", withCapability("greeting"), "capabilities[1]: capability must be an object"],
    ["a", withCapability(null), "capabilities[1]: capability must be an object"],
    ["a", withCapability({}), "capabilities[1].name: capability name is required"],
    ["a", withCapability({ name: null }), "capabilities[1].name: capability name is required"],
    ["a", withCapability({ name: 5 }), "capabilities[1].name: capability name must be a string"],
    ["a", withCapability({ name: "" }), "capabilities[1].name: capability name cannot be empty"],
    [
      "a",
      withCapability({ name: "n".repeat(101) }),
      "capabilities[1].name: capability name cannot exceed 100 characters",
    ],
    ["a", withCapability({ name: "2fast" }), `capabilities[1].name: ${capabilityName}`],
    ["a", withCapability({ name: "a.b" }), `capabilities[1].name: ${capabilityName}`],
    ["a", withCapability({ name: "n", version: 1 }), "capabilities[1].version: capability version must be a string"],
    ["a", withCapability({ name: "n", version: "" }), "capabilities[1].version: version cannot be empty"],
    ["a", withCapability({ name: "n", version: "1.0" }), `capabilities[1].version: ${version}`],
    ["a", withCapability({ name: "n", version: "v1.0.0" }), `capabilities[1].version: ${version}`],
    [
      "a",
      withCapability({ name: "n", description: 5 }),
      "capabilities[1].description: capability description must be a string",
    ],
    ["a", { health_interval: "30" }, "health_interval: health_interval must be a number"],
    ["a", { health_interval: 0 }, "health_interval: health_interval must be between 1 and 3600 seconds"],
    ["a", { health_interval: 3600.5 }, "health_interval: health_interval must be between 1 and 3600 seconds"],
    ["a", { timeout_threshold: true }, "timeout_threshold: timeout_threshold must be a number"],
    ["a", { timeout_threshold: 7201 }, "timeout_threshold: timeout_threshold must be between 1 and 7200 seconds"],
    ["a", { eviction_threshold: [] }, "eviction_threshold: eviction_threshold must be a number"],
    ["a", { eviction_threshold: -1 }, "eviction_threshold: eviction_threshold must be between 1 and 14400 seconds"],
    ["a", { name: "", namespace: "", capabilities: 1 }, "name: name cannot be empty"],
  ];

  test("is 400 with Go's text for the first rule, and stores nothing", async () => {
    await using registry = await startHttpRegistry();
    await expectRefused(
      registry,
      REGISTER,
      cases.map(([id, metadata, text]) => [
        registrationBody(id, metadata as Record<string, unknown>),
        `Failed to register agent: validation failed: ${text}`,
      ]),
    );
    expect((await registry.get("/agents")).body.count).toBe(0);
  });
});

describe("a registration at the edge of a rule is taken", () => {
  const cases: readonly (readonly [string, Record<string, unknown>])[] = [
    ["x".repeat(253), {}],
    ["SystemAgent_getDate", {}],
    ["weather agent", {}],
    ["a", { name: "n".repeat(63), namespace: "n".repeat(63) }],
    ["a", { endpoint: "stdio://anything at all" }],
    ["a", { endpoint: "https://[2001:db8::1]:8443/path?x=1" }],
    ["a", { endpoint: "" }],
    ["a", { capabilities: [{ name: "n".repeat(100), version: "1.0.0-alpha.1+build.5" }] }],
    ["a", { capabilities: [{ name: "dated", version: "2025.06.01" }] }],
    ["a", { health_interval: 1, timeout_threshold: 1, eviction_threshold: 1 }],
    ["a", { health_interval: 3600, timeout_threshold: 7200, eviction_threshold: 14_400 }],
    ["a", { health_interval: 15.5, timeout_threshold: 30.9 }],
    // Checked only where they are texts.
    ["a", { name: 5, namespace: ["x"], endpoint: 7, agent_type: false }],
  ];

  test.each(cases)("%s %j", async (id, metadata) => {
    await using registry = await startHttpRegistry();
    expect((await registry.post(REGISTER, registrationBody(id, metadata))).status).toBe(201);
    expect((await registry.get(`/agents/${encodeURIComponent(id)}`)).body.id).toBe(id);
  });

  test("and null counts as absent in every optional field", async () => {
    await using registry = await startHttpRegistry();
    const names = [
      ...["name", "agent_type", "namespace", "endpoint", "capabilities", "dependencies", "health_interval"],
      ...["timeout_threshold", "eviction_threshold", "security_context", "tags", "metadata", "labels", "annotations"],
      ...["version", "description", "transport", "performance_profile", "resource_requirements", "resource_version"],
    ];
    const nulls = Object.fromEntries(names.map((field) => [field, null]));
    const capability = {
      ...{ name: "greeting", version: null, description: null, parameters: null, tags: null, category: null },
      ...{ stability: null, compatibility_versions: null, security_requirements: null, metadata: null },
    };
    expect((await registry.post(REGISTER, registrationBody("a", nulls))).status).toBe(201);
    const second = registrationBody("b", { ...nulls, capabilities: [capability] });
    expect((await registry.post(REGISTER, second)).status).toBe(201);
    const { body } = await registry.get("/agents/b");
    expect(body).toMatchObject({ name: "b", namespace: "default", health_interval: 30, version: "1.0.0" });
    expect(body.capabilities[0]).toMatchObject({ version: "1.0.0", description: null, stability: "stable", tags: [] });
  });
});
