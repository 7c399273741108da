import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, offering, registrationBody } from "../../support/registration-body.ts";
import { rewriteRecord } from "../../support/rewrite-record.ts";

const REGISTER = "/agents/register_with_metadata";

const register = (registry: HttpRegistry, id: string, metadata: Record<string, unknown>) =>
  registry.post(REGISTER, registrationBody(id, metadata));

const overStdio = (skill: string, version = "1.0.0") => ({ capabilities: [{ name: skill, version }] });
const overHttp = (skill: string, version = "1.0.0") => offering(skill, overStdio(skill, version));

/** Who provides `skill` to the agent `caller` now, or null. */
async function provider(registry: HttpRegistry, skill = "date"): Promise<string | null> {
  const { body } = await registry.post("/heartbeat", heartbeatBody("caller"));
  return body.dependencies_resolved[skill]?.agent_id ?? null;
}

describe("of several providers", () => {
  test("an http one goes before stdio, then the highest version, then the oldest registration, then the id", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    const asks = async () => {
      await registry.fetch("/agents/caller", { method: "DELETE" });
      const { body } = await register(registry, "caller", { dependencies: ["date"] });
      return body.dependencies_resolved.date?.agent_id ?? null;
    };
    expect(await asks()).toBeNull();
    await register(registry, "y-stdio", overStdio("date", "9.0.0"));
    await register(registry, "x-stdio", overStdio("date", "9.0.0"));
    expect(await asks()).toBe("x-stdio");
    await clock.advance(1_000);
    await register(registry, "c-late", overHttp("date", "1.2.0"));
    expect(await asks()).toBe("c-late");
    await register(registry, "z-higher", overHttp("date", "1.10.0"));
    expect(await asks()).toBe("z-higher");
    await register(registry, "b-prerelease", overHttp("date", "1.10.0-rc"));
    expect(await asks()).toBe("z-higher");
    await clock.advance(1_000);
    await register(registry, "a-younger", overHttp("date", "1.10.0"));
    expect(await asks()).toBe("z-higher");
    // Whoever registers again is as old as it was.
    await register(registry, "z-higher", overHttp("date", "1.10.0"));
    expect(await asks()).toBe("z-higher");
  });

  test("the highest of its versions of a capability counts", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "one", overHttp("date", "2.0.0"));
    const both = [
      { name: "date", version: "1.0.0" },
      { name: "date", version: "3.0.0" },
      { name: "other", version: "9.0.0" },
    ];
    await register(registry, "two", offering("date", { capabilities: both }));
    await register(
      registry,
      "three",
      offering("date", { capabilities: [{ name: "date" }, { name: "more", version: "9.0.0" }] }),
    );
    const { body } = await register(registry, "caller", { dependencies: ["date"] });
    expect(body.dependencies_resolved.date.agent_id).toBe("two");
  });
});

describe("a provider", () => {
  test("offers a capability of exactly that name, and is healthy", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "a", overHttp("Date"));
    await register(registry, "b", overHttp("dates"));
    await register(registry, "caller", { dependencies: ["date"] });
    expect(await provider(registry)).toBeNull();
    await register(registry, "c", overHttp("date"));
    for (const reported of ["degraded", "unhealthy", "offline", "unknown", "busy", "pending", "expired"]) {
      await registry.post("/heartbeat", heartbeatBody("c", {}, reported));
      expect({ reported, provider: await provider(registry) }).toEqual({ reported, provider: null });
    }
    await registry.post("/heartbeat", heartbeatBody("c"));
    expect(await provider(registry)).toBe("c");
  });

  test("leaves at once when it is overdue, expired or deleted", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await register(registry, "a", overHttp("date"));
    await register(registry, "caller", { dependencies: ["date"] });
    expect(await provider(registry)).toBe("a");
    await clock.advance(60_100);
    expect(await provider(registry)).toBeNull();
    await registry.post("/heartbeat", heartbeatBody("a"));
    expect(await provider(registry)).toBe("a");
    await registry.fetch("/agents/a", { method: "DELETE" });
    expect(await provider(registry)).toBeNull();
  });

  test("is none while it drains, even where it was chosen", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "a", overHttp("date"));
    await register(registry, "caller", { dependencies: ["date"] });
    expect(await provider(registry)).toBe("a");
    await rewriteRecord(registry, "a", { status: "healthy", lifecycleStatus: "draining" });
    expect(await provider(registry)).toBeNull();
    await register(registry, "b", overStdio("date"));
    expect(await provider(registry)).toBe("b");
  });

  test("is the asking agent itself only when there is no other", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "caller", { ...overHttp("date", "9.0.0"), dependencies: ["date"] });
    expect(await provider(registry)).toBe("caller");
    await register(registry, "other", overStdio("date"));
    expect(await provider(registry)).toBe("other");
  });
});

