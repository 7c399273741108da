import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { PYTHON_REGISTRATION, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

describe("registering an agent", () => {
  test("is 201 with exactly Go's fields, and the agent can be read back whole", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    const { status, body } = await registry.post(REGISTER, PYTHON_REGISTRATION);
    expect(status).toBe(201);
    expect(body).toEqual({
      status: "success",
      agent_id: "greet_from_mcp_mesh",
      resource_version: "1749643200000",
      timestamp: "2025-06-11T12:00:00Z",
      message: "Agent registered successfully",
      dependencies_resolved: { SystemAgent_getDate: null },
    });
    expect((await registry.get("/agents/greet_from_mcp_mesh")).body).toEqual({
      id: "greet_from_mcp_mesh",
      agent_id: "greet_from_mcp_mesh",
      name: "greet-from-mcp-mesh",
      namespace: "default",
      endpoint: "stdio://greet_from_mcp_mesh",
      status: "healthy",
      health_status: "healthy",
      labels: {},
      annotations: {
        registered_via: "register_with_metadata",
        timestamp: "2025-06-11T14:03:22.480121+00:00",
        original_name: "greet_from_mcp_mesh",
        original_agent_type: "mesh_agent",
        original_endpoint: "stdio://greet_from_mcp_mesh",
      },
      created_at: "2025-06-11T12:00:00Z",
      updated_at: "2025-06-11T12:00:00Z",
      resource_version: "1749643200000",
      last_heartbeat: "2025-06-11T12:00:00Z",
      last_seen: "2025-06-11T12:00:00Z",
      health_interval: 30,
      timeout_threshold: 60,
      eviction_threshold: 120,
      agent_type: "mesh-agent",
      config: { function_name: "greet_from_mcp_mesh", processor_version: "1.0.0" },
      security_context: null,
      dependencies: ["SystemAgent_getDate"],
      capabilities: [
        {
          id: 1,
          name: "greeting",
          version: "1.0.0",
          description: null,
          created_at: "2025-06-11T12:00:00Z",
          updated_at: "2025-06-11T12:00:00Z",
          parameters_schema: {},
          security_requirements: ["standard"],
          tags: ["demo"],
          category: null,
          stability: "stable",
          compatibility_versions: [],
          security_level: "standard",
          metadata: { function_name: "greet_from_mcp_mesh", decorator_type: "mesh_agent" },
        },
      ],
      version: "1.0.0",
      description: null,
      tags: ["demo"],
      transport: ["stdio"],
      lifecycle_status: "active",
    });
  });

  test("with nothing but what is required gives every field its default", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    const { body } = await registry.post(REGISTER, { agent_id: "Plain_Agent", metadata: {}, timestamp: "t0" });
    expect(body).toEqual({
      status: "success",
      agent_id: "Plain_Agent",
      resource_version: "1749643200000",
      timestamp: "2025-06-11T12:00:00Z",
      message: "Agent registered successfully",
    });
    expect((await registry.get("/agents/Plain_Agent")).body).toMatchObject({
      id: "Plain_Agent",
      name: "plain-agent",
      namespace: "default",
      endpoint: "stdio://plain-agent",
      labels: {},
      annotations: {
        registered_via: "register_with_metadata",
        timestamp: "t0",
        original_name: "Plain_Agent",
        original_agent_type: "mesh_agent",
        original_endpoint: "stdio://Plain_Agent",
      },
      agent_type: "mesh-agent",
      config: {},
      security_context: null,
      dependencies: [],
      capabilities: [],
      version: "1.0.0",
      description: null,
      tags: [],
      transport: ["stdio"],
    });
  });

  test("keeps everything it says of itself", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(
      REGISTER,
      registrationBody("full", {
        name: "Full Agent",
        agent_type: "File_Agent",
        namespace: "team-a",
        endpoint: "https://full.example:8443/mcp",
        tags: { zone: "a", env: "dev" },
        labels: { env: "prod", replicas: 3, canary: true, nothing: null },
        annotations: { note: "kept", registered_via: "somewhere else" },
        dependencies: ["date", 5, null, "time"],
        security_context: "high",
        version: "2.1.0",
        description: "does it all",
        metadata: { deep: { er: [1] } },
        capabilities: [
          {
            name: "read",
            version: "1.2.3",
            description: "",
            input_schema: { type: "object" },
            parameters: { ignored: true },
            security_requirements: [{ role: "reader" }],
            category: "files",
            stability: "beta",
            tags: ["io", "fast"],
            compatibility_versions: ["1.1.0"],
            parent_capabilities: ["storage"],
            performance_metrics: { p99: 5 },
            resource_requirements: {},
          },
        ],
      }),
    );
    const { body } = await registry.get("/agents/full");
    expect(body).toMatchObject({
      name: "full-agent",
      agent_type: "file-agent",
      namespace: "team-a",
      endpoint: "https://full.example:8443/mcp",
      labels: { zone: "a", env: "prod", replicas: "3", canary: "true" },
      tags: [],
      dependencies: ["date", "time"],
      security_context: "high",
      version: "2.1.0",
      description: "does it all",
      config: { deep: { er: [1] } },
      transport: ["stdio", "http"],
      timeout_threshold: 90,
      eviction_threshold: 180,
    });
    expect(body.annotations).toMatchObject({ note: "kept", registered_via: "register_with_metadata" });
    const { id: _id, created_at: _created, updated_at: _updated, ...capability } = body.capabilities[0];
    expect(capability).toEqual({
      name: "read",
      version: "1.2.3",
      description: null,
      parameters_schema: { type: "object" },
      security_requirements: [{ role: "reader" }],
      tags: ["io", "fast"],
      category: "files",
      stability: "beta",
      compatibility_versions: ["1.1.0"],
      parent_capabilities: ["storage"],
      performance_metrics: { p99: 5 },
    });
  });

  test("gives names and types their normal form, and leaves the id as it is", async () => {
    await using registry = await startHttpRegistry();
    for (const [given, normal] of [
      ["Test_Agent X", "test-agent-x"],
      ["__a--b__", "a-b"],
      ["___", "agent"],
      ["MyAgent", "myagent"],
    ] as const) {
      await registry.post(REGISTER, registrationBody(given, { agent_type: given }));
      const { body } = await registry.get(`/agents/${encodeURIComponent(given)}`);
      expect(body).toMatchObject({ id: given, agent_id: given, name: normal, agent_type: normal });
    }
  });

  test("collapses the same capability given twice to the last, and keeps two versions of one name", async () => {
    await using registry = await startHttpRegistry();
    const capabilities = [
      { name: "sum", version: "1.0.0", description: "first" },
      { name: "sum", version: "2.0.0" },
      { name: "sum", version: "1.0.0", description: "last" },
    ];
    expect((await registry.post(REGISTER, registrationBody("a", { capabilities }))).status).toBe(201);
    const { body } = await registry.get("/agents/a");
    expect(
      body.capabilities.map(({ version, description }: Record<string, unknown>) => [version, description]),
    ).toEqual([
      ["1.0.0", "last"],
      ["2.0.0", null],
    ]);
  });
});

