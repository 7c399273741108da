import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, offering, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

describe("a heartbeat that changes nothing but time", () => {
  test("is 200 with exactly Go's fields and the agent's current version", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(30_000);
    const { status, body } = await registry.post("/heartbeat", { agent_id: "a" });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "success",
      timestamp: "2025-06-11T12:00:30Z",
      message: "Heartbeat recorded",
      agent_id: "a",
      resource_version: "1749643200000",
    });
  });

  test("moves last_heartbeat alone", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    const before = (await registry.get("/agents/a")).body;
    await clock.advance(30_000);
    await registry.post("/heartbeat", heartbeatBody("a", { load: 0.5, memory: 100 }));
    expect((await registry.get("/agents/a")).body).toEqual({
      ...before,
      last_heartbeat: "2025-06-11T12:00:30Z",
      last_seen: "2025-06-11T12:00:30Z",
    });
    expect((await registry.get("/agents")).body.resource_version).toBe(before.resource_version);
  });

  test("needs neither status nor metadata, and takes null and empty for `healthy`", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a"));
    for (const status of [undefined, null, "", "healthy"]) {
      for (const metadata of [undefined, null, {}]) {
        const answer = await registry.post("/heartbeat", { agent_id: "a", status, metadata });
        expect({ status, metadata, answered: answer.status }).toEqual({ status, metadata, answered: 200 });
        expect((await registry.get("/agents/a")).body.status).toBe("healthy");
      }
    }
  });
});

describe("a heartbeat that changes the record", () => {
  test("with another status takes a new version, and the status stays until the next heartbeat", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(1_000);
    const { status, body } = await registry.post("/heartbeat", heartbeatBody("a", {}, "degraded"));
    expect([status, body.resource_version]).toEqual([200, "1749643201000"]);
    await clock.advance(20_000);
    const agent = (await registry.get("/agents/a")).body;
    expect(agent).toMatchObject({ status: "degraded", health_status: "degraded", updated_at: "2025-06-11T12:00:01Z" });
    await registry.post("/heartbeat", heartbeatBody("a"));
    expect((await registry.get("/agents/a")).body.status).toBe("healthy");
  });

  test("may report anything up to 63 characters", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a"));
    for (const reported of ["degraded", "unhealthy", "unknown", "offline", "pending", "expired", "Wartung läuft"]) {
      expect((await registry.post("/heartbeat", heartbeatBody("a", {}, reported))).status).toBe(200);
      expect((await registry.get("/agents/a")).body.status).toBe(reported);
    }
    const long = await registry.post("/heartbeat", heartbeatBody("a", {}, "x".repeat(64)));
    expect([long.status, long.body.detail]).toEqual([400, "status cannot exceed 63 characters"]);
    expect((await registry.get("/agents/a")).body.status).toBe("Wartung läuft");
  });

  test("with an endpoint moves the agent there, and its transport in the same change", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    await registry.post(REGISTER, registrationBody("a"));
    const moved = await registry.post("/heartbeat", heartbeatBody("a", { endpoint: "http://10.0.0.9:8889" }));
    expect(moved.body.resource_version).toBe("1749643200001");
    const agent = (await registry.get("/agents/a")).body;
    expect(agent).toMatchObject({
      endpoint: "http://10.0.0.9:8889",
      transport: ["stdio", "http"],
      resource_version: "1749643200001",
    });
    // The next beat finds the record as it is, and beats without an endpoint leave it.
    for (const endpoint of ["http://10.0.0.9:8889", null, "", undefined]) {
      const { body } = await registry.post("/heartbeat", heartbeatBody("a", { endpoint }));
      expect(body.resource_version).toBe("1749643200001");
    }
    expect((await registry.get("/agents/a")).body).toEqual(agent);
  });

  test("keeps the transports that the agent named itself", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a", { transport: ["sse"] }));
    await registry.post("/heartbeat", heartbeatBody("a", { endpoint: "https://a.example" }));
    expect((await registry.get("/agents/a")).body.transport).toEqual(["sse", "http"]);
    await registry.post(REGISTER, registrationBody("b", { transport: ["http"] }));
    await registry.post("/heartbeat", heartbeatBody("b", { endpoint: "https://b.example" }));
    expect((await registry.get("/agents/b")).body.transport).toEqual(["http"]);
  });

  test("with what is no endpoint is an ordinary beat; the endpoint stays, and the log says why", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a", { endpoint: "http://10.0.0.1:1" }));
    const before = (await registry.get("/agents/a")).body;
    for (const endpoint of [
      "ftp://x",
      "http://",
      "http://a:port",
      "javascript:alert(1)",
      `http://${"x".repeat(3_000)}`,
    ]) {
      const { status } = await registry.post("/heartbeat", heartbeatBody("a", { endpoint }));
      expect({ endpoint, status }).toEqual({ endpoint, status: 200 });
    }
    for (const endpoint of [5, true, {}, ["http://x"]]) {
      expect((await registry.post("/heartbeat", heartbeatBody("a", { endpoint }))).status).toBe(200);
    }
    const { endpoint, transport, resource_version } = (await registry.get("/agents/a")).body;
    expect({ endpoint, transport, resource_version }).toEqual({
      endpoint: before.endpoint,
      transport: before.transport,
      resource_version: before.resource_version,
    });
    expect(registry.logged.filter(({ level }) => level === "warn").map(({ text }) => text)).toContain(
      "Heartbeat of agent a: endpoint ignored: endpoint must be a valid HTTP/HTTPS URL or stdio:// protocol",
    );
    for (const { text } of registry.logged) expect(text.length).toBeLessThan(1_000);
  });
});

