import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

const statusOf = async (registry: HttpRegistry, id = "a"): Promise<string> =>
  (await registry.get(`/agents/${id}`)).body.status;

const thresholdsOf = async (registry: HttpRegistry, metadata: Record<string, unknown>): Promise<number[]> => {
  await registry.post(REGISTER, registrationBody("a", metadata));
  const { timeout_threshold, eviction_threshold } = (await registry.get("/agents/a")).body;
  return [timeout_threshold, eviction_threshold];
};

describe("thresholds", () => {
  test("are the agent's own, else its type's, else the configured ones", async () => {
    await using registry = await startHttpRegistry();
    expect(await thresholdsOf(registry, {})).toEqual([60, 120]);
    for (const type of ["mesh-agent", "mcp-agent", "default", "anything"]) {
      expect(await thresholdsOf(registry, { agent_type: type })).toEqual([60, 120]);
    }
    expect(await thresholdsOf(registry, { agent_type: "file-agent" })).toEqual([90, 180]);
    expect(await thresholdsOf(registry, { agent_type: "File_Agent" })).toEqual([90, 180]);
    expect(await thresholdsOf(registry, { agent_type: "worker" })).toEqual([45, 90]);
    expect(await thresholdsOf(registry, { agent_type: "critical" })).toEqual([30, 60]);
    expect(await thresholdsOf(registry, { agent_type: "worker", timeout_threshold: 60 })).toEqual([60, 90]);
    expect(await thresholdsOf(registry, { agent_type: "critical", eviction_threshold: 120.9 })).toEqual([30, 120]);
  });

  test("of other types follow DEFAULT_TIMEOUT_THRESHOLD and DEFAULT_EVICTION_THRESHOLD", async () => {
    const environment = { DEFAULT_TIMEOUT_THRESHOLD: "10", DEFAULT_EVICTION_THRESHOLD: "20" };
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ environment, clock });
    expect(await thresholdsOf(registry, { agent_type: "worker" })).toEqual([45, 90]);
    expect(await thresholdsOf(registry, { health_interval: 5 })).toEqual([10, 20]);
    await clock.advance(10_100);
    expect(await statusOf(registry)).toBe("degraded");
    await clock.advance(10_000);
    expect(await statusOf(registry)).toBe("expired");
  });
});

describe("silence", () => {
  const patience = [
    [{}, 60, 120],
    [{ agent_type: "file-agent" }, 90, 180],
    [{ agent_type: "worker", health_interval: 20 }, 45, 90],
    [{ agent_type: "critical", health_interval: 10 }, 30, 60],
    [{ health_interval: 2, timeout_threshold: 5, eviction_threshold: 7 }, 5, 7],
    // An interval as long as the timeout: the agent would flap, so it gets two intervals, and twice that.
    [{ health_interval: 60 }, 120, 240],
    [{ health_interval: 45 }, 90, 180],
    [{ health_interval: 60, timeout_threshold: 60 }, 60, 120],
    [{ health_interval: 60, eviction_threshold: 150 }, 120, 150],
  ] as const;

  test.each(patience)(
    "of %j degrades after %d s and expires after %d s, not a moment sooner, at most 100 ms later",
    async (metadata, timeout, eviction) => {
      const clock = new ManualClock();
      await using registry = await startHttpRegistry({ clock });
      // Off the timer's own beat.
      await clock.advance(37);
      await registry.post(REGISTER, registrationBody("a", metadata));
      await clock.advance(timeout * 1000);
      expect(await statusOf(registry)).toBe("healthy");
      await clock.advance(100);
      expect(await statusOf(registry)).toBe("degraded");
      await clock.advance((eviction - timeout) * 1000 - 100);
      expect(await statusOf(registry)).toBe("degraded");
      await clock.advance(100);
      expect(await statusOf(registry)).toBe("expired");
    },
  );

  test("shows its status everywhere at once, as a record change of that moment", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a", { capabilities: [{ name: "skill" }] }));
    await clock.advance(60_100);
    const agent = (await registry.get("/agents/a")).body;
    expect(agent).toMatchObject({
      status: "degraded",
      health_status: "degraded",
      last_heartbeat: "2025-06-11T12:00:00Z",
      updated_at: "2025-06-11T12:01:00Z",
    });
    expect(Number(agent.resource_version) - 1_749_643_260_000).toBeWithin(1, 101);
    expect((await registry.get("/agents?status=degraded")).body.agents).toEqual([agent]);
    expect((await registry.get("/agents?status=healthy")).body.count).toBe(0);
    expect((await registry.get("/capabilities")).body.count).toBe(0);
    expect((await registry.get("/capabilities?agent_status=degraded")).body.capabilities[0].agent_status).toBe(
      "degraded",
    );
    expect((await registry.get("/health/a")).body.status).toBe("degraded");
    expect((await registry.get("/health")).body.monitoring_stats.agent_status_counts).toEqual({ degraded: 1 });
    expect((await registry.get("/metrics")).body).toMatchObject({ degraded_agents: 1, status_transitions: 1 });
    expect(registry.logged.map(({ text }) => text)).toContain(
      "Agent a status: healthy → degraded (last_heartbeat: 60s ago)",
    );
  });

  test("is over with any heartbeat, just in time without a record change, and from every status with one", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    const { resource_version } = (await registry.post(REGISTER, registrationBody("a"))).body;
    for (let beats = 0; beats < 3; beats++) {
      await clock.advance(60_000);
      expect((await registry.post("/heartbeat", heartbeatBody("a"))).body.resource_version).toBe(resource_version);
    }
    for (const [silence, status] of [
      [60_100, "degraded"],
      [120_100, "expired"],
      [3_600_000, "expired"],
    ] as const) {
      await clock.advance(silence);
      expect(await statusOf(registry)).toBe(status);
      expect((await registry.post("/heartbeat", heartbeatBody("a"))).status).toBe(200);
      expect(await statusOf(registry)).toBe("healthy");
    }
    await clock.advance(130_000);
    await registry.post(REGISTER, registrationBody("a"));
    expect(await statusOf(registry)).toBe("healthy");
  });

  test("of many agents at once is recorded for each", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    const ids = Array.from({ length: 1_200 }, (_, index) => `agent-${index}`);
    await Promise.all(ids.map((id) => registry.post(REGISTER, registrationBody(id))));
    await clock.advance(61_000);
    expect((await registry.get("/agents?status=degraded&limit=1")).body.total).toBe(1_200);
    await Promise.all(ids.slice(0, 200).map((id) => registry.post("/heartbeat", heartbeatBody(id))));
    await clock.advance(60_000);
    expect((await registry.get("/metrics")).body).toMatchObject({ healthy_agents: 200, expired_agents: 1_000 });
  });
});

