import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { HttpConnection, requestText } from "../../support/http-connection.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";
import { waitFor } from "../../support/wait-for.ts";
import { readDatabase } from "./database-copy.ts";
import { registrationBody } from "./shown-agent.ts";

const ENVIRONMENT = { HOST: "127.0.0.1", ACCESS_LOG: "false" };
const CLIENTS = 32;

const REGISTER = "/agents/register_with_metadata";
const bodyOf = (id: string, note: string): string =>
  registrationBody(id, { endpoint: "http://127.0.0.1:9/a", status: "healthy", note, offers: ["alpha"] });

const register = async (registry: RegistryProcess, id: string): Promise<void> => {
  const response = await fetch(registry.url + REGISTER, { method: "POST", body: bodyOf(id, "first") });
  expect(response.status).toBe(201);
};

/** A line of the log: date, time, then the text. */
const logLine = (text: string): RegExp =>
  new RegExp(`^\\d{4}/\\d{2}/\\d{2} \\d{2}:\\d{2}:\\d{2} ${text.replaceAll(".", "\\.")}$`, "m");

const stopping = (registry: RegistryProcess): Promise<true> =>
  waitFor("the registry says that it stops", () => registry.stderr.includes("🛑 Received signal"));

/** Nothing waits beside the database file: it was taken in. */
function expectCheckpointed(path: string): void {
  expect(existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0).toBe(0);
}

interface Client {
  readonly acknowledged: {
    readonly id: string;
    readonly note: string;
    readonly sentMs: number;
    readonly heardMs: number;
  }[];
  /** Requests that were sent and never answered. */
  cut: number;
}