describe("a choice", () => {
  test("stays while its provider is a candidate, whoever else comes or beats", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await register(registry, "b", overHttp("date", "1.0.0"));
    await register(registry, "caller", { dependencies: ["date"] });
    await clock.advance(1_000);
    await register(registry, "a", overHttp("date", "2.0.0"));
    for (let beats = 0; beats < 3; beats++) {
      for (const id of ["a", "b"]) await registry.post("/heartbeat", heartbeatBody(id));
      await clock.advance(10_000);
      expect(await provider(registry)).toBe("b");
    }
    const again = await register(registry, "caller", { dependencies: ["date"], description: "new start" });
    expect(again.body.dependencies_resolved.date.agent_id).toBe("b");
    await registry.post("/heartbeat", heartbeatBody("b", {}, "offline"));
    expect(await provider(registry)).toBe("a");
    // The first one's return is no reason to change again.
    await registry.post("/heartbeat", heartbeatBody("b"));
    expect(await provider(registry)).toBe("a");
  });

  test("of a stdio provider stays only until there is one over http", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "b", overStdio("date"));
    await register(registry, "caller", { dependencies: ["date"] });
    expect(await provider(registry)).toBe("b");
    await register(registry, "a", overStdio("date", "9.0.0"));
    expect(await provider(registry)).toBe("b");
    await register(registry, "c", overHttp("date", "0.1.0"));
    expect(await provider(registry)).toBe("c");
    // As existing agents move to http: by a heartbeat.
    await registry.post("/heartbeat", heartbeatBody("a", { endpoint: "http://10.0.0.9:1" }));
    expect(await provider(registry)).toBe("c");
  });

  test("follows its provider to another endpoint", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "b", overStdio("date"));
    await register(registry, "caller", { dependencies: ["date"] });
    await registry.post("/heartbeat", heartbeatBody("b", { endpoint: "http://10.0.0.9:8889" }));
    const { body } = await registry.post("/heartbeat", heartbeatBody("caller"));
    expect(body.dependencies_resolved).toEqual({
      date: { agent_id: "b", endpoint: "http://10.0.0.9:8889", status: "healthy" },
    });
  });

  test("survives a restart", async () => {
    await using database = await temporaryDatabase();
    const environment = { DATABASE_URL: database.path };
    const before = await startHttpRegistry({ environment });
    await register(before, "b", overHttp("date", "1.0.0"));
    await register(before, "caller", { dependencies: ["date", "weather"] });
    await register(before, "a", overHttp("date", "2.0.0"));
    await register(before, "stdio", overStdio("weather"));
    // This choice is made by a heartbeat.
    expect(await provider(before, "weather")).toBe("stdio");
    await register(before, "another", overStdio("weather", "9.0.0"));
    await before.stop();
    await using after = await startHttpRegistry({ environment });
    expect(await provider(after)).toBe("b");
    expect(await provider(after, "weather")).toBe("stdio");
  });

  test("that changes is nothing a client sees of the asking agent", async () => {
    await using registry = await startHttpRegistry();
    await register(registry, "caller", { dependencies: ["date"] });
    const before = (await registry.get("/agents/caller")).body;
    await register(registry, "a", overHttp("date"));
    const { body } = await registry.post("/heartbeat", heartbeatBody("caller"));
    expect(body.dependencies_resolved.date.agent_id).toBe("a");
    expect(body.resource_version).toBe(before.resource_version);
    const after = (await registry.get("/agents/caller")).body;
    expect([after.resource_version, after.updated_at]).toEqual([before.resource_version, before.updated_at]);
  });
});

test("dependencies that are no text are ignored, and one named twice is one", async () => {
  await using registry = await startHttpRegistry();
  await register(registry, "a", overHttp("date"));
  const { body } = await register(registry, "caller", { dependencies: ["date", 5, null, {}, "date", "weather"] });
  expect(body.dependencies_resolved).toEqual({
    date: { agent_id: "a", endpoint: "http://10.0.0.7:9001", status: "healthy" },
    weather: null,
  });
  const onlyOthers = await register(registry, "other", { dependencies: [5, null] });
  expect(onlyOthers.body.dependencies_resolved).toBeUndefined();
});
