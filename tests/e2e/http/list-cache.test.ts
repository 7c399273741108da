import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, offering, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

async function startWithAgent(environment: Readonly<Record<string, string>> = {}) {
  const clock = new ManualClock();
  const registry = await startHttpRegistry({ clock, environment });
  await registry.post(REGISTER, registrationBody("a", offering("skill")));
  return { clock, registry, [Symbol.asyncDispose]: () => registry.stop() };
}

const counted = async (registry: HttpRegistry) => {
  const { cache_hits, cache_misses } = (await registry.get("/metrics")).body;
  return { hits: cache_hits, misses: cache_misses };
};

describe("a kept list", () => {
  test("is served again, timestamp and all, for CACHE_TTL seconds while nothing changes", async () => {
    await using started = await startWithAgent({ CACHE_TTL: "10" });
    const { clock, registry } = started;
    const first = (await registry.get("/agents")).body;
    await clock.advance(9_999);
    expect((await registry.get("/agents")).body).toEqual(first);
    expect(await counted(registry)).toEqual({ hits: 1, misses: 1 });
    await clock.advance(1);
    expect((await registry.get("/agents")).body).toEqual({ ...first, timestamp: "2025-06-11T12:00:10Z" });
    expect(await counted(registry)).toEqual({ hits: 1, misses: 2 });
  });

  test("is one for each path and query", async () => {
    await using started = await startWithAgent();
    const { registry } = started;
    for (const path of ["/agents", "/capabilities", "/agents?status=healthy", "/agents?namespace=default"]) {
      await registry.get(path);
    }
    expect(await counted(registry)).toEqual({ hits: 0, misses: 4 });
    await registry.get("/agents?status=healthy");
    expect(await counted(registry)).toEqual({ hits: 1, misses: 4 });
  });

  test("is replaced at once by every kind of record change", async () => {
    await using started = await startWithAgent();
    const { clock, registry } = started;
    const changes: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["register", () => registry.post(REGISTER, registrationBody("b", offering("other")))],
      ["register again", () => registry.post(REGISTER, registrationBody("b", offering("other", { version: "2.0.0" })))],
      [
        "capabilities",
        () => registry.post("/agents/register_capabilities", { agent_id: "b", capabilities: [{ name: "more" }] }),
      ],
      ["status by heartbeat", () => registry.post("/heartbeat", heartbeatBody("b", {}, "degraded"))],
      [
        "endpoint by heartbeat",
        () => registry.post("/heartbeat", heartbeatBody("b", { endpoint: "http://x" }, "degraded")),
      ],
      ["adoption", () => registry.post("/heartbeat", heartbeatBody("c", { agent_name: "c", capabilities: ["x"] }))],
      ["unregister", () => registry.fetch("/agents/b", { method: "DELETE" })],
      ["timeout", () => clock.advance(60_100)],
    ];
    for (const [name, change] of changes) {
      const before = {
        agents: (await registry.get("/agents")).body.agents,
        capabilities: (await registry.get("/capabilities?agent_status=any")).body.resource_version,
      };
      await change();
      const { agents, resource_version } = (await registry.get("/agents")).body;
      const capabilities = (await registry.get("/capabilities?agent_status=any")).body.resource_version;
      expect({ name, isSame: Bun.deepEquals(agents, before.agents) }).toEqual({ name, isSame: false });
      expect({ name, isNewer: Number(capabilities) > Number(before.capabilities) }).toEqual({ name, isNewer: true });
      expect(capabilities).toBe(resource_version);
    }
  });

  test("shows beats at most a second late", async () => {
    await using started = await startWithAgent();
    const { clock, registry } = started;
    const lastHeartbeat = async () => (await registry.get("/agents")).body.agents[0].last_heartbeat;
    await clock.advance(20_000);
    expect(await lastHeartbeat()).toBe("2025-06-11T12:00:00Z");
    await registry.post("/heartbeat", heartbeatBody("a"));
    await clock.advance(999);
    expect(["2025-06-11T12:00:00Z", "2025-06-11T12:00:20Z"]).toContain(await lastHeartbeat());
    await clock.advance(1);
    expect(await lastHeartbeat()).toBe("2025-06-11T12:00:20Z");
    // One agent is never kept.
    await clock.advance(1_000);
    await registry.post("/heartbeat", heartbeatBody("a"));
    expect((await registry.get("/agents/a")).body.last_heartbeat).toBe("2025-06-11T12:00:22Z");
  });

  test.each([{ CACHE_TTL: "0" }, { ENABLE_RESPONSE_CACHE: "false" }, { MAX_CACHE_SIZE: "0" }])(
    "is none with %j",
    async (environment) => {
      await using started = await startWithAgent(environment);
      const { clock, registry } = started;
      expect((await registry.get("/agents")).body.timestamp).toBe("2025-06-11T12:00:00Z");
      await clock.advance(1_000);
      await registry.post("/heartbeat", heartbeatBody("a"));
      const { agents, timestamp } = (await registry.get("/agents")).body;
      expect([timestamp, agents[0].last_heartbeat]).toEqual(["2025-06-11T12:00:01Z", "2025-06-11T12:00:01Z"]);
      expect((await counted(registry)).hits).toBe(0);
      expect((await registry.get("/metrics")).body.cache_entries).toBe(0);
    },
  );

  test("is one of at most MAX_CACHE_SIZE", async () => {
    await using started = await startWithAgent({ MAX_CACHE_SIZE: "3" });
    const { registry } = started;
    for (let index = 0; index < 10; index++) await registry.get(`/agents?unknown=${index}`);
    expect((await registry.get("/metrics")).body.cache_entries).toBe(3);
  });
});

describe("a list's ETag", () => {
  test("is weak, answers If-None-Match with 304, and moves with record changes only", async () => {
    await using started = await startWithAgent();
    const { clock, registry } = started;
    for (const path of ["/agents", "/capabilities", "/agents?limit=1"]) {
      const first = await registry.fetch(path);
      const etag = first.headers.get("etag") ?? "";
      expect(etag).toMatch(/^W\/"[^"]+"$/);
      for (const sent of [etag, etag.slice(2), `"other", ${etag}`, "*"]) {
        const answer = await registry.fetch(path, { headers: { "If-None-Match": sent } });
        expect({ sent, status: answer.status, etag: answer.headers.get("etag") }).toEqual({ sent, status: 304, etag });
        expect(await answer.text()).toBe("");
      }
      expect((await registry.fetch(path, { headers: { "If-None-Match": 'W/"other"' } })).status).toBe(200);
      await clock.advance(2_000);
      await registry.post("/heartbeat", heartbeatBody("a"));
      expect((await registry.fetch(path)).headers.get("etag")).toBe(etag);
      await registry.post(REGISTER, registrationBody("a", offering("skill")));
      const changed = await registry.fetch(path, { headers: { "If-None-Match": etag } });
      expect([changed.status, changed.headers.get("etag") === etag]).toEqual([200, false]);
    }
  });

  test("differs between queries and between pages", async () => {
    await using started = await startWithAgent();
    const { registry } = started;
    await registry.post(REGISTER, registrationBody("b", offering("skill")));
    const token = (await registry.get("/agents?limit=1")).body.continue;
    const paths = [
      ...["/agents", "/agents?status=healthy", "/agents?limit=1", "/agents?limit=2", "/agents?limit=1&offset=1"],
      ...[`/agents?limit=1&continue=${token}`, "/capabilities"],
    ];
    const etags = new Set<string | null>();
    for (const path of paths) etags.add((await registry.fetch(path)).headers.get("etag"));
    expect(etags.size).toBe(paths.length);
  });
});
