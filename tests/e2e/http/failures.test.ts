import { describe, expect, test } from "bun:test";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";
const BUG = "a bug at the heart of the registry";

/** Whatever counts agents by their status meets it. */
function plantBug(registry: HttpRegistry): void {
  Object.defineProperty(registry.core.state, "byStatus", {
    get() {
      throw new TypeError(BUG);
    },
  });
}

describe("a bug of ours", () => {
  test("is 500 without a word of it, and goes to the log with its stack", async () => {
    await using registry = await startHttpRegistry();
    plantBug(registry);
    const { status, headers, body } = await registry.get("/health");
    expect([status, headers.get("content-type"), body]).toEqual([
      500,
      "application/json; charset=utf-8",
      { detail: "Internal Server Error", error: "Internal Server Error" },
    ]);
    const [logged] = registry.logged.filter(({ level }) => level === "error");
    expect(logged?.text).toStartWith("Bug while answering a request: ");
    expect(logged?.text).toContain(BUG);
    expect(logged?.text).toContain("failures.test.ts");
    expect((await registry.get("/livez")).status).toBe(200);
  });

  test("on the routes of figures is 500 with the route's text and the reason, but no stack", async () => {
    await using registry = await startHttpRegistry();
    plantBug(registry);
    for (const [path, detail] of [
      ["/metrics", `Failed to get registry metrics: ${BUG}`],
      ["/metrics/prometheus", `Failed to get Prometheus metrics: ${BUG}`],
      ["/health/monitoring", `Failed to get health monitoring stats: ${BUG}`],
    ]) {
      const { status, body } = await registry.get(`${path}`);
      expect({ path, status, body }).toEqual({ path, status: 500, body: { detail, error: detail } });
    }
  });

  test("while a change is written is 500, changes nothing, and goes to the log", async () => {
    let isBroken = false;
    const wrapStore = (store: RegistryStore): RegistryStore =>
      new Proxy(store, {
        get(target, key) {
          if (key === "commit" && isBroken) return () => Promise.reject(new TypeError(BUG));
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    await using registry = await startHttpRegistry({ wrapStore });
    isBroken = true;
    const { status, body } = await registry.post(REGISTER, registrationBody("a"));
    expect([status, body]).toEqual([500, { detail: "Internal Server Error", error: "Internal Server Error" }]);
    expect(registry.logged.some(({ level, text }) => level === "error" && text.includes(BUG))).toBe(true);
    isBroken = false;
    expect((await registry.get("/agents")).body.count).toBe(0);
    expect((await registry.post(REGISTER, registrationBody("a"))).status).toBe(201);
  });
});

test("a shutdown finishes open requests, says that the connection ends, and then takes no more", async () => {
  const registry = await startHttpRegistry();
  const body = JSON.stringify(registrationBody("last"));
  const { promise: rest, resolve: send } = Promise.withResolvers<string>();
  const answer = exchange(registry.port, [
    rawRequest("POST", REGISTER, [`Content-Length: ${body.length}`]).replace("Connection: close\r\n", ""),
    body.slice(0, 20),
    rest,
  ]);
  while ((await registry.get("/metrics")).body.active_connections < 2);
  const stopped = registry.stop();
  send(body.slice(20));
  const { status, headers } = await answer;
  expect([status, headers.get("connection")]).toEqual([201, ["close"]]);
  await stopped;
  await expect(registry.fetch("/livez")).rejects.toThrow();
});

test("a registry about to shut down says so in /ready and on each connection, and serves the rest", async () => {
  await using registry = await startHttpRegistry();
  expect((await registry.get("/ready")).body).toEqual({ status: "ok" });
  registry.drain();
  const { status, headers, body } = await registry.get("/ready");
  expect([status, headers.get("retry-after"), headers.get("connection")]).toEqual([503, "1", "close"]);
  expect(body).toEqual({
    status: "draining",
    detail: "The registry is shutting down",
    error: "The registry is shutting down",
  });
  expect((await registry.get("/livez")).status).toBe(200);
  expect((await registry.post(REGISTER, registrationBody("a"))).status).toBe(201);
});

test("what an agent sends never gets into the log", async () => {
  await using registry = await startHttpRegistry();
  const secret = "hunter2-do-not-log";
  await registry.post(REGISTER, registrationBody("a", { description: secret, metadata: { password: secret } }));
  await registry.post(REGISTER, registrationBody("a.b", { description: secret }));
  await registry.post("/heartbeat", { agent_id: "a", status: "degraded", metadata: { token: secret } });
  await registry.post("/heartbeat", `{"agent_id":"a","x":"${secret}"`);
  expect(registry.logged.map(({ text }) => text).join("\n")).not.toContain(secret);
});
