import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const JSON_TYPE = "application/json; charset=utf-8";

/** Long enough to be encoded in turns. */
const MANY_CAPABILITIES = Array.from({ length: 1_500 }, (_, index) => ({ name: `skill_${index}` }));

function rawPost(target: string, body: string, headers: readonly string[] = []): string {
  return rawRequest("POST", target, [`Content-Length: ${Buffer.byteLength(body)}`, ...headers]) + body;
}

describe("every JSON answer", () => {
  test("has a Content-Length, is never chunked, and says that it is JSON in UTF-8", async () => {
    await using registry = await startHttpRegistry();
    const registration = JSON.stringify(registrationBody("big", { capabilities: MANY_CAPABILITIES }));
    await registry.post("/agents/register_with_metadata", registration);
    const requests = [
      ...["/", "/agents", "/agents?limit=1", "/agents/big", "/capabilities", "/capabilities?limit=2"].map((target) =>
        rawRequest("GET", target),
      ),
      ...["/health", "/health/monitoring", "/health/big", "/livez", "/ready", "/metrics", "/openapi.json"].map(
        (target) => rawRequest("GET", target),
      ),
      rawRequest("GET", "/nowhere"),
      rawRequest("PUT", "/agents"),
      rawRequest("GET", "/agents/unknown"),
      rawRequest("GET", "/agents?fuzzy_match=maybe"),
      rawPost("/agents/register_with_metadata", registration),
      rawPost("/agents/register_with_metadata", "{}"),
      rawPost("/agents/register", '{"agent_name":"old","timestamp":"now"}'),
      rawPost("/agents/register_capabilities", "anything"),
      rawPost("/heartbeat", JSON.stringify(heartbeatBody("big"))),
      rawPost("/heartbeat", JSON.stringify(heartbeatBody("unknown"))),
      rawPost("/agents/heartbeat", '{"agent_name":"big"}'),
      rawPost("/agents/big/health", "{}"),
      rawRequest("GET", "/capabilities", ["Accept-Encoding: gzip"]),
    ];
    for (const request of requests) {
      const { headers, body } = await exchange(registry.port, [request]);
      const line = request.split("\r\n", 1)[0];
      expect({ line, length: headers.get("content-length") }).toEqual({ line, length: [String(body.byteLength)] });
      expect({ line, chunked: headers.get("transfer-encoding") }).toEqual({ line, chunked: undefined });
      expect({ line, type: headers.get("content-type") }).toEqual({ line, type: [JSON_TYPE] });
    }
  });

  test("of an error has the same text as `detail` and `error`", async () => {
    await using registry = await startHttpRegistry();
    const answers = [
      await registry.get("/nowhere"),
      await registry.get("/agents/unknown"),
      await registry.get("/health/unknown"),
      await registry.get("/agents?fuzzy_match=maybe"),
      await registry.post("/agents", {}),
      await registry.post("/heartbeat", ""),
      await registry.post("/heartbeat", heartbeatBody("unknown")),
      await registry.post("/agents/register_with_metadata", registrationBody("my.agent")),
      await registry.post("/agents/register_with_metadata", registrationBody("new"), { "If-Match": '"7"' }),
      await registry.post("/heartbeat", {}, { Origin: "https://elsewhere.example" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 400, 405, 400, 404, 400, 409, 403]);
    for (const { body } of answers) {
      expect(Object.keys(body).sort()).toEqual(["detail", "error"]);
      expect(body.detail).toBeString();
      expect(body.error).toBe(body.detail);
    }
  });
});

describe("HEAD", () => {
  test.each(["/", "/agents", "/capabilities", "/health", "/metrics", "/metrics/prometheus", "/docs", "/openapi.json"])(
    "of %s answers like GET, without the body",
    async (target) => {
      await using registry = await startHttpRegistry();
      const get = await exchange(registry.port, [rawRequest("GET", target)]);
      const head = await exchange(registry.port, [rawRequest("HEAD", target)]);
      expect(head.status).toBe(200);
      expect(head.body.byteLength).toBe(0);
      expect(head.headers.get("content-type")).toEqual(get.headers.get("content-type"));
      // What counts requests and bytes of memory may have grown by a digit in between.
      if (!target.startsWith("/metrics")) {
        expect(head.headers.get("content-length")).toEqual([String(get.body.byteLength)]);
      }
    },
  );

  test("of what does not exist is 404, and of a route without GET is 405", async () => {
    await using registry = await startHttpRegistry();
    expect((await exchange(registry.port, [rawRequest("HEAD", "/nowhere")])).status).toBe(404);
    expect((await exchange(registry.port, [rawRequest("HEAD", "/heartbeat")])).status).toBe(405);
  });
});

describe("paths", () => {
  test("that are unknown are 404 with a JSON body", async () => {
    await using registry = await startHttpRegistry();
    for (const path of [
      "/nowhere",
      "/agent",
      "/agents/a/b",
      "/Agents",
      "/docs/oauth2-redirect",
      "/dependencies/greeting",
    ]) {
      const { status, body } = await registry.get(path);
      expect({ path, status, body }).toEqual({ path, status: 404, body: { detail: "Not Found", error: "Not Found" } });
    }
  });

  test("served with another method are 405 and say which methods are allowed", async () => {
    await using registry = await startHttpRegistry();
    const cases = [
      ["PUT", "/", "GET, HEAD, OPTIONS"],
      ["POST", "/agents", "GET, HEAD, OPTIONS"],
      ["DELETE", "/agents", "GET, HEAD, OPTIONS"],
      ["GET", "/heartbeat", "POST, OPTIONS"],
      ["GET", "/agents/register_with_metadata", "POST, OPTIONS"],
      ["DELETE", "/agents/register_capabilities", "POST, OPTIONS"],
      ["GET", "/agents/a/health", "POST, OPTIONS"],
      ["PATCH", "/capabilities", "GET, HEAD, OPTIONS"],
      ["POST", "/health", "GET, HEAD, OPTIONS"],
      ["POST", "/health/a", "GET, HEAD, OPTIONS"],
      ["POST", "/metrics/prometheus", "GET, HEAD, OPTIONS"],
    ] as const;
    for (const [method, path, allow] of cases) {
      const response = await registry.fetch(path, { method });
      const line = `${method} ${path}`;
      expect({ line, status: response.status, allow: response.headers.get("allow") }).toEqual({
        line,
        status: 405,
        allow,
      });
      expect(await response.json()).toEqual({ detail: "Method Not Allowed", error: "Method Not Allowed" });
    }
    const agent = await registry.fetch("/agents/a", { method: "PUT" });
    expect(agent.status).toBe(405);
    expect(agent.headers.get("allow")?.split(", ").sort()).toEqual(["DELETE", "GET", "HEAD", "OPTIONS"]);
  });

  test("with a slash at the end lead to the path without it: 301 for GET, 307 otherwise, query and all", async () => {
    await using registry = await startHttpRegistry();
    const cases = [
      ["GET", "/agents/", 301, "/agents"],
      ["HEAD", "/agents/", 301, "/agents"],
      ["GET", "/agents/?status=healthy&limit=2", 301, "/agents?status=healthy&limit=2"],
      ["GET", "/agents/some%20one/", 301, "/agents/some%20one"],
      ["GET", "/health/", 301, "/health"],
      ["POST", "/heartbeat/", 307, "/heartbeat"],
      ["POST", "/agents/register_with_metadata/", 307, "/agents/register_with_metadata"],
      ["DELETE", "/agents/a/", 307, "/agents/a"],
      ["GET", "//agents//", 301, "/agents"],
    ] as const;
    for (const [method, target, status, location] of cases) {
      const answer = await exchange(registry.port, [rawRequest(method, target)]);
      expect({ method, target, status: answer.status, location: answer.headers.get("location") }).toEqual({
        method,
        target,
        status,
        location: [location],
      });
    }
    expect((await exchange(registry.port, [rawRequest("GET", "/nowhere/")])).status).toBe(404);
  });

  test("with doubled slashes are the paths with single ones", async () => {
    await using registry = await startHttpRegistry();
    const beat = '{"agent_id":"a"}';
    expect((await exchange(registry.port, [rawRequest("GET", "//agents?limit=3")])).status).toBe(200);
    expect((await exchange(registry.port, [rawRequest("GET", "/health//monitoring")])).status).toBe(200);
    const heard = await exchange(registry.port, [rawPost("//heartbeat", beat)]);
    expect(heard.status).toBe(404);
    expect(JSON.parse(heard.body.toString()).detail).toBe("Agent a not found");
  });
});

describe("gzip", () => {
  test("is used when it was asked for, and then Content-Length is the compressed length", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(
      "/agents/register_with_metadata",
      registrationBody("big", { capabilities: MANY_CAPABILITIES.slice(0, 100) }),
    );
    for (const target of ["/agents", "/capabilities", "/agents/big", "/metrics/prometheus"]) {
      const plain = await exchange(registry.port, [rawRequest("GET", target)]);
      const small = await exchange(registry.port, [
        rawRequest("GET", target, ["Accept-Encoding: deflate, gzip;q=0.5"]),
      ]);
      expect({ target, encoding: plain.headers.get("content-encoding") }).toEqual({ target, encoding: undefined });
      expect({ target, encoding: small.headers.get("content-encoding") }).toEqual({ target, encoding: ["gzip"] });
      expect(small.headers.get("vary")).toEqual(["Accept-Encoding"]);
      expect(small.headers.get("content-length")).toEqual([String(small.body.byteLength)]);
      expect(small.body.byteLength).toBeLessThan(plain.body.byteLength);
      if (target !== "/metrics/prometheus") expect(gunzipSync(small.body).toString()).toBe(plain.body.toString());
    }
  });

  test("is not used when it was refused, for short bodies, or for none", async () => {
    await using registry = await startHttpRegistry();
    for (const [target, accepted] of [
      ["/", "gzip;q=0"],
      ["/", "identity"],
      ["/livez", "gzip"],
    ] as const) {
      const answer = await exchange(registry.port, [rawRequest("GET", target, [`Accept-Encoding: ${accepted}`])]);
      expect(answer.headers.get("content-encoding")).toBeUndefined();
    }
    const gone = await exchange(registry.port, [rawRequest("DELETE", "/agents/a", ["Accept-Encoding: gzip"])]);
    expect(gone.status).toBe(204);
    expect(gone.body.byteLength).toBe(0);
    expect(gone.headers.get("content-encoding")).toBeUndefined();
  });
});

test("a request's Content-Type does not matter", async () => {
  await using registry = await startHttpRegistry();
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json"]) {
    const { status } = await registry.post("/agents/register_with_metadata", registrationBody("any"), {
      "Content-Type": type,
    });
    expect(status).toBe(201);
  }
  const body = JSON.stringify(registrationBody("none"));
  expect((await exchange(registry.port, [rawPost("/agents/register_with_metadata", body)])).status).toBe(201);
});
