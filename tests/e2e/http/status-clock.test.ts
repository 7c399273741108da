import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { rewriteRecord } from "../../support/rewrite-record.ts";

const REGISTER = "/agents/register_with_metadata";
const HOUR_MS = 3_600_000;

const statusOf = async (registry: HttpRegistry, id = "a"): Promise<string> =>
  (await registry.get(`/agents/${id}`)).body.status;

/** Silence never made anything better here, and a full timeout from now on still counts. */
async function expectFullTimeout(registry: HttpRegistry, clock: ManualClock): Promise<void> {
  expect(await statusOf(registry)).toBe("healthy");
  await clock.advance(59_000);
  expect(await statusOf(registry)).toBe("healthy");
  await clock.advance(1_200);
  expect(await statusOf(registry)).toBe("degraded");
}

describe("nobody is blamed", () => {
  test("for a stall of the registry itself", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(50_000);
    clock.stall(10 * 60_000 + 100);
    await clock.advance(0);
    await expectFullTimeout(registry, clock);
    const warnings = registry.logged.filter(({ level }) => level === "warn").map(({ text }) => text);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^The registry did not run for 600\.\ds; no agent is blamed for that time$/);
  });

  test("for a turn of the timer that comes three seconds late, but for one that comes two seconds late", async () => {
    for (const [lateMs, status] of [
      [3_000, "healthy"],
      [2_000, "degraded"],
    ] as const) {
      const clock = new ManualClock();
      await using registry = await startHttpRegistry({ clock });
      await registry.post(REGISTER, registrationBody("a"));
      await clock.advance(58_500);
      clock.stall(lateMs + 100);
      await clock.advance(100);
      expect({ lateMs, status: await statusOf(registry) }).toEqual({ lateMs, status });
    }
  });

  test("for the time the registry was not running", async () => {
    await using database = await temporaryDatabase();
    const environment = { DATABASE_URL: database.path };
    const clock = new ManualClock();
    const before = await startHttpRegistry({ clock, environment });
    await before.post(REGISTER, registrationBody("a"));
    await before.post(REGISTER, registrationBody("late"));
    await clock.advance(30_000);
    await before.post("/heartbeat", heartbeatBody("a"));
    await clock.advance(31_000);
    expect(await statusOf(before, "late")).toBe("degraded");
    await before.stop();
    await clock.advance(HOUR_MS);
    await using after = await startHttpRegistry({ clock, environment });
    // Nor is anything made better by it.
    expect(await statusOf(after, "late")).toBe("degraded");
    expect((await after.get("/agents/a")).body.last_heartbeat).toBe("2025-06-11T12:00:30Z");
    await expectFullTimeout(after, clock);
    await clock.advance(60_000);
    expect(await statusOf(after, "late")).toBe("expired");
  });

  test("for a wall clock set forward or back an hour, also over a restart", async () => {
    for (const shiftMs of [HOUR_MS, -HOUR_MS]) {
      await using database = await temporaryDatabase();
      const environment = { DATABASE_URL: database.path };
      const clock = new ManualClock();
      const before = await startHttpRegistry({ clock, environment });
      const first = Number((await before.post(REGISTER, registrationBody("a"))).body.resource_version);
      await clock.advance(30_000);
      clock.setWall(clock.nowMs() + shiftMs);
      await clock.advance(29_000);
      expect(await statusOf(before)).toBe("healthy");
      const { body } = await before.post("/heartbeat", heartbeatBody("a", { endpoint: "http://10.0.0.1:1" }));
      expect(Number(body.resource_version)).toBeGreaterThan(first);
      await clock.advance(59_900);
      expect(await statusOf(before)).toBe("healthy");
      await before.stop();
      clock.setWall(clock.nowMs() - shiftMs);
      await using after = await startHttpRegistry({ clock, environment });
      await expectFullTimeout(after, clock);
    }
  });
});

describe("grace after a pause", () => {
  test("never restores a better status", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("degraded"));
    await registry.post(REGISTER, registrationBody("expired", { timeout_threshold: 5, eviction_threshold: 10 }));
    await clock.advance(70_000);
    clock.stall(5_000);
    await clock.advance(30_000);
    expect(await statusOf(registry, "degraded")).toBe("degraded");
    expect(await statusOf(registry, "expired")).toBe("expired");
    await clock.advance(89_000);
    expect(await statusOf(registry, "degraded")).toBe("degraded");
    await clock.advance(1_200);
    expect(await statusOf(registry, "degraded")).toBe("expired");
  });
});

describe("an agent that never beat", () => {
  test("is pending without a limit of its own, and expires by the time since it registered", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registry.post(REGISTER, registrationBody("a"));
    // What a registration over MCP leaves behind.
    await rewriteRecord(registry, "a", { id: "pending-one", status: "pending", reportedStatus: null });
    await clock.advance(119_900);
    expect((await registry.get("/health/pending-one")).body).toEqual({
      agent_id: "pending-one",
      status: "pending",
      last_heartbeat: null,
      next_heartbeat_expected: null,
      time_since_heartbeat: null,
      timeout_threshold: 60,
      eviction_threshold: 120,
      is_expired: false,
      message: "No heartbeat received yet",
    });
    await clock.advance(200);
    expect(await statusOf(registry, "pending-one")).toBe("expired");
    await registry.post("/heartbeat", heartbeatBody("pending-one"));
    expect(await statusOf(registry, "pending-one")).toBe("healthy");
  });
});

test("each transition leaves one health row that says where it came from", async () => {
  await using database = await temporaryDatabase();
  const clock = new ManualClock();
  const registry = await startHttpRegistry({ clock, environment: { DATABASE_URL: database.path } });
  await registry.post(REGISTER, registrationBody("a"));
  await clock.advance(125_000);
  await registry.post("/heartbeat", heartbeatBody("a", { load: 0.5 }));
  await registry.stop();
  using db = new Database(database.path, { readonly: true });
  const rows = db.query<{ status: string; metadata: string }, []>(
    "SELECT status, metadata FROM agent_health ORDER BY id",
  );
  const transitions = rows.all().map(({ status, metadata }) => [status, JSON.parse(metadata)]);
  expect(transitions.slice(0, 2)).toEqual([
    ["degraded", { source: "health_monitor", event_type: "status_change", old_status: "healthy" }],
    ["expired", { source: "health_monitor", event_type: "status_change", old_status: "degraded" }],
  ]);
  expect(transitions[2]?.[0]).toBe("healthy");
  expect(transitions).toHaveLength(3);
});
