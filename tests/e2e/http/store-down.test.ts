import { expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { storeSwitch } from "../../support/failing-store.ts";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";
const WHY = "database or disk is full";

async function startOnSwitch() {
  const store = storeSwitch();
  const clock = new ManualClock();
  const registry = await startHttpRegistry({ clock, wrapStore: store.wrap });
  await registry.post(REGISTER, registrationBody("a", { capabilities: [{ name: "skill" }] }));
  return { store, clock, registry, [Symbol.asyncDispose]: () => registry.stop() };
}

test("a record change is 503 with Retry-After and the route's text, and changes nothing", async () => {
  await using started = await startOnSwitch();
  const { store, registry } = started;
  const before = (await registry.get("/agents")).body;
  store.fail(WHY);
  const attempts = [
    ["Failed to register agent", () => registry.fetch(REGISTER, post(registrationBody("b")))],
    ["Failed to register agent", () => registry.fetch(REGISTER, post(registrationBody("a", { description: "new" })))],
    ["Failed to register agent", () => registry.fetch("/agents/register", post({ agent_name: "b", timestamp: "t" }))],
    [
      "Failed to register capabilities",
      () => registry.fetch("/agents/register_capabilities", post({ agent_id: "a", capabilities: [{ name: "more" }] })),
    ],
    ["Failed to process heartbeat", () => registry.fetch("/heartbeat", post(heartbeatBody("a", {}, "offline")))],
    ["Failed to process heartbeat", () => registry.fetch("/agents/a/health", post({ status: "degraded" }))],
    [
      "Failed to process heartbeat",
      () => registry.fetch("/heartbeat", post(heartbeatBody("b", { agent_name: "b", capabilities: ["x"] }))),
    ],
    ["Failed to unregister agent", () => registry.fetch("/agents/a", { method: "DELETE" })],
  ] as const;
  for (const [text, attempt] of attempts) {
    const response = await attempt();
    const detail = `${text}: ${WHY}`;
    expect([response.status, response.headers.get("retry-after"), await response.json()]).toEqual([
      503,
      "1",
      { detail, error: detail },
    ]);
  }
  const after = (await registry.get("/agents")).body;
  expect(after).toEqual(before);
});

test("what is refused or needs no change is answered as ever", async () => {
  await using started = await startOnSwitch();
  const { store, registry } = started;
  store.fail(WHY);
  expect((await registry.post(REGISTER, registrationBody("a.b"))).status).toBe(400);
  expect((await registry.post(REGISTER, registrationBody("a"), { "If-Match": '"1"' })).status).toBe(409);
  expect((await registry.post("/heartbeat", heartbeatBody("nobody"))).status).toBe(404);
  expect((await registry.fetch("/agents/nobody", { method: "DELETE" })).status).toBe(204);
  expect((await registry.post("/heartbeat", heartbeatBody("a"))).status).toBe(200);
});

test("reads go on, /health and its kin say what is wrong, and a probe finds out when it is over", async () => {
  await using started = await startOnSwitch();
  const { store, clock, registry } = started;
  store.fail(WHY);
  await registry.post(REGISTER, registrationBody("b"));
  for (const path of ["/agents", "/agents/a", "/capabilities", "/health/a", "/metrics", "/livez", "/ready", "/"]) {
    expect({ path, status: (await registry.get(path)).status }).toEqual({ path, status: 200 });
  }
  const health = await registry.get("/health");
  expect([health.status, health.headers.get("retry-after"), health.body]).toEqual([
    503,
    "1",
    {
      status: "unhealthy",
      ok: false,
      service: "mcp-mesh-registry",
      detail: `Service unhealthy: ${WHY}`,
      error: `Service unhealthy: ${WHY}`,
    },
  ]);
  const monitoring = await registry.get("/health/monitoring");
  expect([monitoring.status, monitoring.body.database]).toEqual([200, { status: "unavailable", error: WHY }]);
  expect(await (await registry.fetch("/metrics/prometheus")).text()).toContain("\nmcp_registry_store_available 0\n");

  store.fail(null);
  await clock.advance(1_100);
  expect((await registry.get("/health")).status).toBe(200);
  expect((await registry.get("/health/monitoring")).body.database.status).toBe("available");
  expect((await registry.post(REGISTER, registrationBody("b"))).status).toBe(201);
  expect(registry.logged.map(({ level, text }) => [level, text])).toEqual(
    expect.arrayContaining([
      ["error", `Database is unavailable: ${WHY}. Writes are refused with 503, reads go on`],
      ["info", "Database is available again"],
    ]),
  );
});

test("a heartbeat whose change cannot be stored renews the lease all the same", async () => {
  await using started = await startOnSwitch();
  const { store, clock, registry } = started;
  await clock.advance(30_000);
  store.fail(WHY);
  expect((await registry.post("/heartbeat", heartbeatBody("a", {}, "degraded"))).status).toBe(503);
  expect((await registry.get("/agents/a")).body).toMatchObject({
    status: "healthy",
    last_heartbeat: "2025-06-11T12:00:30Z",
  });
});

test("nobody changes status while it is away, and everybody gets a full timeout when it is back", async () => {
  await using started = await startOnSwitch();
  const { store, clock, registry } = started;
  const statusNow = async () => (await registry.get("/agents/a")).body.status;
  await clock.advance(59_000);
  store.fail(WHY);
  // The transition itself may be what finds out.
  await clock.advance(600_000);
  expect(await statusNow()).toBe("healthy");
  store.fail(null);
  await clock.advance(1_000);
  expect(await statusNow()).toBe("healthy");
  await clock.advance(59_000);
  expect(await statusNow()).toBe("healthy");
  await clock.advance(1_200);
  expect(await statusNow()).toBe("degraded");
});

const post = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

test("a tombstone that could not be removed from the store still counts", async () => {
  await using started = await startOnSwitch();
  const { store, clock, registry } = started;
  const beat = () => registry.post("/heartbeat", heartbeatBody("a", { agent_name: "a", capabilities: ["skill"] }));
  await registry.fetch("/agents/a", { method: "DELETE" });
  clock.setWall(clock.nowMs() + 25 * 3_600_000);
  store.fail(WHY);
  expect((await registry.post(REGISTER, registrationBody("b"))).status).toBe(503);
  await clock.advance(300_000);
  store.fail(null);
  await clock.advance(1_100);
  expect((await beat()).status).toBe(404);
  await clock.advance(300_000);
  expect((await beat()).status).toBe(200);
});
