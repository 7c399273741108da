import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock } from "../clock.ts";
import { type AccessLogOptions, createAccessLog, formatLatency } from "./access-log.ts";

/** Noon, in whatever zone the test runs. */
const NOON_MS = new Date(2025, 5, 11, 12, 0, 0).getTime();
const NOON_UTC_MS = Date.UTC(2025, 5, 11, 12, 0, 0);

function open(options: Partial<AccessLogOptions> = {}) {
  const clock = new ManualClock();
  const chunks: string[] = [];
  const write = (chunk: string) => void chunks.push(chunk);
  const schedule = (delayMs: number, run: () => void) => clock.after(delayMs, run);
  const log = createAccessLog({ format: "text", write, schedule, ...options });
  const lines = async () => {
    await log.flush();
    return chunks.join("").split("\n").slice(0, -1);
  };
  return { clock, log, lines };
}

describe("text access log", () => {
  test("has the columns of Go's, with our tag", async () => {
    const { log, lines } = open();
    log.record(200, 0.2134, "127.0.0.1", "GET", "/health", NOON_MS);
    log.record(404, 12.25, "2001:db8::1234:5678", "OPTIONS", "/agents?capability=a,b&limit=2", NOON_MS + 999.9);
    log.record(201, 1500, "::ffff:10.0.0.7", "POST", "/heartbeat", NOON_MS + 1000);
    expect(await lines()).toEqual([
      '[REGISTRY] 2025/06/11 - 12:00:00 | 200 |       213.4µs |       127.0.0.1 | GET      "/health"',
      '[REGISTRY] 2025/06/11 - 12:00:00 | 404 |       12.25ms | 2001:db8::1234:5678 | OPTIONS  "/agents?capability=a,b&limit=2"',
      '[REGISTRY] 2025/06/11 - 12:00:01 | 201 |          1.5s |        10.0.0.7 | POST     "/heartbeat"',
    ]);
  });

  test("escapes what a client can put into its request", async () => {
    const { log, lines } = open();
    log.record(404, 1, "127.0.0.1", "GET", '/a"b\\c\n[REGISTRY] 2025\u001b[2J\u2028', NOON_MS);
    log.record(405, 1, "127.0.0.1", "EVIL\r\nX", "/", NOON_MS);
    expect(await lines()).toEqual([
      '[REGISTRY] 2025/06/11 - 12:00:00 | 404 |           1ms |       127.0.0.1 | GET      "/a\\"b\\\\c\\n[REGISTRY] 2025\\x1b[2J\\u2028"',
      '[REGISTRY] 2025/06/11 - 12:00:00 | 405 |           1ms |       127.0.0.1 | EVIL\\u000d\\u000aX  "/"',
    ]);
  });

  test("cuts a target that does not end", async () => {
    const { log, lines } = open();
    log.record(414, 1, "127.0.0.1", "GET", `/${"a".repeat(100_000)}`, NOON_MS);
    expect((await lines())[0]).toEndWith('aaa..."');
  });

  test("is written within 50 ms, without being asked", async () => {
    const chunks: string[] = [];
    const { clock, log } = open({ write: (chunk) => void chunks.push(chunk) });
    log.record(200, 1, "127.0.0.1", "GET", "/", NOON_MS);
    await clock.advance(50);
    expect(chunks).toHaveLength(1);
  });

  test("drops lines beyond 1 MiB while nobody reads, and tells how many", async () => {
    const drops: number[] = [];
    const { clock, log } = open({ write: () => new Promise(() => {}), onDrop: (lines) => void drops.push(lines) });
    for (let request = 0; request < 20_000; request += 1) log.record(200, 1, "127.0.0.1", "GET", "/health", NOON_MS);
    // 94 characters a line.
    expect(log.droppedLines).toBe(20_000 - Math.floor(1_048_576 / 94));
    await clock.advance(5_000);
    expect(drops).toEqual([log.droppedLines]);
    const closed = log.close(100);
    await clock.advance(100);
    await closed;
    expect(log.droppedLines).toBe(20_000);
  });
});

describe("JSON access log", () => {
  test("writes one object a line", async () => {
    const { log, lines } = open({ format: "json", registryName: "lab" });
    log.record(200, 0.2134, "::ffff:127.0.0.1", "GET", "/health?a=1", NOON_UTC_MS + 7);
    log.record(404, 1500, "::1", "EVIL\n", '/"\u001b[2J\u009b', NOON_UTC_MS + 1999);
    expect(await lines()).toEqual([
      '{"time":"2025-06-11T12:00:00.007Z","registry":"lab","log":"access","status":200,"latency_ms":0.2134,"client":"127.0.0.1","method":"GET","path":"/health?a=1"}',
      '{"time":"2025-06-11T12:00:01.999Z","registry":"lab","log":"access","status":404,"latency_ms":1500,"client":"::1","method":"EVIL\\n","path":"/\\"\\u001b[2J\\u009b"}',
    ]);
  });

  test("is one object a line whatever the client sends", async () => {
    const hostile = fc.string({ unit: "binary", maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(hostile, hostile, fc.double(), async (path, method, durationMs) => {
        const { log, lines } = open({ format: "json" });
        log.record(200, durationMs, "127.0.0.1", method, path, NOON_UTC_MS);
        const written = await lines();
        expect(written).toHaveLength(1);
        expect(JSON.parse(written[0] ?? "")).toMatchObject({ path, status: 200, client: "127.0.0.1" });
      }),
    );
  });
});

test("latencies are printed as Go prints a duration", () => {
  const printed = [0, 0.00085, 0.0002, 0.001, 0.2134, 0.213417, 0.9999999, 1, 12.25, 999.999999, 1000, 2250, 59_999.5];
  expect(printed.map(formatLatency)).toEqual([
    "0s",
    "850ns",
    "200ns",
    "1µs",
    "213.4µs",
    "213.417µs",
    "1ms",
    "1ms",
    "12.25ms",
    "999.999999ms",
    "1s",
    "2.25s",
    "59.9995s",
  ]);
  expect([60_000, 63_900, 3_605_000, -1, Number.NaN, Number.POSITIVE_INFINITY].map(formatLatency)).toEqual([
    "1m0s",
    "1m3s",
    "1h0m5s",
    "0s",
    "0s",
    "0s",
  ]);
});