describe("warnings", () => {
  test("name an interval that is not shorter than the timeout, and are left out otherwise", async () => {
    await using registry = await startHttpRegistry();
    const warned = async (metadata: Record<string, unknown>) =>
      (await registry.post(REGISTER, registrationBody("a", metadata))).body.warnings;
    expect(await warned({ health_interval: 59 })).toBeUndefined();
    expect(await warned({ health_interval: 60 })).toHaveLength(1);
    expect((await warned({ health_interval: 60 }))[0]).toContain("health_interval (60 s) is not shorter than");
    expect(await warned({ health_interval: 30, timeout_threshold: 20 })).toHaveLength(1);
  });

  test("say what a high-security agent lacks; `strict` refuses it, `off` says nothing", async () => {
    const text = "High security context requires capabilities: {'audit', 'authentication', 'authorization'}";
    const lacking = registrationBody("a", { security_context: "high_security", capabilities: [{ name: "audit" }] });
    const complete = registrationBody("a", {
      security_context: "high_security",
      capabilities: [{ name: "audit" }, { name: "authentication" }, { name: "authorization" }],
    });
    const answers = async (environment: Record<string, string>) => {
      await using registry = await startHttpRegistry({ environment });
      const incomplete = await registry.post(REGISTER, lacking);
      const fine = await registry.post(REGISTER, complete);
      const other = await registry.post(REGISTER, registrationBody("b", { security_context: "anything else" }));
      expect([fine.status, fine.body.warnings, other.status, other.body.warnings]).toEqual([
        201,
        undefined,
        201,
        undefined,
      ]);
      return [incomplete.status, incomplete.body.warnings ?? incomplete.body.detail];
    };
    expect(await answers({})).toEqual([201, [text]]);
    expect(await answers({ SECURITY_CONTEXT_ENFORCEMENT: "off" })).toEqual([201, undefined]);
    expect(await answers({ SECURITY_CONTEXT_ENFORCEMENT: "strict" })).toEqual([
      400,
      `Failed to register agent: validation failed: security_context: ${text}`,
    ]);
  });
});

test("POST /agents/register takes what an older client sends", async () => {
  await using registry = await startHttpRegistry({ clock: new ManualClock() });
  const { status, body } = await registry.post("/agents/register", {
    agent_name: "Old_Agent",
    capabilities: ["greeting", "date"],
    dependencies: ["weather"],
    security_context: "internal",
    timestamp: "2025-06-08T10:00:00",
  });
  expect(status).toBe(201);
  expect(body).toEqual({
    status: "success",
    agent_id: "Old_Agent",
    resource_version: "1749643200000",
    timestamp: "2025-06-11T12:00:00Z",
    message: "Agent registered successfully",
    dependencies_resolved: { weather: null },
  });
  const agent = (await registry.get("/agents/Old_Agent")).body;
  expect(agent).toMatchObject({ name: "old-agent", security_context: "internal", dependencies: ["weather"] });
  expect(agent.capabilities.map(({ name, version }: Record<string, string>) => [name, version])).toEqual([
    ["greeting", "1.0.0"],
    ["date", "1.0.0"],
  ]);
});

test("an acknowledged registration is there after a restart, whole", async () => {
  await using database = await temporaryDatabase();
  const environment = { DATABASE_URL: database.path };
  const clock = new ManualClock();
  const before = await startHttpRegistry({ environment, clock });
  await before.post(REGISTER, PYTHON_REGISTRATION);
  const agent = (await before.get("/agents/greet_from_mcp_mesh")).body;
  await before.stop();
  await using after = await startHttpRegistry({ environment, clock });
  expect((await after.get("/agents/greet_from_mcp_mesh")).body).toEqual(agent);
});
