import { afterAll, beforeAll, expect, test } from "bun:test";
import { HttpConnection, requestText } from "../../support/http-connection.ts";
import { getJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { canLookIntoProcesses, openDescriptors, residentMib, restingDescriptors } from "./process-figures.ts";
import { disposeAll, expectNothingLeft, expectService, openMany, REGISTER, registerAgents } from "./service.ts";

const TEST_MS = 120_000;
const canLook = canLookIntoProcesses();

let registry: RegistryProcess;

beforeAll(async () => {
  registry = await startRegistry({ env: { HOST: "127.0.0.1", ACCESS_LOG: "false" } });
  await registerAgents(registry, 100, 8_000);
});

afterAll(async () => {
  expect(registry.stderr).not.toContain("Bug");
  await registry[Symbol.asyncDispose]();
});

const open = (): Promise<HttpConnection> => HttpConnection.open(registry.port);

test.skipIf(!canLook)(
  "a thousand idle connections leave room for everybody else",
  async () => {
    const descriptors = await restingDescriptors(registry.pid);
    const silent = await openMany(registry, 500);
    const kept = await openMany(registry, 500);
    for (const connection of kept) connection.send(requestText("GET", "/livez"));
    for (const connection of kept) expect((await connection.response()).status).toBe(200);
    await waitFor("all are accepted", () => openDescriptors(registry.pid) >= descriptors + 1_000);
    await expectService(registry);
    // One that was idle is served as if it had not been.
    for (const connection of [...kept.slice(0, 50), ...silent.slice(0, 50)]) {
      connection.send(requestText("POST", "/heartbeat", JSON.stringify(heartbeatBody("agent-2"))));
      expect((await connection.response()).status).toBe(200);
    }
    disposeAll([...silent, ...kept]);
    await expectNothingLeft(registry, descriptors);
  },
  TEST_MS,
);

test.skipIf(!canLook)(
  "clients that vanish in the middle of a body or of a list leave nothing behind",
  async () => {
    const descriptors = await restingDescriptors(registry.pid);
    const body = JSON.stringify(registrationBody("vanishing", { metadata: { note: "x".repeat(100_000) } }));
    const half = requestText("POST", REGISTER, body).slice(0, 50_000);
    const round = async (): Promise<void> => {
      const sending = await openMany(registry, 50);
      for (const connection of sending) connection.send(half);
      const reading = await openMany(registry, 50);
      for (const connection of reading) connection.send(requestText("GET", "/agents"));
      await Promise.all(
        reading.map((connection) => waitFor("a part of the list is here", () => connection.receivedBytes > 0)),
      );
      for (const connection of [...sending, ...reading]) connection.vanish();
      await Promise.all([...sending, ...reading].map(({ closed }) => closed));
    };
    // The first rounds grow what is kept for reuse: buffers, code, the heap itself.
    for (let index = 0; index < 10; index++) await round();
    await expectNothingLeft(registry, descriptors);
    const before = residentMib(registry.pid);
    for (let index = 0; index < 20; index++) await round();
    await expectNothingLeft(registry, descriptors);
    // 2,000 clients: were a list or a body of each kept, it would be 800 MB or 50 MB.
    expect(residentMib(registry.pid) - before).toBeLessThan(40);
    expect((await getJson(`${registry.url}/agents/vanishing`)).status).toBe(404);
    await expectService(registry);
  },
  TEST_MS,
);

test.skipIf(!canLook)(
  "ten thousand requests on one connection are all answered, in order",
  async () => {
    const descriptors = await restingDescriptors(registry.pid);
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
    await expectNothingLeft(registry, descriptors);
  },
  TEST_MS,
);

test("a request sent before a write was answered costs the connection, and nothing else", async () => {
  // The runtime holds one answer in the making for a connection; existing clients wait for theirs.
  using connection = await open();
  const write = JSON.stringify(registrationBody("piped", { endpoint: "http://127.0.0.1:9/a" }));
  connection.send(requestText("POST", REGISTER, write) + requestText("DELETE", "/agents/piped"));
  await connection.closed;
  await waitFor(
    "the write was carried out",
    async () => (await getJson(`${registry.url}/agents/piped`)).status === 200,
  );
  await expectService(registry);
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
  await expectService(registry);
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
