import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

/** The beat of an existing Python agent (agents 1.4): it names its capabilities, and never registers twice. */
const PYTHON_BEAT = {
  agent_id: "greet_from_mcp_mesh",
  status: "healthy",
  metadata: {
    ...{
      capabilities: ["greeting", "farewell"],
      timestamp: "2025-06-11T14:03:52.903217+00:00",
      checks: {},
      errors: [],
    },
    ...{ uptime_seconds: 0, version: "1.2.0", capability: "greeting", health_interval: 45 },
    ...{ dependencies: ["SystemAgent_getDate"], registry_url: null, agent_name: "Greeter_Agent" },
    ...{ security_context: null, timeout: 30, description: "Greets", endpoint: "http://10.0.0.9:8889", tags: ["demo"] },
    ...{
      performance_profile: {},
      enable_http: true,
      function_name: "greet",
      transport: ["stdio", "http"],
      team: "data",
    },
  },
};

describe("a heartbeat of an unknown agent that says enough", () => {
  test("registers it under its agent_name", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    const { status, body } = await registry.post("/heartbeat", PYTHON_BEAT);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "success",
      timestamp: "2025-06-11T12:00:00Z",
      message: "Heartbeat recorded",
      agent_id: "Greeter_Agent",
      resource_version: "1749643200000",
      dependencies_resolved: { SystemAgent_getDate: null },
    });
    const agent = (await registry.get("/agents/Greeter_Agent")).body;
    expect(agent).toMatchObject({
      id: "Greeter_Agent",
      name: "greeter-agent",
      status: "healthy",
      endpoint: "http://10.0.0.9:8889",
      health_interval: 45,
      dependencies: ["SystemAgent_getDate"],
      tags: ["demo"],
      last_heartbeat: "2025-06-11T12:00:00Z",
    });
    expect(
      agent.capabilities.map(({ name, version, description, tags }: Record<string, unknown>) => ({
        ...{ name, version, description, tags },
      })),
    ).toEqual([
      { name: "greeting", version: "1.2.0", description: "Greets", tags: ["demo"] },
      { name: "farewell", version: "1.2.0", description: "Greets", tags: ["demo"] },
    ]);
  });

  test("counts for the agent from then on, under both names", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post("/heartbeat", PYTHON_BEAT);
    await clock.advance(30_000);
    const again = await registry.post("/heartbeat", PYTHON_BEAT);
    expect([again.status, again.body.agent_id, again.body.resource_version]).toEqual([
      200,
      "Greeter_Agent",
      "1749643200000",
    ]);
    expect((await registry.get("/agents")).body.agents).toHaveLength(1);
    expect((await registry.get("/agents/Greeter_Agent")).body.last_heartbeat).toBe("2025-06-11T12:00:30Z");
  });

  test("is adopted from the oldest agents' path as well", async () => {
    await using registry = await startHttpRegistry();
    const body = { agent_name: "old-agent", status: "healthy", capabilities: ["date"], version: "1.0.0", metadata: {} };
    expect((await registry.post("/agents/heartbeat", body)).status).toBe(200);
    expect((await registry.get("/agents/old-agent")).body.capabilities[0].name).toBe("date");
  });

  test("takes capabilities that are objects as they are", async () => {
    await using registry = await startHttpRegistry();
    const capabilities = [{ name: "date", version: "3.0.0", category: "time" }];
    await registry.post("/heartbeat", heartbeatBody("a", { agent_name: "a", capabilities, version: "1.0.0" }));
    expect((await registry.get("/agents/a")).body.capabilities[0]).toMatchObject({
      version: "3.0.0",
      category: "time",
    });
  });

  test("is one registration when many beats arrive together", async () => {
    await using registry = await startHttpRegistry();
    const answers = await Promise.all(Array.from({ length: 20 }, () => registry.post("/heartbeat", PYTHON_BEAT)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.agent_id}`))).toEqual(
      new Set(["200 Greeter_Agent"]),
    );
    expect((await registry.get("/metrics")).body).toMatchObject({
      total_agents: 1,
      adoptions_processed: 1,
      heartbeats_processed: 20,
    });
  });
});

test("a heartbeat whose agent_id is unknown counts for a registered agent_name", async () => {
  const clock = new ManualClock();
  await using registry = await startHttpRegistry({ clock });
  await registry.post(REGISTER, registrationBody("weather-agent"));
  await clock.advance(10_000);
  const { status, body } = await registry.post(
    "/heartbeat",
    heartbeatBody("get_weather", { agent_name: "weather-agent", endpoint: "http://10.0.0.9:1" }),
  );
  expect([status, body.agent_id]).toEqual([200, "weather-agent"]);
  expect((await registry.get("/agents")).body.agents).toHaveLength(1);
  expect((await registry.get("/agents/weather-agent")).body).toMatchObject({
    endpoint: "http://10.0.0.9:1",
    last_heartbeat: "2025-06-11T12:00:10Z",
  });
});

describe("a heartbeat of an unknown agent is 404", () => {
  const refused: readonly (readonly [string, Record<string, unknown>])[] = [
    ["without metadata", {}],
    ["without agent_name", { capabilities: ["x"] }],
    ["with an empty agent_name", { agent_name: "", capabilities: ["x"] }],
    ["with an agent_name that is no text", { agent_name: 5, capabilities: ["x"] }],
    ["without capabilities", { agent_name: "a" }],
    ["with no capability", { agent_name: "a", capabilities: [] }],
    ["with capabilities that are no list", { agent_name: "a", capabilities: "x" }],
    ["with an agent_name that could not register", { agent_name: "a.b", capabilities: ["x"] }],
    ["with a capability that could not register", { agent_name: "a", capabilities: ["9 lives"] }],
    ["with an endpoint that could not register", { agent_name: "a", capabilities: ["x"], endpoint: "ftp://x" }],
    ["with an interval that could not register", { agent_name: "a", capabilities: ["x"], health_interval: 0 }],
  ];

  test.each(refused)("%s", async (_, metadata) => {
    await using registry = await startHttpRegistry();
    const { status, body } = await registry.post("/heartbeat", heartbeatBody("fn", metadata));
    expect([status, body.detail]).toEqual([404, "Agent fn not found"]);
    expect((await registry.get("/agents")).body.count).toBe(0);
  });

  test("with HEARTBEAT_ADOPTION=false, though one that names a registered agent still counts for it", async () => {
    await using registry = await startHttpRegistry({ environment: { HEARTBEAT_ADOPTION: "false" } });
    const refusal = await registry.post("/heartbeat", PYTHON_BEAT);
    expect([refusal.status, refusal.body.detail]).toEqual([404, "Agent greet_from_mcp_mesh not found"]);
    await registry.post(REGISTER, registrationBody("Greeter_Agent"));
    expect((await registry.post("/heartbeat", PYTHON_BEAT)).body.agent_id).toBe("Greeter_Agent");
  });
});

describe("a deleted agent", () => {
  test("is not adopted for 24 hours, under either name, and then is", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post("/heartbeat", PYTHON_BEAT);
    await registry.fetch("/agents/Greeter_Agent", { method: "DELETE" });
    const beats = [PYTHON_BEAT, { ...PYTHON_BEAT, agent_id: "Greeter_Agent" }];
    for (const beat of beats) expect((await registry.post("/heartbeat", beat)).status).toBe(404);
    // A day of timers takes long, and a tombstone's age is wall time. Retention removes it, every five minutes.
    clock.setWall(clock.nowMs() + 24 * 3_600_000 - 300_001);
    await clock.advance(300_000);
    for (const beat of beats) expect((await registry.post("/heartbeat", beat)).status).toBe(404);
    await clock.advance(300_000);
    expect((await registry.post("/heartbeat", PYTHON_BEAT)).status).toBe(200);
  });

  test("does not come back under another name either", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a"));
    await registry.fetch("/agents/a", { method: "DELETE" });
    const renamed = heartbeatBody("a", { agent_name: "never-seen", capabilities: ["skill"] });
    expect((await registry.post("/heartbeat", renamed)).status).toBe(404);
    expect((await registry.get("/agents")).body.count).toBe(0);
  });

  test("comes back at once by registering, and may be adopted again after that", async () => {
    await using registry = await startHttpRegistry();
    await registry.post("/heartbeat", PYTHON_BEAT);
    await registry.fetch("/agents/Greeter_Agent", { method: "DELETE" });
    expect((await registry.post(REGISTER, registrationBody("Greeter_Agent"))).status).toBe(201);
    expect((await registry.post("/heartbeat", PYTHON_BEAT)).body.agent_id).toBe("Greeter_Agent");
  });
});
