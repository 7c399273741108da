import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { registrationBody } from "../../support/registration-body.ts";

const LIMIT_BYTES = 4 * 1024 * 1024;
const TOO_LARGE = { detail: "Request body too large", error: "Request body too large" };

/** A registration of exactly so many bytes. */
function bodyOf(bytes: number): string {
  const empty = JSON.stringify({ ...registrationBody("padded"), ignored: "" });
  return empty.replace('"ignored":""', `"ignored":"${"x".repeat(bytes - empty.length)}"`);
}

function chunked(body: string): string[] {
  const size = 256 * 1024;
  const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
    body.slice(index * size, (index + 1) * size),
  );
  return [...pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`), "0\r\n\r\n"];
}

describe("a body of 4 MiB", () => {
  test("is taken, whether its length was said or it came in chunks", async () => {
    await using registry = await startHttpRegistry();
    const body = bodyOf(LIMIT_BYTES);
    expect(Buffer.byteLength(body)).toBe(4_194_304);
    expect((await registry.post("/agents/register_with_metadata", body)).status).toBe(201);
    const head = rawRequest("POST", "/agents/register_with_metadata", ["Transfer-Encoding: chunked"]);
    expect((await exchange(registry.port, [head, ...chunked(body)])).status).toBe(201);
  });

  test("and one byte more is 413 on every route that takes one, and changes nothing", async () => {
    await using registry = await startHttpRegistry();
    const body = bodyOf(LIMIT_BYTES + 1);
    const paths = [
      "/agents/register_with_metadata",
      "/agents/register_capabilities",
      "/agents/register",
      "/heartbeat",
      "/agents/heartbeat",
      "/agents/a/health",
    ];
    for (const path of paths) {
      const { status, body: answer } = await registry.post(path, body);
      expect({ path, status, answer }).toEqual({ path, status: 413, answer: TOO_LARGE });
    }
    expect((await registry.get("/agents")).body.count).toBe(0);
  });

  test("and more in chunks is 413 as well", async () => {
    await using registry = await startHttpRegistry();
    const head = rawRequest("POST", "/agents/register_with_metadata", ["Transfer-Encoding: chunked"]);
    const answer = await exchange(registry.port, [head, ...chunked(bodyOf(LIMIT_BYTES + 1))]);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body.toString())).toEqual(TOO_LARGE);
    expect((await registry.get("/agents")).body.count).toBe(0);
  });
});

test("a refused body that arrives all the same is never taken for further requests", async () => {
  await using registry = await startHttpRegistry();
  const smuggled = "DELETE /agents/victim HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100_000);
  await registry.post("/agents/register_with_metadata", registrationBody("victim"));
  const answer = await exchange(registry.port, [
    `POST /heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${smuggled.length}\r\n\r\n`,
    smuggled,
    rawRequest("GET", "/livez"),
  ]);
  expect([answer.status, answer.headers.get("connection")]).toEqual([413, ["close"]]);
  expect(JSON.parse(answer.body.toString())).toEqual(TOO_LARGE);
  expect((await registry.get("/agents/victim")).status).toBe(200);
});

test("a body that was announced too large is refused before it arrives", async () => {
  await using registry = await startHttpRegistry();
  const answer = await exchange(registry.port, [rawRequest("POST", "/heartbeat", ["Content-Length: 999999999"])]);
  expect(answer.status).toBe(413);
  expect(JSON.parse(answer.body.toString())).toEqual(TOO_LARGE);
});

test("a client that waits for `100 Continue` gets it, and then its answer", async () => {
  await using registry = await startHttpRegistry();
  const body = JSON.stringify(registrationBody("patient"));
  const head = rawRequest("POST", "/agents/register_with_metadata", [
    "Expect: 100-continue",
    `Content-Length: ${body.length}`,
  ]);
  const answer = await exchange(registry.port, [head, body]);
  expect(answer.status).toBe(100);
  expect(answer.body.toString()).toStartWith("HTTP/1.1 201 Created\r\n");
});

test("a body that does not arrive whole within 30 seconds is 408", async () => {
  const clock = new ManualClock();
  await using registry = await startHttpRegistry({ clock });
  const answer = exchange(registry.port, [
    rawRequest("POST", "/heartbeat", ["Content-Length: 100"]),
    '{"agent_id":"slow"',
  ]);
  let isAnswered = false;
  void answer.then(() => {
    isAnswered = true;
  });
  // The request has to have been read before its time can begin.
  for (let waited = 0; waited < 200 && (await registry.get("/metrics")).body.active_connections < 2; waited++);
  await clock.advance(30_000);
  await registry.get("/livez");
  expect(isAnswered).toBe(false);
  await clock.advance(1);
  const { status, body } = await answer;
  expect(status).toBe(408);
  expect(JSON.parse(body.toString()).detail).toBe("Request body not received within 30 s");
});

test("an empty body on a route that needs one is 400, and on one that needs none is ignored", async () => {
  await using registry = await startHttpRegistry();
  expect((await registry.post("/heartbeat", "")).body.detail).toBe("EOF");
  const withBody = await exchange(registry.port, [`${rawRequest("GET", "/livez", ["Content-Length: 4"])}body`]);
  expect(withBody.status).toBe(200);
});
