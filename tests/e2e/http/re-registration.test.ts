import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, PYTHON_REGISTRATION, registrationBody } from "../../support/registration-body.ts";
import { rewriteRecord } from "../../support/rewrite-record.ts";

const REGISTER = "/agents/register_with_metadata";

describe("registering again", () => {
  test("replaces what the agent said, keeps its id, creation time and unchanged capabilities, and moves the version", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    const [kept, dropped, changed] = [{ name: "kept" }, { name: "dropped" }, { name: "changed", description: "old" }];
    await registry.post(REGISTER, registrationBody("a", { capabilities: [kept, dropped, changed] }));
    const before = (await registry.get("/agents/a")).body;
    await clock.advance(5_000);
    const again = { description: "new", capabilities: [kept, { ...changed, description: "new" }, { name: "added" }] };
    const { status, body } = await registry.post(REGISTER, registrationBody("a", again));
    expect([status, body.resource_version]).toEqual([201, "1749643205000"]);
    const after = (await registry.get("/agents/a")).body;
    expect(after).toMatchObject({
      created_at: "2025-06-11T12:00:00Z",
      updated_at: "2025-06-11T12:00:05Z",
      last_heartbeat: "2025-06-11T12:00:05Z",
      description: "new",
    });
    expect(after.capabilities[0]).toEqual(before.capabilities[0]);
    expect(after.capabilities[1]).toMatchObject({
      id: before.capabilities[2].id,
      created_at: "2025-06-11T12:00:00Z",
      updated_at: "2025-06-11T12:00:05Z",
    });
    expect(after.capabilities.map(({ name }: { name: string }) => name)).toEqual(["kept", "changed", "added"]);
    expect((await registry.get("/capabilities?name=dropped")).body.count).toBe(0);
  });

  test("takes back what the agent reported of itself", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a"));
    for (const reported of ["offline", "unhealthy", "degraded"]) {
      await registry.post("/heartbeat", heartbeatBody("a", {}, reported));
      expect((await registry.get("/agents/a")).body.status).toBe(reported);
      await registry.post(REGISTER, registrationBody("a"));
      expect((await registry.get("/agents/a")).body.status).toBe("healthy");
    }
  });

  test("ends draining, which heartbeats do not", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a"));
    await rewriteRecord(registry, "a", { status: "degraded", lifecycleStatus: "draining" });
    await registry.post("/heartbeat", heartbeatBody("a"));
    expect((await registry.get("/agents/a")).body).toMatchObject({ status: "degraded", lifecycle_status: "draining" });
    await registry.post(REGISTER, registrationBody("a"));
    expect((await registry.get("/agents/a")).body).toMatchObject({ status: "healthy", lifecycle_status: "active" });
  });

  test("byte for byte with its first stdio endpoint keeps the http endpoint that heartbeats brought", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, PYTHON_REGISTRATION);
    await registry.post("/heartbeat", heartbeatBody("greet_from_mcp_mesh", { endpoint: "http://10.0.0.9:8889" }));
    await registry.post(REGISTER, PYTHON_REGISTRATION);
    expect((await registry.get("/agents/greet_from_mcp_mesh")).body).toMatchObject({
      endpoint: "http://10.0.0.9:8889",
      transport: ["stdio", "http"],
    });
    // A new start of the same agent has a new timestamp, and is on stdio again until it says otherwise.
    await registry.post(REGISTER, { ...PYTHON_REGISTRATION, timestamp: "2025-06-12T00:00:00+00:00" });
    expect((await registry.get("/agents/greet_from_mcp_mesh")).body).toMatchObject({
      endpoint: "stdio://greet_from_mcp_mesh",
      transport: ["stdio"],
    });
  });
});

describe("a registration that requires a version", () => {
  const CONFLICT = { detail: "Resource version conflict", error: "Resource version conflict" };

  test("in If-Match or its metadata is 409 unless it is the current one, and then changes nothing", async () => {
    await using registry = await startHttpRegistry({ clock: new ManualClock() });
    const first = (await registry.post(REGISTER, registrationBody("a", { description: "first" }))).body
      .resource_version;
    const attempts: readonly (readonly [Record<string, string>, Record<string, unknown>])[] = [
      [{ "If-Match": '"1"' }, {}],
      [{ "If-Match": `"${first}0"` }, {}],
      [{ "If-Match": "not a version" }, {}],
      [{}, { resource_version: "1" }],
      [{}, { resource_version: 1 }],
      // The header goes before the body.
      [{ "If-Match": '"1"' }, { resource_version: first }],
    ];
    for (const [headers, metadata] of attempts) {
      const { status, body } = await registry.post(REGISTER, registrationBody("a", metadata), headers);
      expect({ headers, metadata, status, body }).toEqual({ headers, metadata, status: 409, body: CONFLICT });
    }
    const unknown = await registry.post(REGISTER, registrationBody("b"), { "If-Match": '"1"' });
    expect([unknown.status, unknown.body]).toEqual([409, CONFLICT]);
    expect((await registry.get("/agents")).body.count).toBe(1);
    expect((await registry.get("/agents/a")).body).toMatchObject({ description: "first", resource_version: first });
  });

  test("succeeds with the current one, in every form a client may have it", async () => {
    await using registry = await startHttpRegistry();
    let version = (await registry.post(REGISTER, registrationBody("a"))).body.resource_version;
    const forms = [
      (current: string) => [{ "If-Match": `"${current}"` }, {}] as const,
      (current: string) => [{ "If-Match": `W/"${current}"` }, {}] as const,
      (current: string) => [{ "If-Match": current }, {}] as const,
      () => [{ "If-Match": "*" }, {}] as const,
      (current: string) => [{}, { resource_version: current }] as const,
      (current: string) => [{}, { resource_version: Number(current) }] as const,
      () => [{}, {}] as const,
    ];
    for (const form of forms) {
      const [headers, metadata] = form(version);
      const { status, body } = await registry.post(REGISTER, registrationBody("a", metadata), headers as never);
      expect({ headers, metadata, status }).toEqual({ headers, metadata, status: 201 });
      expect(Number(body.resource_version)).toBeGreaterThan(Number(version));
      version = body.resource_version;
    }
  });

  test("is won by exactly one of many that arrive together", async () => {
    await using registry = await startHttpRegistry();
    const version = (await registry.post(REGISTER, registrationBody("a"))).body.resource_version;
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        registry.post(REGISTER, registrationBody("a", { description: `writer ${index}` }), {
          "If-Match": `"${version}"`,
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(15).fill(409)]);
  });
});
