import { describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { registrationBody } from "../../support/registration-body.ts";

const PAGE = "https://page.example";
const CORS_HEADERS = [
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-allow-credentials",
  "access-control-max-age",
  "vary",
] as const;

function corsOf(response: Response): Record<string, string> {
  return Object.fromEntries(
    CORS_HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
}

const OPEN = {
  "access-control-allow-origin": PAGE,
  "access-control-allow-methods": "GET,POST,PUT,PATCH,DELETE,OPTIONS",
  "access-control-allow-headers": "*",
  vary: "Origin",
};

describe("by default", () => {
  test("every page may read, without credentials; an answer to no page has no CORS headers", async () => {
    await using registry = await startHttpRegistry();
    for (const path of ["/agents", "/health", "/nowhere"]) {
      expect(corsOf(await registry.fetch(path, { headers: { Origin: PAGE } }))).toEqual(OPEN);
      expect(corsOf(await registry.fetch(path))).toEqual({});
    }
  });

  test("a preflight mirrors the headers that the page asks for", async () => {
    await using registry = await startHttpRegistry();
    const response = await registry.fetch("/agents/register_with_metadata", {
      method: "OPTIONS",
      headers: {
        Origin: PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-trace",
      },
    });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expect(corsOf(response)).toEqual({
      ...OPEN,
      "access-control-allow-headers": "content-type, x-trace",
      "access-control-max-age": "600",
    });
  });

  test("OPTIONS is 204 without a body on any path, with and without Origin", async () => {
    await using registry = await startHttpRegistry();
    for (const path of ["/agents", "/nowhere", "/agents/a/health"]) {
      const plain = await registry.fetch(path, { method: "OPTIONS" });
      expect([plain.status, await plain.text(), corsOf(plain)]).toEqual([204, "", {}]);
      expect((await registry.fetch(path, { method: "OPTIONS", headers: { Origin: PAGE } })).status).toBe(204);
    }
  });
});

describe("with ALLOWED_ORIGINS naming one", () => {
  const environment = {
    ALLOWED_ORIGINS: "https://page.example, https://other.example:8443/",
    ALLOWED_METHODS: "GET, POST",
    ALLOWED_HEADERS: "Content-Type, X-Trace",
  };
  const NAMED = {
    "access-control-allow-origin": PAGE,
    "access-control-allow-methods": "GET,POST",
    "access-control-allow-headers": "Content-Type,X-Trace",
    "access-control-allow-credentials": "true",
    vary: "Origin",
  };

  test("the named origin may read with credentials; others are served without the headers", async () => {
    await using registry = await startHttpRegistry({ environment });
    expect(corsOf(await registry.fetch("/agents", { headers: { Origin: PAGE } }))).toEqual(NAMED);
    const foreign = await registry.fetch("/agents", { headers: { Origin: "https://elsewhere.example" } });
    expect(foreign.status).toBe(200);
    expect(corsOf(foreign)).toEqual({ vary: "Origin" });
  });

  test("a preflight says what is configured, and to a foreign origin nothing", async () => {
    await using registry = await startHttpRegistry({ environment });
    const preflight = (origin: string) =>
      registry.fetch("/agents", {
        method: "OPTIONS",
        headers: { Origin: origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-evil" },
      });
    expect(corsOf(await preflight(PAGE))).toEqual({ ...NAMED, "access-control-max-age": "600" });
    const foreign = await preflight("https://elsewhere.example");
    expect([foreign.status, corsOf(foreign)]).toEqual([204, { vary: "Origin" }]);
  });

  test("beside `*` every page may read, and only the named one with credentials", async () => {
    await using registry = await startHttpRegistry({ environment: { ALLOWED_ORIGINS: `*,${PAGE}` } });
    const named = corsOf(await registry.fetch("/agents", { headers: { Origin: PAGE } }));
    const other = corsOf(await registry.fetch("/agents", { headers: { Origin: "https://elsewhere.example" } }));
    expect(named["access-control-allow-credentials"]).toBe("true");
    expect(other["access-control-allow-origin"]).toBe("https://elsewhere.example");
    expect(other["access-control-allow-credentials"]).toBeUndefined();
  });
});

test("ENABLE_CORS=false sends no CORS headers", async () => {
  await using registry = await startHttpRegistry({ environment: { ENABLE_CORS: "false" } });
  expect(corsOf(await registry.fetch("/agents", { headers: { Origin: PAGE } }))).toEqual({});
  const preflight = await registry.fetch("/agents", { method: "OPTIONS", headers: { Origin: PAGE } });
  expect([preflight.status, corsOf(preflight)]).toEqual([204, {}]);
});

describe("a request that changes something", () => {
  const changes = [
    ["POST", "/agents/register_with_metadata"],
    ["POST", "/agents/register"],
    ["POST", "/agents/register_capabilities"],
    ["POST", "/heartbeat"],
    ["POST", "/agents/heartbeat"],
    ["POST", "/agents/known/health"],
    ["DELETE", "/agents/known"],
  ] as const;

  test("is 403 from a foreign origin, also under `*`, and changes nothing", async () => {
    await using registry = await startHttpRegistry();
    await registry.post("/agents/register_with_metadata", registrationBody("known"));
    const before = (await registry.get("/agents")).body;
    for (const origin of [PAGE, "null", "file://", "https://localhost.evil.example", "http://127.0.0.1.evil.example"]) {
      for (const [method, path] of changes) {
        const response = await registry.fetch(path, {
          method,
          headers: { Origin: origin },
          ...(method === "POST" ? { body: JSON.stringify(registrationBody("known", { name: "stolen" })) } : {}),
        });
        expect({ origin, path, status: response.status }).toEqual({ origin, path, status: 403 });
        expect(await response.json()).toEqual({
          detail: "Origin not allowed to change anything: add it to ALLOWED_ORIGINS",
          error: "Origin not allowed to change anything: add it to ALLOWED_ORIGINS",
        });
      }
    }
    expect((await registry.get("/agents")).body.agents).toEqual(before.agents);
  });

  test("is served without Origin, from loopback, from the same origin and from a named one", async () => {
    await using registry = await startHttpRegistry({
      environment: { ALLOWED_ORIGINS: PAGE, ALLOWED_HOSTS: "mesh.test" },
    });
    const allowed = [
      {},
      { Origin: "http://localhost:3000" },
      { Origin: "https://127.0.0.1" },
      { Origin: "http://[::1]:5173" },
      { Origin: "http://app.localhost:5173" },
      { Origin: PAGE },
      { Origin: "http://mesh.test:8000", Host: "mesh.test:8000" },
    ];
    for (const headers of allowed) {
      const { status } = await registry.post(
        "/agents/register_with_metadata",
        registrationBody("any"),
        headers as never,
      );
      expect({ headers, status }).toEqual({ headers, status: 201 });
    }
    const otherPort = { Origin: "http://mesh.test:9000", Host: "mesh.test:8000" };
    expect((await registry.post("/heartbeat", {}, otherPort)).status).toBe(403);
  });
});

describe("the Host header of a registry on loopback", () => {
  const statusFor = async (port: number, host: string, target = "/agents"): Promise<number> =>
    (await exchange(port, [rawRequest("GET", target).replace("Host: localhost", `Host: ${host}`)])).status;

  test("must be a loopback name, on every route", async () => {
    await using registry = await startHttpRegistry();
    for (const host of [
      "localhost",
      "LOCALHOST:8000",
      "localhost.",
      "127.0.0.1:80",
      "127.8.9.1",
      "[::1]:8000",
      "a.localhost",
    ]) {
      expect({ host, status: await statusFor(registry.port, host) }).toEqual({ host, status: 200 });
    }
    const foreign = [
      "evil.example",
      "evil.example:8000",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "0.0.0.0",
    ];
    for (const host of [...foreign, "evil-localhost", "[::1x", "[::2]", "localhost:80@evil.example", "mesh.test"]) {
      for (const target of ["/agents", "/health", "/", "/nowhere"]) {
        expect({ host, target, status: await statusFor(registry.port, host, target) }).toEqual({
          host,
          target,
          status: 403,
        });
      }
    }
    const refused = await exchange(registry.port, [
      rawRequest("GET", "/agents").replace("Host: localhost", "Host: evil.example"),
    ]);
    expect(JSON.parse(refused.body.toString())).toEqual({
      detail: "Host not allowed: use a loopback name, or add it to ALLOWED_HOSTS",
      error: "Host not allowed: use a loopback name, or add it to ALLOWED_HOSTS",
    });
  });

  test("may be one of ALLOWED_HOSTS", async () => {
    await using registry = await startHttpRegistry({ environment: { ALLOWED_HOSTS: "mesh.test, Other.Test:8000" } });
    expect(await statusFor(registry.port, "MESH.test:9999")).toBe(200);
    expect(await statusFor(registry.port, "other.test:8000")).toBe(200);
    expect(await statusFor(registry.port, "other.test:9000")).toBe(403);
  });

  test("does not matter on another address", async () => {
    await using registry = await startHttpRegistry({ environment: { HOST: "0.0.0.0" } });
    expect(await statusFor(registry.port, "registry.example")).toBe(200);
  });

  test("is guarded on `localhost` too, where both loopback addresses answer", async () => {
    await using registry = await startHttpRegistry({ environment: { HOST: "localhost" } });
    expect(await statusFor(registry.port, "localhost")).toBe(200);
    expect(await statusFor(registry.port, "evil.example")).toBe(403);
    const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
    if (!addresses.some(({ address }) => address === "::1")) return;
    expect((await exchange(registry.port, [rawRequest("GET", "/livez")], "::1")).status).toBe(200);
  });
});
