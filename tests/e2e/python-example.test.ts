import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { deleteAt, getJson } from "../support/json-client.ts";
import { keepOutput } from "../support/kept-output.ts";
import { pythonWith } from "../support/python.ts";
import { startRegistry } from "../support/registry-process.ts";
import { waitFor } from "../support/wait-for.ts";

// The first program that a reader of README.md runs.

const python = await pythonWith("clients");
const EXAMPLE = join(import.meta.dir, "..", "..", "examples", "python_agent.py");

setDefaultTimeout(60_000);

test.skipIf(python === null)("the example agent registers, beats, and registers again when it is unknown", async () => {
  await using registry = await startRegistry();
  const agent = Bun.spawn([python?.path ?? "", EXAMPLE], {
    env: { PATH: process.env.PATH ?? "", PYTHONUNBUFFERED: "1", MCP_MESH_REGISTRY_URL: registry.url, NO_PROXY: "*" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const output = keepOutput(agent.stdout);
    const says = (line: string, times: number) =>
      waitFor(`the agent says ${line}`, () => output.text().split(line).length > times);
    await says("201 Agent registered successfully {'get_weather': None}", 1);
    expect(await getJson(`${registry.url}/agents/greeter`)).toMatchObject({
      status: 200,
      body: { status: "healthy", labels: { env: "dev" }, capabilities: [{ name: "greeting" }] },
    });
    await says("200 Heartbeat recorded {'get_weather': None}", 1);
    await deleteAt(`${registry.url}/agents/greeter`);
    await says("404 Agent greeter not found", 1);
    await says("201 Agent registered successfully", 2);
  } finally {
    agent.kill("SIGKILL");
    await agent.exited;
  }
});
