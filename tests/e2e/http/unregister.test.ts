import { describe, expect, test } from "bun:test";
import { startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";
const DELETE = { method: "DELETE" };

describe("DELETE /agents/{id}", () => {
  test("is 204 without a body, whether or not the agent existed", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a", { capabilities: [{ name: "greeting" }] }));
    for (let times = 0; times < 2; times++) {
      const response = await registry.fetch("/agents/a", DELETE);
      expect([response.status, await response.text()]).toEqual([204, ""]);
    }
    expect((await registry.get("/agents/a")).body).toEqual({ detail: "Agent a not found", error: "Agent a not found" });
    expect((await registry.get("/agents")).body.agents).toEqual([]);
    expect((await registry.get("/capabilities?agent_status=any")).body.capabilities).toEqual([]);
    expect((await registry.get("/health/a")).status).toBe(404);
  });

  test("takes a new version, once", async () => {
    await using registry = await startHttpRegistry();
    const registered = (await registry.post(REGISTER, registrationBody("a"))).body.resource_version;
    await registry.fetch("/agents/a", DELETE);
    const gone = (await registry.get("/agents")).body.resource_version;
    expect(Number(gone)).toBeGreaterThan(Number(registered));
    await registry.fetch("/agents/a", DELETE);
    expect((await registry.get("/agents")).body.resource_version).toBe(gone);
  });

  test("is 409 on a stale If-Match, and the agent stays", async () => {
    await using registry = await startHttpRegistry();
    const { resource_version } = (await registry.post(REGISTER, registrationBody("a"))).body;
    const conflict = await registry.fetch("/agents/a", { ...DELETE, headers: { "If-Match": '"17"' } });
    expect([conflict.status, await conflict.json()]).toEqual([
      409,
      { detail: "Resource version conflict", error: "Resource version conflict" },
    ]);
    expect((await registry.get("/agents/a")).status).toBe(200);
    const current = await registry.fetch("/agents/a", { ...DELETE, headers: { "If-Match": `"${resource_version}"` } });
    expect(current.status).toBe(204);
    expect((await registry.get("/agents/a")).status).toBe(404);
  });

  test("takes the id decoded, and one that reads like a path of ours percent-encoded", async () => {
    await using registry = await startHttpRegistry();
    for (const id of ["my agent", "register", "heartbeat"]) await registry.post(REGISTER, registrationBody(id));
    expect((await registry.fetch("/agents/my%20agent", DELETE)).status).toBe(204);
    // Static paths win over `{id}` (registry-api 4.16).
    expect((await registry.fetch("/agents/register", DELETE)).status).toBe(405);
    expect((await registry.fetch("/agents/%72egister", DELETE)).status).toBe(204);
    expect((await registry.get("/agents")).body.agents.map(({ id }: { id: string }) => id)).toEqual(["heartbeat"]);
  });
});

describe("the tombstone of a deleted agent", () => {
  test("refuses heartbeats, survives a restart, and goes with a registration", async () => {
    await using database = await temporaryDatabase();
    const environment = { DATABASE_URL: database.path };
    const beat = heartbeatBody("a", { agent_name: "a", capabilities: ["greeting"] });
    const before = await startHttpRegistry({ environment });
    await before.post(REGISTER, registrationBody("a"));
    await before.fetch("/agents/a", DELETE);
    expect((await before.post("/heartbeat", beat)).status).toBe(404);
    await before.stop();
    await using after = await startHttpRegistry({ environment });
    expect((await after.get("/agents/a")).status).toBe(404);
    expect((await after.post("/heartbeat", beat)).status).toBe(404);
    expect((await after.post(REGISTER, registrationBody("a"))).status).toBe(201);
    expect((await after.post("/heartbeat", beat)).status).toBe(200);
  });
});

test("versions never repeat, whatever is deleted and restarted", async () => {
  await using database = await temporaryDatabase();
  const environment = { DATABASE_URL: database.path };
  const seen: number[] = [];
  for (let round = 0; round < 3; round++) {
    await using registry = await startHttpRegistry({ environment });
    seen.push(Number((await registry.post(REGISTER, registrationBody("a"))).body.resource_version));
    await registry.fetch("/agents/a", DELETE);
    seen.push(Number((await registry.get("/agents")).body.resource_version));
  }
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
});

test("GET /agents/{id} is the agent with an ETag, or 404 with a text", async () => {
  await using registry = await startHttpRegistry();
  const { resource_version } = (await registry.post(REGISTER, registrationBody("a"))).body;
  const { status, headers, body } = await registry.get("/agents/a");
  expect([status, headers.get("etag"), body.id]).toEqual([200, `W/"${resource_version}"`, "a"]);
  expect((await registry.get("/agents")).body.agents).toEqual([body]);
  for (const [path, id] of [
    ["/agents/b", "b"],
    ["/agents/A", "A"],
    ["/agents/a%2Fb", "a/b"],
    ["/agents/%zz", "%zz"],
    ["/agents/%E2%82%AC", "€"],
  ] as const) {
    expect((await registry.get(path)).body).toEqual({
      detail: `Agent ${id} not found`,
      error: `Agent ${id} not found`,
    });
  }
});
