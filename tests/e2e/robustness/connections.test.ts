import { afterAll, beforeAll, expect, test } from "bun:test";
import { HttpConnection, requestText } from "../../support/http-connection.ts";
import { getJson, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openDescriptors, residentMib } from "./process-figures.ts";

/** Longer than any limit of the registry: bodies 30 s, idle connections 45 s. */
const END_MS = 70_000;
const TEST_MS = 120_000;
const REGISTER = "/agents/register_with_metadata";

let registry: RegistryProcess;

beforeAll(async () => {
  registry = await startRegistry({ env: { HOST: "127.0.0.1", ACCESS_LOG: "false" } });
  const metadata = { endpoint: "http://127.0.0.1:9/a", timeout_threshold: 3_600, eviction_threshold: 7_200 };
  for (let index = 0; index < 100; index++) {
    const body = registrationBody(`agent-${index}`, { ...metadata, metadata: { note: "x".repeat(8_000) } });
    expect((await postJson(registry.url + REGISTER, body)).status).toBe(201);
  }
});

afterAll(async () => {
  expect(registry.stderr).not.toContain("Bug while answering");
  await registry[Symbol.asyncDispose]();
});

const open = (): Promise<HttpConnection> => HttpConnection.open(registry.port);

const openMany = (count: number): Promise<HttpConnection[]> => Promise.all(Array.from({ length: count }, open));

function disposeAll(connections: readonly HttpConnection[]): void {
  for (const connection of connections) connection[Symbol.dispose]();
}

const activeRequests = async (): Promise<number> => (await getJson(`${registry.url}/metrics`)).body.active_connections;

/** A read, a beat and a registration by somebody new. */
async function expectService(): Promise<void> {
  expect((await getJson(`${registry.url}/health`)).status).toBe(200);
  expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("agent-1"))).status).toBe(200);
  expect((await postJson(registry.url + REGISTER, registrationBody("somebody-new"))).status).toBe(201);
}

/** Once nothing is being answered any more, there are as many descriptors as before, give or take those of the log. */
async function expectNothingLeft(descriptorsBefore: number): Promise<void> {
  await waitFor("no request is open but this one", async () => (await activeRequests()) === 1);
  await waitFor("the descriptors are given back", () => openDescriptors(registry.pid) <= descriptorsBefore + 2);
}

test(
  "a thousand idle connections leave room for everybody else",
  async () => {
    const descriptors = openDescriptors(registry.pid);
    const silent = await openMany(500);
    const kept = await openMany(500);
    for (const connection of kept) connection.send(requestText("GET", "/livez"));
    for (const connection of kept) expect((await connection.response()).status).toBe(200);
    await waitFor("all are accepted", () => openDescriptors(registry.pid) >= descriptors + 1_000);
    await expectService();
    // One that was idle is served as if it had not been.
    for (const connection of [...kept.slice(0, 50), ...silent.slice(0, 50)]) {
      connection.send(requestText("POST", "/heartbeat", JSON.stringify(heartbeatBody("agent-2"))));
      expect((await connection.response()).status).toBe(200);
    }
    disposeAll([...silent, ...kept]);
    await expectNothingLeft(descriptors);
  },
  TEST_MS,
);

