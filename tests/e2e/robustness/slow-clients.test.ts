import { expect, test } from "bun:test";
import { HttpConnection, requestText } from "../../support/http-connection.ts";
import { startRegistry } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { canLookIntoProcesses, openDescriptors, restingDescriptors } from "./process-figures.ts";
import { disposeAll, expectNothingLeft, expectService, openMany, registerAgents } from "./service.ts";

const ENVIRONMENT = { HOST: "127.0.0.1", ACCESS_LOG: "false" };
/** Longer than any limit of the registry: headers some ten seconds, bodies 30, connections without progress 45. */
const END_MS = 80_000;
const TEST_MS = 150_000;
const canLook = canLookIntoProcesses();

const POST = "POST /heartbeat HTTP/1.1\r\nHost: localhost\r\n";
const TOO_SLOW = "408 Request body not received within 30 s";

/** What is sent at once and then nothing more, and how it ends. */
const HALF = {
  nothing: ["", "no answer"],
  "half a request line": ["GET /hea", "no answer"],
  "half a header": ["GET /health HTTP/1.1\r\nHost: loc", "no answer"],
  "half a body": [`${POST}Content-Length: 100\r\n\r\n{"agent_id":`, TOO_SLOW],
  "half a chunked body": [`${POST}Transfer-Encoding: chunked\r\n\r\n5\r\n{"age\r\n`, TOO_SLOW],
  "no chunk at all": [`${POST}Transfer-Encoding: chunked\r\n\r\n`, TOO_SLOW],
} as const;

/** What is sent a byte at a time, and how it ends. */
const DRIPPING = {
  "a header, byte by byte": [`GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${"a".repeat(1_000)}`, "no answer"],
  "a body, byte by byte": [`${POST}Content-Length: 1000\r\n\r\n${" ".repeat(1_000)}`, TOO_SLOW],
  "a chunked body, byte by byte": [`${POST}Transfer-Encoding: chunked\r\n\r\nfff\r\n${" ".repeat(1_000)}`, TOO_SLOW],
} as const;

/** How the connection ends: the answer, if there is one, before it is closed. */
async function endOf(connection: HttpConnection): Promise<string> {
  const answer = await connection.response(END_MS).then(
    ({ status, body }) => `${status} ${JSON.parse(body).detail}`,
    () => "no answer",
  );
  await connection.closed;
  return answer;
}

// Both spend their time waiting for limits of the registry.
test.concurrent.skipIf(!canLook)(
  "slow and half requests end in bounded time, a slow body with 408, while others are served at once",
  async () => {
    await using registry = await startRegistry({ env: ENVIRONMENT });
    await registerAgents(registry, 2, 10);
    const descriptors = await restingDescriptors(registry.pid);
    const ends: Promise<{ what: string; end: string; expected: string }>[] = [];
    const watch = async (what: string, connection: HttpConnection, expected: string) => ({
      what,
      end: await endOf(connection),
      expected,
    });
    for (const [what, [text, expected]] of Object.entries(HALF)) {
      for (const connection of await openMany(registry, 20)) {
        if (text !== "") connection.send(text);
        ends.push(watch(what, connection, expected));
      }
    }
    const dripping: { readonly text: string; readonly connection: HttpConnection }[] = [];
    for (const [what, [text, expected]] of Object.entries(DRIPPING)) {
      const connection = await HttpConnection.open(registry.port);
      dripping.push({ text, connection });
      ends.push(watch(what, connection, expected));
    }
    let isOver = false;
    const over = Promise.all(ends).finally(() => {
      isOver = true;
    });
    for (let round = 0; !isOver; round++) {
      for (const { text, connection } of dripping) if (!connection.isClosed) connection.send(text[round] ?? " ");
      const startMs = performance.now();
      await expectService(registry);
      // Far from any limit that a slow one is given.
      expect(performance.now() - startMs).toBeLessThan(5_000);
      await Bun.sleep(100);
    }
    for (const { what, end, expected } of await over) expect(`${what}: ${end}`).toBe(`${what}: ${expected}`);
    await expectNothingLeft(registry, descriptors);
    expect(registry.stderr).not.toContain("Bug");
  },
  TEST_MS,
);

test.concurrent.skipIf(!canLook)(
  "clients that do not read their lists delay nobody, and are cut off",
  async () => {
    await using registry = await startRegistry({ env: ENVIRONMENT });
    // A list longer than the systems hold for a connection.
    await registerAgents(registry, 150, 50_000);
    const descriptors = await restingDescriptors(registry.pid);
    const deaf = await openMany(registry, 10);
    for (const connection of deaf) {
      connection.stopReading();
      connection.send(requestText("GET", "/agents"));
    }
    await waitFor("they are connected", () => openDescriptors(registry.pid) >= descriptors + 10);
    const vanishing = deaf.splice(0, 5);
    for (const connection of vanishing) connection.vanish();
    await waitFor("those that went are let go of", () => openDescriptors(registry.pid) <= descriptors + 7);
    // Their own end would have to read to notice.
    await waitFor(
      "the registry has let go of them",
      async () => {
        await expectService(registry);
        return openDescriptors(registry.pid) <= descriptors + 2;
      },
      END_MS,
    );
    disposeAll(deaf);
    await expectNothingLeft(registry, descriptors);
  },
  TEST_MS,
);
