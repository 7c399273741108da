import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { getJson } from "../../support/json-client.ts";
import { notRunHere } from "../../support/missing.ts";
import { pythonWith } from "../../support/python.ts";
import { type PythonFunction, startPythonAgent } from "../../support/python-agent.ts";
import { registryExecutable } from "../../support/registry-executable.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";

// Seed 003: 50 agents at once, then 1,000 requests in bursts of 100, then its memory check, and its look for "ok" in
// /health; against the executable that is shipped, on port 8080 where that is free. Its bare `wait` for the agents, which
// would wait for the registry too, is a wait for the agents here.

/** Building the executable and starting a thousand programs takes real time. */
setDefaultTimeout(180_000);

const PORT = 8080;
const LIMIT_KB = 51_200;

const API_THROUGHPUT = `
for i in {1..1000}; do
    curl -s http://localhost:8080/agents >/dev/null &
    if [ $((i % 100)) -eq 0 ]; then
        wait
    fi
done
wait`;

const HEALTH_CHECK = `curl -s http://localhost:8080/health | grep -q "ok"`;

const MEMORY_CHECK = "ps -o rss= -p $REG_PID";

const python = await pythonWith("clients");
const lacking = ["bash", "curl", "ps"].filter((program) => Bun.which(program) === null);
if (lacking.length > 0) notRunHere("the load and memory check of seed 003", "apt-get install bash curl procps");

/** Two functions each, one of which needs the other agents' date: hello_world and its system agent in one. */
const AGENTS: readonly (readonly PythonFunction[])[] = Array.from({ length: 50 }, (_, number) => [
  { function_name: `hello_${number}`, capability: "greeting", dependencies: ["SystemAgent_getDate"] },
  { function_name: `date_${number}`, capability: "SystemAgent_getDate", enable_http: true },
]);

describe.skipIf(python === null || lacking.length > 0)("the load of seed 003", () => {
  test("50 agents and 1,000 requests leave the registry below 50 MB", async () => {
    await using registry = await startOnPort(await registryExecutable());
    await using agents = startPythonAgent(python!, registry.url, { processes: AGENTS, beats: 2 });
    await agents.finished();
    expect(agents.all("registered")).toHaveLength(100);
    expect(agents.all("beat").filter(({ ok }) => ok !== true)).toEqual([]);

    await shell(registry, API_THROUGHPUT);
    const residentKb = Number(await shell(registry, MEMORY_CHECK));
    console.log(`seed 003: ${residentKb} KB after its load`);
    expect(residentKb).toBeGreaterThan(0);
    expect(residentKb).toBeLessThan(LIMIT_KB);

    const answered = () => registry.stdout.match(/ 200 .* GET +"\/agents"$/gm)?.length;
    await waitFor("the access log has 1,000 answers", () => answered() === 1_000);

    await shell(registry, HEALTH_CHECK);
    expect((await getJson(`${registry.url}/agents`)).body.count).toBe(100);
    expect(registry.stderr).not.toContain("→");
  });
});

async function startOnPort(executable: string): Promise<RegistryProcess> {
  const start = (port: string) => startRegistry({ command: [executable], env: { PORT: port } });
  try {
    return await start(String(PORT));
  } catch {
    // Taken by somebody else on this machine.
    return await start("auto");
  }
}

/** Runs a line of the seed's; only the port may differ. Gives what it prints. */
async function shell({ port, pid, output }: RegistryProcess, script: string): Promise<string> {
  const child = Bun.spawn(["bash", "-c", script.replaceAll(`localhost:${PORT}`, `localhost:${port}`)], {
    env: { PATH: process.env.PATH ?? "", REG_PID: String(pid) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
  const exitCode = await child.exited;
  if (exitCode !== 0) throw new Error(`Exit code ${exitCode} of ${script}\n${stderr}\n${output}`);
  return stdout;
}
