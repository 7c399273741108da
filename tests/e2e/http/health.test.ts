import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

describe("GET /health", () => {
  test("is Go's body with `ok`", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    await registry.post(REGISTER, registrationBody("a"));
    await registry.post(REGISTER, registrationBody("b"));
    await registry.post("/heartbeat", heartbeatBody("b", {}, "offline"));
    const { status, body } = await registry.get("/health");
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "healthy",
      ok: true,
      service: "mcp-mesh-registry",
      health_monitoring_active: true,
      monitoring_stats: {
        agent_status_counts: { healthy: 1, offline: 1 },
        monitoring_active: true,
        monitoring_interval_seconds: 30,
        default_timeout_seconds: 60,
        default_eviction_seconds: 120,
        health_events_last_hour: 1,
        timestamp: "2025-06-11T12:00:00Z",
      },
    });
    // Seed 003 greps the body for these letters.
    expect(await (await registry.fetch("/health")).text()).toContain("ok");
  });

  test("and the probes answer 200", async () => {
    await using registry = await startHttpRegistry();
    expect((await registry.get("/livez")).status).toBe(200);
    expect((await registry.get("/ready")).status).toBe(200);
  });
});

describe("GET /health/monitoring", () => {
  test("says what is configured, which statuses occur, and what the database holds", async () => {
    await using database = await temporaryDatabase();
    const environment = {
      ...{ DATABASE_URL: database.path, HEALTH_CHECK_INTERVAL: "12" },
      ...{ DEFAULT_TIMEOUT_THRESHOLD: "70", DEFAULT_EVICTION_THRESHOLD: "140" },
    };
    await using registry = await startHttpRegistry({ clock: new ManualClock(), environment });
    await registry.post(REGISTER, registrationBody("a", { capabilities: [{ name: "x" }, { name: "y" }] }));
    const { status, body } = await registry.get("/health/monitoring");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      agent_status_counts: { healthy: 1 },
      monitoring_active: true,
      monitoring_interval_seconds: 12,
      default_timeout_seconds: 70,
      default_eviction_seconds: 140,
      timestamp: "2025-06-11T12:00:00Z",
    });
    expect(body.database).toMatchObject({ status: "available", type: "sqlite", agents: 1, capabilities: 2 });
    expect(body.database.database_size_bytes).toBeGreaterThan(0);
  });

  test("is not the health of an agent called `monitoring`", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("monitoring"));
    expect((await registry.get("/health/monitoring")).body.monitoring_active).toBe(true);
    expect((await registry.get("/agents/monitoring")).body.id).toBe("monitoring");
  });
});

describe("GET /health/{agent_id}", () => {
  test("computes ages and message now, beside the recorded status", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a", { health_interval: 20 }));
    await clock.advance(1_240);
    const fresh = await registry.get("/health/a");
    expect(fresh.status).toBe(200);
    expect(fresh.body).toEqual({
      agent_id: "a",
      status: "healthy",
      last_heartbeat: "2025-06-11T12:00:00Z",
      next_heartbeat_expected: "2025-06-11T12:00:20Z",
      time_since_heartbeat: 1.24,
      timeout_threshold: 60,
      eviction_threshold: 120,
      is_expired: false,
      message: "Agent healthy - last heartbeat 1.2s ago",
    });
    const messageAt = async (ageMs: number) => {
      await clock.advance(ageMs - (clock.nowMs() - Date.UTC(2025, 5, 11, 12)));
      const { status, is_expired, message } = (await registry.get("/health/a")).body;
      return [status, is_expired, message];
    };
    expect(await messageAt(60_000)).toEqual(["healthy", false, "Agent healthy - last heartbeat 60.0s ago"]);
    expect(await messageAt(61_000)).toEqual(["degraded", false, "Agent degraded - no heartbeat for 61.0s"]);
    expect(await messageAt(120_000)).toEqual(["degraded", false, "Agent degraded - no heartbeat for 120.0s"]);
    expect(await messageAt(130_500)).toEqual(["expired", true, "Agent expired - no heartbeat for 130.5s"]);
    await registry.post("/heartbeat", heartbeatBody("a"));
    expect(await messageAt(130_500)).toEqual(["healthy", false, "Agent healthy - last heartbeat 0.0s ago"]);
  });

  test("names a status that the agent reported itself", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    await registry.post(REGISTER, registrationBody("a"));
    await registry.post("/heartbeat", heartbeatBody("a", {}, "offline"));
    expect((await registry.get("/health/a")).body).toMatchObject({
      status: "offline",
      message: "Agent offline - last heartbeat 0.0s ago",
    });
  });

  test("never shows an age below zero, whatever was done to the clock", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    clock.setWall(clock.nowMs() - 3_600_000);
    expect((await registry.get("/health/a")).body).toMatchObject({
      time_since_heartbeat: 0,
      is_expired: false,
      message: "Agent healthy - last heartbeat 0.0s ago",
    });
  });

  test("is 404 for nobody", async () => {
    await using registry = await startHttpRegistry();
    const { status, body } = await registry.get("/health/nobody%20here");
    expect([status, body]).toEqual([
      404,
      { detail: "Agent nobody here not found", error: "Agent nobody here not found" },
    ]);
  });
});