test(
  "slow and half requests end in bounded time, a slow body with 408, while others are served at once",
  async () => {
    const descriptors = openDescriptors(registry.pid);
    const head = "POST /heartbeat HTTP/1.1\r\nHost: localhost\r\n";
    const starts = {
      silent: "",
      "half a request line": "GET /hea",
      "half a header": "GET /health HTTP/1.1\r\nHost: loc",
      "half a body": `${head}Content-Length: 100\r\n\r\n{"agent_id":`,
      "half a chunked body": `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"age\r\n`,
      "no chunk at all": `${head}Transfer-Encoding: chunked\r\n\r\n`,
    };
    const drips = {
      "a header, byte by byte": `GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ${"a".repeat(1_000)}`,
      "a body, byte by byte": `${head}Content-Length: 1000\r\n\r\n${" ".repeat(1_000)}`,
      "a chunked body, byte by byte": `${head}Transfer-Encoding: chunked\r\n\r\nfff\r\n${" ".repeat(1_000)}`,
    };
    const ends: Promise<[string, string]>[] = [];
    const connections: HttpConnection[] = [];
    const watch = async (what: string, connection: HttpConnection): Promise<[string, string]> => {
      const answer = await connection.response(END_MS).then(
        ({ status, body }) => `${status} ${JSON.parse(body).detail}`,
        () => "no answer",
      );
      await connection.closed;
      return [what, answer];
    };
    for (const [what, text] of Object.entries(starts)) {
      for (const connection of await openMany(20)) {
        connections.push(connection);
        if (text !== "") connection.send(text);
        ends.push(watch(what, connection));
      }
    }
    const dripping = await Promise.all(
      Object.entries(drips).map(async ([what, text]) => ({ what, text, connection: await open() })),
    );
    for (const { what, connection } of dripping) ends.push(watch(what, connection));

    let isOver = false;
    const over = Promise.all(ends).finally(() => {
      isOver = true;
    });
    let served = 0;
    for (let round = 0; !isOver; round++) {
      for (const { text, connection } of dripping) if (!connection.isClosed) connection.send(text[round] ?? " ");
      const startMs = performance.now();
      await expectService();
      // "At once": no limit of a slow one is waited for.
      expect(performance.now() - startMs).toBeLessThan(5_000);
      served++;
      await Bun.sleep(100);
    }
    expect(served).toBeGreaterThan(50);

    const tooSlow = "408 Request body not received within 30 s";
    expect(Object.fromEntries(await over)).toEqual({
      silent: "no answer",
      "half a request line": "no answer",
      "half a header": "no answer",
      "half a body": tooSlow,
      "half a chunked body": tooSlow,
      "no chunk at all": tooSlow,
      "a header, byte by byte": "no answer",
      "a body, byte by byte": tooSlow,
      "a chunked body, byte by byte": tooSlow,
    });
    disposeAll(connections);
    await expectNothingLeft(descriptors);
  },
  TEST_MS,
);

test(
  "a client that does not read its list delays nobody, and is cut off",
  async () => {
    const descriptors = openDescriptors(registry.pid);
    const deaf = await openMany(20);
    for (const connection of deaf) {
      connection.stopReading();
      // More lists than the buffers of both systems hold.
      for (let index = 0; index < 10; index++) connection.send(requestText("GET", "/agents"));
    }
    await waitFor(
      "answers are waiting",
      async () => (await activeRequests()) > 1 || openDescriptors(registry.pid) > descriptors + 10,
    );
    await expectService();
    // Whether it was cut off can only be seen from the other end: this one would have to read to notice.
    await waitFor("the registry has let go of them", () => openDescriptors(registry.pid) <= descriptors + 2, END_MS);
    disposeAll(deaf);
    await expectNothingLeft(descriptors);
  },
  TEST_MS,
);

test(
  "clients that vanish in the middle of a body or of a list leave nothing behind",
  async () => {
    const descriptors = openDescriptors(registry.pid);
    const body = JSON.stringify(registrationBody("vanishing", { metadata: { note: "x".repeat(100_000) } }));
    const half = requestText("POST", REGISTER, body).slice(0, 50_000);
    const round = async (): Promise<void> => {
      const sending = await openMany(50);
      for (const connection of sending) connection.send(half);
      const reading = await openMany(50);
      for (const connection of reading) connection.send(requestText("GET", "/agents"));
      await Promise.all(
        reading.map((connection) => waitFor("a part of the list is here", () => connection.receivedBytes > 0)),
      );
      for (const connection of [...sending, ...reading]) connection.vanish();
      await Promise.all([...sending, ...reading].map(({ closed }) => closed));
    };
    // The first rounds grow what is kept for reuse: buffers, code, the heap itself.
    for (let index = 0; index < 10; index++) await round();
    await expectNothingLeft(descriptors);
    const before = residentMib(registry.pid);
    for (let index = 0; index < 20; index++) await round();
    await expectNothingLeft(descriptors);
    // 2,000 clients: were a list or a body of each kept, it would be 800 MB or 50 MB.
    expect(residentMib(registry.pid) - before).toBeLessThan(40);
    expect((await getJson(`${registry.url}/agents/vanishing`)).status).toBe(404);
    await expectService();
  },
  TEST_MS,
);