describe("the other heartbeat paths", () => {
  test("POST /agents/heartbeat is a heartbeat of agent_name", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(10_000);
    const { status, body } = await registry.post("/agents/heartbeat", {
      ...{ agent_name: "a", status: "degraded", capabilities: ["x"], timestamp: "2025-06-08", checks: {}, errors: [] },
      ...{ uptime_seconds: 12.5, version: "1.0.0", metadata: { endpoint: "http://10.0.0.9:1" } },
    });
    expect([status, body.agent_id, body.message]).toEqual([200, "a", "Heartbeat recorded"]);
    expect((await registry.get("/agents/a")).body).toMatchObject({
      status: "degraded",
      endpoint: "http://10.0.0.9:1",
      last_heartbeat: "2025-06-11T12:00:10Z",
    });
    expect((await registry.post("/agents/heartbeat", { agent_name: "b" })).body.detail).toBe("Agent b not found");
  });

  test("POST /agents/{id}/health is a heartbeat of the agent in the path, whatever the body calls it", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("my agent"));
    await clock.advance(10_000);
    const { status, body } = await registry.post("/agents/my%20agent/health", {
      agent_id: "somebody else",
      health_data: { load: 1, endpoint: "http://10.0.0.9:1" },
      timestamp: "2025-06-08T10:00:00",
    });
    expect([status, body.agent_id]).toEqual([200, "my agent"]);
    expect((await registry.get("/agents/my%20agent")).body).toMatchObject({
      endpoint: "http://10.0.0.9:1",
      last_heartbeat: "2025-06-11T12:00:10Z",
    });
    expect((await registry.post("/agents/unknown/health", {})).body.detail).toBe("Agent unknown not found");
  });
});

describe("dependencies", () => {
  test("are resolved in the answer to registration and heartbeat, with exactly three fields each", async () => {
    await using registry = await startHttpRegistry();
    const needs = registrationBody("caller", { dependencies: ["date", "weather"] });
    expect((await registry.post(REGISTER, needs)).body.dependencies_resolved).toEqual({ date: null, weather: null });
    await registry.post(REGISTER, registrationBody("clock", offering("date")));
    const resolved = {
      date: { agent_id: "clock", endpoint: "http://10.0.0.7:9001", status: "healthy" },
      weather: null,
    };
    expect((await registry.post("/heartbeat", heartbeatBody("caller"))).body.dependencies_resolved).toEqual(resolved);
    expect((await registry.post(REGISTER, needs)).body.dependencies_resolved).toEqual(resolved);
  });

  test("that are none leave the key out", async () => {
    await using registry = await startHttpRegistry();
    const registered = await registry.post(REGISTER, registrationBody("a", { dependencies: [] }));
    const beaten = await registry.post("/heartbeat", heartbeatBody("a"));
    expect(Object.hasOwn(registered.body, "dependencies_resolved")).toBe(false);
    expect(Object.hasOwn(beaten.body, "dependencies_resolved")).toBe(false);
  });
});

describe("a heartbeat of nobody", () => {
  test("is 404 with the id as it was sent", async () => {
    await using registry = await startHttpRegistry();
    for (const id of ["x", "My_Agent", "größe", "a/b", "a b", "x".repeat(253)]) {
      const { status, body } = await registry.post("/heartbeat", heartbeatBody(id));
      expect({ status, body }).toEqual({
        status: 404,
        body: { detail: `Agent ${id} not found`, error: `Agent ${id} not found` },
      });
    }
    expect((await registry.get("/agents")).body.count).toBe(0);
  });

  test("with an endless or unprintable id gets it back cut and escaped", async () => {
    await using registry = await startHttpRegistry();
    const long = "y".repeat(3 * 1024 * 1024);
    const cut = `Agent ${"y".repeat(253)}... not found`;
    expect((await registry.post("/heartbeat", heartbeatBody(long))).body.detail).toBe(cut);
    expect((await registry.post("/agents/heartbeat", { agent_name: long })).body.detail).toBe(cut);
    const { warning } = (await registry.post("/agents/register_capabilities", { agent_id: long, capabilities: [] }))
      .body;
    expect(warning).toBe(`Nothing stored: ${cut}`);
    const escaped = await registry.post("/heartbeat", heartbeatBody("line\r\nbreak\u001b[31m"));
    expect(escaped.body.detail).toBe("Agent line\\u000d\\u000abreak\\u001b[31m not found");
    const adoptable = { agent_name: "not.valid", capabilities: ["x"] };
    await registry.post("/heartbeat", heartbeatBody(long, adoptable));
    const lines = registry.logged.map(({ text }) => text);
    expect(lines.some((text) => text.includes("not adopted"))).toBe(true);
    expect(Math.max(...lines.map((text) => text.length))).toBeLessThan(1_000);
  });
});
