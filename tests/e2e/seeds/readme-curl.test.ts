import { expect, test } from "bun:test";
import { connect } from "node:net";
import { getJson } from "../../support/json-client.ts";
import { notRunHere } from "../../support/missing.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";

// "Testing API Compatibility" of seed 000: four calls of curl against a registry at its defaults, which listens on port
// 8000 of localhost; here the port is a free one.

const REGISTRATION = String.raw`curl -X POST http://localhost:8000/agents/register_with_metadata \
  -H "Content-Type: application/json" \
  -d '{
    "agent_id": "test-agent",
    "metadata": {
      "name": "test-agent",
      "capabilities": [
        {
          "name": "greeting",
          "version": "1.0.0",
          "description": "Provides greeting functionality"
        }
      ]
    },
    "timestamp": "2024-01-01T12:00:00Z"
  }'`;

const DISCOVERY = `curl "http://localhost:8000/agents?status=healthy"`;

const SEARCH = `curl "http://localhost:8000/capabilities?name=greeting"`;

const HEARTBEAT = String.raw`curl -X POST http://localhost:8000/heartbeat \
  -H "Content-Type: application/json" \
  -d '{
    "agent_id": "test-agent",
    "status": "healthy"
  }'`;

const hasCurl = Bun.which("curl") !== null && Bun.which("sh") !== null;
if (!hasCurl)
  notRunHere("the four calls of seed 000 by curl itself (their bytes are sent instead)", "apt-get install curl");

const TIMESTAMP = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const VERSION = expect.stringMatching(/^\d+$/);

const WAYS: readonly (readonly [way: string, call: typeof runByShell])[] = [
  ...(hasCurl ? ([["by curl", runByShell]] as const) : []),
  ["by the bytes that curl sends", sendItsBytes],
];

test.each(WAYS)("the four calls of the readme, %s", async (_, call) => {
  await using registry = await startRegistry();

  expect(await call(registry, REGISTRATION)).toEqual({
    status: "success",
    agent_id: "test-agent",
    resource_version: VERSION,
    timestamp: TIMESTAMP,
    message: "Agent registered successfully",
  });

  const { body: agent } = await getJson(`${registry.url}/agents/test-agent`);
  expect(agent).toMatchObject({
    id: "test-agent",
    name: "test-agent",
    namespace: "default",
    endpoint: "stdio://test-agent",
    status: "healthy",
    health_interval: 30,
    timeout_threshold: 60,
    eviction_threshold: 120,
    annotations: { timestamp: "2024-01-01T12:00:00Z", registered_via: "register_with_metadata" },
  });

  expect(await call(registry, DISCOVERY)).toEqual({
    agents: [agent],
    count: 1,
    timestamp: TIMESTAMP,
    resource_version: agent.resource_version,
  });

  expect(await call(registry, SEARCH)).toEqual({
    capabilities: [
      {
        ...agent.capabilities[0],
        agent_id: "test-agent",
        agent_name: "test-agent",
        agent_namespace: "default",
        agent_status: "healthy",
        agent_endpoint: "stdio://test-agent",
      },
    ],
    count: 1,
    timestamp: TIMESTAMP,
    resource_version: agent.resource_version,
  });
  expect(agent.capabilities[0]).toMatchObject({
    name: "greeting",
    version: "1.0.0",
    description: "Provides greeting functionality",
  });

  expect(await call(registry, HEARTBEAT)).toEqual({
    status: "success",
    agent_id: "test-agent",
    resource_version: agent.resource_version,
    timestamp: TIMESTAMP,
    message: "Heartbeat recorded",
  });
});

/** The call by a shell and curl, as a reader of the readme pastes it; only the port differs. */
async function runByShell({ port, output }: RegistryProcess, command: string): Promise<unknown> {
  const script = command.replace("localhost:8000", `localhost:${port}`);
  const child = Bun.spawn(["sh", "-c", script], { stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 });
  const [stdout, stderr] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
  if ((await child.exited) !== 0) throw new Error(`${script}\n${stderr}\n${output}`);
  return JSON.parse(stdout);
}

/** The request as curl writes it, its connection kept open: the answer's end is told by Content-Length alone. */
async function sendItsBytes({ port }: RegistryProcess, command: string): Promise<unknown> {
  const [, method = "GET", path] = /^curl(?: -X (POST))? "?http:\/\/localhost:8000([^"\s]*)/.exec(command)!;
  // With -d curl takes the line breaks out of files only, so a quoted body goes as it is.
  const body = / -d '(.*)'$/s.exec(command)?.[1];
  const head = [`${method} ${path} HTTP/1.1`, `Host: localhost:${port}`, "User-Agent: curl/8.5.0", "Accept: */*"];
  const ofBody = body === undefined ? [] : ["Content-Type: application/json", `Content-Length: ${body.length}`];
  const request = `${[...head, ...ofBody].join("\r\n")}\r\n\r\n${body ?? ""}`;
  return await new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "localhost", () => socket.write(request));
    socket.setTimeout(10_000, () => socket.destroy(new Error(`No complete answer: ${received}`)));
    socket.on("error", reject);
    socket.setEncoding("latin1").on("data", (text) => {
      received += text;
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(received)?.[1];
      const answer = received.split("\r\n\r\n").slice(1).join("\r\n\r\n");
      if (length === undefined || answer.length < Number(length)) return;
      socket.destroy();
      resolve(JSON.parse(answer));
    });
  });
}