test(
  "ten thousand requests on one connection are all answered, in order",
  async () => {
    const descriptors = openDescriptors(registry.pid);
    using connection = await open();
    const perTurn = 100;
    const memory: number[] = [];
    for (let turn = 0; turn < 100; turn++) {
      // Pipelined: the next ones are sent before the first was answered.
      for (let index = 0; index < perTurn; index++)
        connection.send(requestText("GET", `/agents/agent-${index}?fields=${turn}`));
      for (let index = 0; index < perTurn; index++) {
        const { status, body } = await connection.response();
        expect([status, JSON.parse(body).id]).toEqual([200, `agent-${index}`]);
      }
      if (turn % 10 === 0) memory.push(residentMib(registry.pid));
    }
    expect((memory.at(-1) ?? 0) - (memory[2] ?? 0)).toBeLessThan(40);
    connection.finish();
    await connection.closed;
    await expectNothingLeft(descriptors);
  },
  TEST_MS,
);

test("pipelined writes are carried out in order", async () => {
  using connection = await open();
  const register = (note: string) =>
    requestText("POST", REGISTER, JSON.stringify(registrationBody("piped", { labels: { note } })));
  const requests = [
    register("first"),
    requestText("GET", "/agents/piped"),
    register("second"),
    requestText("GET", "/agents/piped"),
    requestText("DELETE", "/agents/piped"),
    requestText("GET", "/agents/piped"),
  ];
  connection.send(requests.join(""));
  const answers: unknown[] = [];
  for (const _ of requests) {
    const { status, body } = await connection.response();
    answers.push([status, body === "" ? null : (JSON.parse(body).labels?.note ?? null)]);
  }
  expect(answers).toEqual([
    [201, null],
    [200, "first"],
    [201, null],
    [200, "second"],
    [204, null],
    [404, null],
  ]);
});

test("a body that is announced with Expect: 100-continue is asked for, then taken", async () => {
  using connection = await open();
  const body = JSON.stringify(heartbeatBody("agent-3"));
  const request = requestText("POST", "/heartbeat", body, ["Expect: 100-continue"]);
  connection.send(request.slice(0, -body.length));
  expect((await connection.response()).status).toBe(100);
  connection.send(body);
  expect((await connection.response()).status).toBe(200);
});

test("what is no HTTP is refused or cut, and never answered as if it were", async () => {
  const host = "Host: localhost\r\n";
  const texts = {
    "another protocol": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "line noise": "\x00\x01\x02\xff\xfe\r\n\r\n",
    "a word": "hello\r\n\r\n",
    "no version": `GET /health\r\n${host}\r\n`,
    "HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": "GET /health HTTP/1.1\r\n\r\n",
    "a length that is none": `POST /heartbeat HTTP/1.1\r\n${host}Content-Length: abc\r\n\r\n{}`,
    "a negative length": `POST /heartbeat HTTP/1.1\r\n${host}Content-Length: -5\r\n\r\n{}`,
    "two lengths": `POST /heartbeat HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    "length and chunks": `POST /heartbeat HTTP/1.1\r\n${host}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    "a chunk size that is none": `POST /heartbeat HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`,
    "a folded header": `GET /health HTTP/1.1\r\n${host}X-A: a\r\n b\r\n\r\n`,
    "a blank in a name": `GET /health HTTP/1.1\r\n${host}X A: a\r\n\r\n`,
    "a huge header": `GET /health HTTP/1.1\r\n${host}X-A: ${"a".repeat(200_000)}\r\n\r\n`,
    "a huge target": `GET /${"a".repeat(200_000)} HTTP/1.1\r\n${host}\r\n`,
    "a thousand headers": `GET /health HTTP/1.1\r\n${host}${"X-A: a\r\n".repeat(1_000)}\r\n`,
  };
  const answers: Record<string, number | null> = {};
  for (const [what, text] of Object.entries(texts)) {
    using connection = await open();
    connection.send(Buffer.from(text, "latin1"));
    connection.finish();
    answers[what] = await connection.response().then(
      ({ status }) => status,
      () => null,
    );
    await connection.closed;
  }
  for (const [what, status] of Object.entries(answers)) {
    // 505: a version that is not spoken here, which is the client's business.
    expect([what, status === null || (status >= 400 && status < 500) || status === 505]).toEqual([what, true]);
  }
  await expectService();
});

test("a request behind one that was refused for its framing is not carried out", async () => {
  using connection = await open();
  const smuggled = requestText("DELETE", "/agents/agent-4");
  connection.send(
    `POST /heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  );
  await connection.closed;
  expect((await getJson(`${registry.url}/agents/agent-4`)).status).toBe(200);
});