describe("a status that the agent reported itself", () => {
  test("outlives the timeout when it says that the agent is down, but not the eviction", async () => {
    for (const reported of ["offline", "unhealthy"]) {
      const clock = new ManualClock();
      await using registry = await startHttpRegistry({ clock });
      await registry.post(REGISTER, registrationBody("a"));
      await registry.post("/heartbeat", heartbeatBody("a", {}, reported));
      await clock.advance(120_000);
      expect(await statusOf(registry)).toBe(reported);
      await clock.advance(100);
      expect(await statusOf(registry)).toBe("expired");
    }
  });

  test("gives way to the timeout otherwise", async () => {
    for (const reported of ["unknown", "busy", "degraded"]) {
      const clock = new ManualClock();
      await using registry = await startHttpRegistry({ clock });
      await registry.post(REGISTER, registrationBody("a"));
      await registry.post("/heartbeat", heartbeatBody("a", {}, reported));
      await clock.advance(60_000);
      expect(await statusOf(registry)).toBe(reported);
      await clock.advance(100);
      expect(await statusOf(registry)).toBe("degraded");
      await clock.advance(60_000);
      expect(await statusOf(registry)).toBe("expired");
    }
  });

  test("stays over many beats that repeat it, none of which is a record change", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    const first = (await registry.post("/heartbeat", heartbeatBody("a", {}, "degraded"))).body.resource_version;
    for (let beats = 0; beats < 5; beats++) {
      await clock.advance(30_000);
      const { body } = await registry.post("/heartbeat", heartbeatBody("a", {}, "degraded"));
      expect([body.resource_version, await statusOf(registry)]).toEqual([first, "degraded"]);
    }
  });
});

describe("an expired agent", () => {
  test("stays listed for ever by default", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(2 * 3_600_000);
    expect(await statusOf(registry)).toBe("expired");
  });

  test("is purged by EXPIRED_AGENT_RETENTION without a tombstone, so that its next beat brings it back", async () => {
    const clock = new ManualClock();
    const environment = { EXPIRED_AGENT_RETENTION: "100", RETENTION_INTERVAL: "10" };
    await using registry = await startHttpRegistry({ clock, environment });
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(219_000);
    expect(await statusOf(registry)).toBe("expired");
    await clock.advance(12_000);
    expect((await registry.get("/agents/a")).status).toBe(404);
    const beat = heartbeatBody("a", { agent_name: "a", capabilities: ["skill"] });
    expect((await registry.post("/heartbeat", beat)).status).toBe(200);
    expect(await statusOf(registry)).toBe("healthy");
  });
});
