import { expect, test } from "bun:test";
import { STILL_SHAPE } from "../register-fleet.ts";
import type { LoadRequest, Stream } from "./messages.ts";
import { runLoad } from "./run-load.ts";

const HEADERS = { headers: { "content-type": "application/json" } };

function serve(fetch: (request: Request) => Response | Promise<Response>) {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

const requestFor = (port: number, streams: readonly Stream[], measureMs: number | null): LoadRequest => ({
  id: 1,
  port,
  serverPid: process.pid,
  warmMs: 0,
  measureMs,
  streams,
});

test("a fleet registers each of its agents once and the run ends by itself", async () => {
  const ids: string[] = [];
  await using server = serve(async (request) => {
    const { agent_id } = (await request.json()) as { agent_id: string };
    ids.push(`${new URL(request.url).pathname} ${agent_id}`);
    return new Response("{}", { status: 201, ...HEADERS });
  });
  const workload = { kind: "registrations", dialect: "ours", from: 5, count: 40, shape: STILL_SHAPE } as const;
  const stream: Stream = { name: "fleet", pace: { kind: "closed", connections: 8 }, workload };
  const { streams } = await runLoad(requestFor(server.port, [stream], null));
  expect(streams[0]).toMatchObject({ requests: 40, failures: 0, firstFailure: null });
  expect(ids.sort()).toEqual(
    Array.from({ length: 40 }, (_, n) => `/agents/register_with_metadata agent-${String(n + 5).padStart(6, "0")}`),
  );
});

test("the published registry hears registrations as beats", async () => {
  const paths = new Set<string>();
  await using server = serve((request) => {
    paths.add(`${request.method} ${new URL(request.url).pathname}`);
    return new Response("{}", HEADERS);
  });
  const workload = { kind: "registrations", dialect: "reference", from: 0, count: 3, shape: STILL_SHAPE } as const;
  await runLoad(requestFor(server.port, [{ name: "f", pace: { kind: "closed", connections: 1 }, workload }], null));
  expect([...paths]).toEqual(["POST /heartbeat"]);
});

test("a one-shot stream makes a new connection for each request, so many at once and no more", async () => {
  const clients = new Set<number>();
  let atOnce = 0;
  let mostAtOnce = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request, self) {
      clients.add(self.requestIP(request)?.port ?? 0);
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      await Bun.sleep(1);
      atOnce -= 1;
      return new Response("{}", HEADERS);
    },
  });
  const pace = { kind: "one-shot", requests: 30, batch: 10 } as const;
  const stream: Stream = { name: "curls", pace, workload: { kind: "get", paths: ["/agents"] } };
  const { streams } = await runLoad(requestFor(server.port ?? 0, [stream], null));
  await server.stop(true);
  expect(streams[0]).toMatchObject({ requests: 30, failures: 0, bodyBytes: 60 });
  expect(clients.size).toBe(30);
  expect(mostAtOnce).toBeLessThanOrEqual(10);
});

test("answers other than 2xx are failures and not throughput", async () => {
  await using server = serve(() => new Response("{}", { status: 503, ...HEADERS }));
  const pace = { kind: "one-shot", requests: 5, batch: 5 } as const;
  const stream: Stream = { name: "lists", pace, workload: { kind: "get", paths: ["/agents"] } };
  const { streams } = await runLoad(requestFor(server.port, [stream], null));
  expect(streams[0]).toMatchObject({ requests: 0, failures: 5, firstFailure: "status 503" });
});

test("at open pace a stalled server is charged for everybody it kept waiting", async () => {
  const stallMs = 150;
  let answered = 0;
  await using server = serve(async () => {
    answered += 1;
    if (answered === 1) await Bun.sleep(stallMs);
    return new Response("{}", HEADERS);
  });
  // One connection: while its first answer is held back, about 30 more requests come due and cannot be sent.
  const pace = { kind: "open", connections: 1, ratePerSecond: 200 } as const;
  const stream: Stream = { name: "beats", pace, workload: { kind: "get", paths: ["/agents"] } };
  const { streams } = await runLoad(requestFor(server.port, [stream], 250));
  const [result] = streams;
  expect(result?.failures).toBe(0);
  expect(result?.requests).toBeGreaterThan(40);
  // Timed from when it was sent, only the one request in fifty would have been slow.
  expect(result?.latency.p50Ms).toBeGreaterThan(stallMs / 10);
});

test("a request that was due in the window counts, although its answer comes after it", async () => {
  await using server = serve(async () => {
    await Bun.sleep(120);
    return new Response("{}", HEADERS);
  });
  const pace = { kind: "open", connections: 20, ratePerSecond: 100 } as const;
  const stream: Stream = { name: "beats", pace, workload: { kind: "get", paths: ["/agents"] } };
  const { streams } = await runLoad(requestFor(server.port, [stream], 100));
  expect(streams[0]?.requests).toBeGreaterThan(5);
  expect(streams[0]?.failures).toBe(0);
});

test("requests that are due and never answered are failures", async () => {
  await using server = serve(() => new Promise<Response>(() => {}));
  const pace = { kind: "open", connections: 2, ratePerSecond: 100 } as const;
  const stream: Stream = { name: "beats", pace, workload: { kind: "get", paths: ["/agents"] } };
  const { streams } = await runLoad(requestFor(server.port, [stream], 100), { drainLimitMs: 50 });
  expect(streams[0]).toMatchObject({ requests: 0, firstFailure: "no answer within the time allowed" });
  // Two were sent and wait; the others came due and found no connection.
  expect(streams[0]?.failures).toBeGreaterThan(5);
});

test("a server that drops every connection ends the run", async () => {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { open: (s) => void s.end(), data() {} } });
  const pace = { kind: "closed", connections: 2 } as const;
  const stream: Stream = { name: "lists", pace, workload: { kind: "get", paths: ["/agents"] } };
  const { streams } = await runLoad(requestFor(server.port, [stream], null));
  server.stop(true);
  expect(streams[0]?.requests).toBe(0);
  expect(streams[0]?.failures).toBeGreaterThan(0);
});
