import { expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { getJson, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { canLookIntoProcesses } from "./process-figures.ts";

// The registry is passive: it makes no outgoing connection, PostgreSQL apart (spec README, decision 9).

const REGISTER = "/agents/register_with_metadata";
const SOURCES = join(import.meta.dir, "..", "..", "..", "packages", "registry", "src");

/** Listens where an agent says it does, and counts who comes. */
async function listeningAgent() {
  let callers = 0;
  const server = createServer((socket) => {
    callers++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    get callers() {
      return callers;
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** Sockets of the process that are neither listening nor accepted on its own port: `<table> <local> <remote>`. */
function outgoingSockets({ pid, port }: RegistryProcess): string[] {
  const own = new Set<string>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      if (inode !== undefined) own.add(inode);
    } catch {
      // Closed since it was listed.
    }
  }
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((table) => {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1);
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = "", , , , , , , , inode = ""]) => own.has(inode) && portOf(local) !== port)
      .map(([, local, remote]) => `${table} ${local} ${remote}`);
  });
}

const portOf = (address: string): number => Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);

test.skipIf(!canLookIntoProcesses())(
  "no agent is ever called, from its registration over its death to its removal",
  async () => {
    await using agent = await listeningAgent();
    await using registry = await startRegistry({
      env: { HOST: "127.0.0.1", EXPIRED_AGENT_RETENTION: "1", RETENTION_INTERVAL: "1", HEALTH_CHECK_INTERVAL: "1" },
    });
    const outgoing = new Set<string>();
    const watch = setInterval(() => {
      for (const socket of outgoingSockets(registry)) outgoing.add(socket);
    }, 10);
    try {
      const metadata = {
        endpoint: agent.endpoint,
        capabilities: [{ name: "greeting" }],
        dependencies: ["greeting", "missing"],
        timeout_threshold: 1,
        eviction_threshold: 2,
        transport: ["http"],
      };
      const named = { ...metadata, endpoint: "http://agent.invalid:8080/mcp" };
      expect((await postJson(registry.url + REGISTER, registrationBody("listening", metadata))).status).toBe(201);
      expect((await postJson(registry.url + REGISTER, registrationBody("named", named))).status).toBe(201);
      const adopted = { agent_name: "adopted", capabilities: ["greeting"], endpoint: agent.endpoint };
      expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("adopted", adopted))).status).toBe(200);
      for (const status of ["healthy", "degraded", "unhealthy", "healthy"]) {
        const beat = heartbeatBody("listening", { endpoint: `${agent.endpoint}/${status}` }, status);
        expect((await postJson(`${registry.url}/heartbeat`, beat)).status).toBe(200);
      }
      for (const path of ["/agents", "/capabilities", "/health/listening", "/agents/named", "/metrics/prometheus"]) {
        expect((await fetch(registry.url + path)).status).toBe(200);
      }
      await waitFor("the agents have expired and are gone", async () => {
        const { body } = await getJson(`${registry.url}/agents`);
        return body.agents.every(({ id }: { id: string }) => id === "adopted");
      });
    } finally {
      clearInterval(watch);
    }
    expect(registry.stderr).toContain("Agent listening status: degraded → expired");
    expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
    expect(agent.callers).toBe(0);
    expect([...outgoing]).toEqual([]);
  },
);

/** Everything of the runtime that can open a connection to somebody else. */
const WAYS_OUT: readonly RegExp[] = [
  /(?<![\w.])fetch\s*\(/,
  /\b(globalThis|self|window)\.fetch\b/,
  /\bBun\.(connect|udpSocket|dns|fetch|sql|redis|s3)\b/,
  /\bnew (WebSocket|EventSource|RedisClient|S3Client|SQL)\b/,
  /from "(node:)?(net|http|https|http2|tls|dgram|dns|child_process|cluster)(\/promises)?"/,
  /\b(import|require)\("(node:)?(net|http|https|http2|tls|dgram|dns|child_process|cluster)/,
  /\bBun\.(spawn|spawnSync|\$)/,
];

test("nothing in the registry's source opens a connection", async () => {
  const found: string[] = [];
  let files = 0;
  for await (const name of new Bun.Glob("**/*.ts").scan({ cwd: SOURCES })) {
    // Tests start servers and processes; the adapter of PostgreSQL is the exception that is allowed.
    if (name.endsWith(".test.ts") || name.includes("testing/") || name.startsWith("store/postgres/")) continue;
    files++;
    const lines = readFileSync(join(SOURCES, name), "utf8").split("\n");
    for (const [index, line] of lines.entries()) {
      if (WAYS_OUT.some((way) => way.test(line))) found.push(`${name}:${index + 1}: ${line.trim()}`);
    }
  }
  expect(files).toBeGreaterThan(80);
  expect(found).toEqual([]);
});

test("that check knows a way out when it sees one", () => {
  const samples = [
    "const answer = await fetch(url);",
    "globalThis.fetch(url)",
    "Bun.connect({ hostname, port })",
    "new WebSocket(url)",
    'import { request } from "node:http";',
    'import { connect } from "net";',
    'await import("node:https")',
    "Bun.spawn(command)",
  ];
  for (const sample of samples) expect([sample, WAYS_OUT.some((way) => way.test(sample))]).toEqual([sample, true]);
  for (const sample of ["fetch: (request) => respond(request)", "prefetch(list)", "store.fetch(id)"]) {
    expect([sample, WAYS_OUT.some((way) => way.test(sample))]).toEqual([sample, false]);
  }
});