/** Registers one agent and beats for another, on one connection, as fast as it is answered, until it is told to leave. */
async function busyClient(port: number, name: string): Promise<Client> {
  const client: Client = { acknowledged: [], cut: 0 };
  using connection = await HttpConnection.open(port);
  for (let round = 0; ; round++) {
    const isBeat = round % 2 === 1;
    const note = `r${round}`;
    const id = isBeat ? `beating-${name}` : name;
    const body = isBeat ? JSON.stringify({ agent_id: id }) : bodyOf(id, note);
    const sentMs = Date.now();
    connection.send(requestText("POST", isBeat ? "/heartbeat" : REGISTER, body));
    try {
      const { status, headers } = await connection.response();
      expect(status).toBe(isBeat ? 200 : 201);
      client.acknowledged.push({ id, note, sentMs, heardMs: Date.now() });
      if (headers.get("connection") === "close") return client;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("closed after")) throw error;
      client.cut++;
      return client;
    }
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} under load ends it with everything answered, stored and folded into the file`, async () => {
    using folder = scratchFolder();
    const path = join(folder.path, "mcp_mesh_registry.db");
    await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
    const names = Array.from({ length: CLIENTS }, (_, index) => `busy-${index}`);
    await Promise.all(names.map((name) => register(registry, `beating-${name}`)));
    const clients = names.map((name) => busyClient(registry.port, name));
    await waitFor("every client has registered", async () => {
      const answer = await fetch(`${registry.url}/agents`);
      return ((await answer.json()) as { count: number }).count === 2 * CLIENTS;
    });
    const startMs = performance.now();
    registry.kill(signal);
    expect(await registry.exited).toEqual({ exitCode: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(10_000);
    const heard = await Promise.all(clients);

    expect(heard.map(({ cut }) => cut)).toEqual(heard.map(() => 0));
    expect(registry.stderr).toMatch(logLine(`🛑 Received signal ${signal}, initiating graceful shutdown...`));
    expect(registry.stderr).toMatch(logLine("✅ Registry service stopped"));
    expect(registry.stderr).not.toContain("ERROR");
    expectCheckpointed(path);

    const { integrity, records, lastHeartbeatMs } = readDatabase(path);
    expect(integrity).toEqual(["ok"]);
    for (const { acknowledged } of heard) {
      for (const { id, note, sentMs, heardMs } of new Map(acknowledged.map((one) => [one.id, one])).values()) {
        if (!id.startsWith("beating-")) expect(records.get(id)?.labels.note).toBe(note);
        // Two processes on two cores read the clock: at the edge of a millisecond they may disagree by one.
        expect(lastHeartbeatMs.get(id)).toBeWithin(sentMs - 1, heardMs + 2);
      }
    }
  });
}

test("a request that is half sent at the signal is answered, and /ready says meanwhile that this is the end", async () => {
  using folder = scratchFolder();
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  const request = requestText("POST", REGISTER, bodyOf("slow", "whole"));
  using connection = await HttpConnection.open(registry.port);
  connection.send(request.slice(0, -40));
  using probe = await HttpConnection.open(registry.port);
  const question = requestText("GET", "/ready");
  probe.send(question.slice(0, -10));
  await waitFor("the request has arrived", async () => (await openRequests(registry)) > 1);
  registry.kill("SIGTERM");
  await stopping(registry);
  await waitFor("it accepts nobody any more", () => refuses(registry.port));
  probe.send(question.slice(-10));
  const ready = await probe.response();
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.body)).toEqual({
    status: "draining",
    detail: "The registry is shutting down",
    error: "The registry is shutting down",
  });
  expect(ready.headers.get("retry-after")).toBe("1");
  connection.send(request.slice(-40));
  expect(await connection.response()).toMatchObject({ status: 201 });
  expect(await registry.exited).toEqual({ exitCode: 0, signal: null });
  expect(readDatabase(join(folder.path, "mcp_mesh_registry.db")).records.get("slow")?.labels.note).toBe("whole");
});

test("a long answer that is being read slowly is read to its end", async () => {
  await using registry = await startRegistry({ env: ENVIRONMENT });
  const ids = Array.from({ length: 200 }, (_, index) => `long-${index}`);
  // Each some 60 KB: more than any buffer of the system holds.
  const config = { note: "x".repeat(60_000) };
  const metadata = { endpoint: "http://127.0.0.1:9/a", metadata: config, timeout_threshold: 600 };
  for (const id of ids) {
    const body = JSON.stringify({ agent_id: id, timestamp: "2025-06-11T12:00:00Z", metadata });
    expect((await fetch(registry.url + REGISTER, { method: "POST", body })).status).toBe(201);
  }
  using connection = await HttpConnection.open(registry.port);
  connection.stopReading();
  connection.send(requestText("GET", "/agents"));
  await waitFor("the answer is on its way", async () => (await answeredLists(registry)) > 0);
  registry.kill("SIGTERM");
  await stopping(registry);
  await waitFor("it accepts nobody any more", () => refuses(registry.port));
  connection.read();
  const { status, body } = await connection.response();
  expect(status).toBe(200);
  expect(JSON.parse(body).agents).toHaveLength(200);
  expect(await registry.exited).toEqual({ exitCode: 0, signal: null });
});

test("idle and half-open connections do not hold it up", async () => {
  await using registry = await startRegistry({ env: ENVIRONMENT });
  const idle = await Promise.all(Array.from({ length: 20 }, () => HttpConnection.open(registry.port)));
  for (const [index, connection] of idle.entries()) {
    if (index % 2 === 0) connection.send("POST /heartbeat HTTP/1.1\r\nHost: loc");
  }
  using answered = await HttpConnection.open(registry.port);
  answered.send(requestText("GET", "/livez"));
  expect((await answered.response()).status).toBe(200);
  const startMs = performance.now();
  expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
  // Else it would have waited the ten seconds that open requests get.
  expect(performance.now() - startMs).toBeLessThan(9_000);
  for (const connection of idle) connection[Symbol.dispose]();
});

for (const [first, second] of [
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGTERM"],
] as const) {
  test(`${second} after ${first} ends it at once, and nothing acknowledged is lost`, async () => {
    using folder = scratchFolder();
    await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
    await register(registry, "kept");
    using connection = await HttpConnection.open(registry.port);
    connection.send(requestText("POST", REGISTER, bodyOf("never", "whole")).slice(0, -40));
    await waitFor("the request has arrived", async () => (await openRequests(registry)) > 1);
    registry.kill(first);
    await stopping(registry);
    registry.kill(second);
    expect(await registry.exited).toEqual({ exitCode: 1, signal: null });
    expect(registry.stderr).not.toContain("✅ Registry service stopped");
    expect([...readDatabase(join(folder.path, "mcp_mesh_registry.db")).records.keys()]).toEqual(["kept"]);
  });
}

test("a request that never ends is cut after ten seconds", async () => {
  await using registry = await startRegistry({ env: ENVIRONMENT });
  using connection = await HttpConnection.open(registry.port);
  connection.send(requestText("POST", REGISTER, bodyOf("never", "whole")).slice(0, -40));
  await waitFor("the request has arrived", async () => (await openRequests(registry)) > 1);
  expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
  await connection.closed;
  expect(registry.stderr).toMatch(logLine("✅ Registry service stopped"));
}, 60_000);

test("another process may read the file while it is closed", async () => {
  using folder = scratchFolder();
  const path = join(folder.path, "mcp_mesh_registry.db");
  await using registry = await startRegistry({ cwd: folder.path, env: ENVIRONMENT });
  await register(registry, "kept");
  const reader = new Database(path, { readonly: true });
  reader.run("BEGIN");
  expect(reader.query("SELECT id FROM agents").all()).toEqual([{ id: "kept" }]);
  expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
  reader.close();
  expect([...readDatabase(path).records.keys()]).toEqual(["kept"]);
});

async function refuses(port: number): Promise<boolean> {
  try {
    using _ = await HttpConnection.open(port);
    return false;
  } catch {
    return true;
  }
}

/** Requests being answered, this one included. */
async function openRequests(registry: RegistryProcess): Promise<number> {
  const answer = await fetch(`${registry.url}/metrics`);
  return ((await answer.json()) as { active_connections: number }).active_connections;
}

async function answeredLists(registry: RegistryProcess): Promise<number> {
  const text = await (await fetch(`${registry.url}/metrics/prometheus`)).text();
  return Number(/^\w+_requests_total\{.*"\/agents".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}
