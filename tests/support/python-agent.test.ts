import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pythonWith } from "./python.ts";
import { type PythonFunction, startPythonAgent } from "./python-agent.ts";
import { waitFor } from "./wait-for.ts";

// Whether the peer is as faithful as it has to be: what the recorded runtime does when the answers are not what it needs
// (agents 1.1 to 1.5). The registry here is a stand-in, which answers wrongly on purpose.

const python = await pythonWith("clients");

const SUCCESS = { status: "success" };
const FUNCTION: PythonFunction = {
  function_name: "greet_from_mcp_mesh",
  dependencies: ["SystemAgent_getDate"],
  enable_http: true,
  metadata: { team: "data" },
};

interface Received {
  readonly path: string;
  readonly body: string;
}

/** A registry that answers what it is told to. */
function standIn(answer: (received: Received, nth: number) => Response) {
  const received: Received[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const call = { path: new URL(request.url).pathname, body: await request.text() };
      received.push(call);
      return answer(call, received.length);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    received,
    to: (path: string) => received.filter((call) => call.path === path),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

const REGISTER = "/agents/register_with_metadata";

const play = (url: string) => startPythonAgent(python!, url, { processes: [[FUNCTION]] });

/** All keys of an object, inner ones too: `metadata.endpoint`. */
function keysOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysOf(item, `${path}[]`));
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, `${path}.${key}`));
}

const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dir, "..", "e2e", "agent-life", "fixtures", `${name}.json`), "utf8"));

/** Python's start takes real time. */
setDefaultTimeout(60_000);

describe.skipIf(python === null)("the Python peer", () => {
  test("sends the fields that were recorded, in their order", async () => {
    await using registry = standIn(() => Response.json(SUCCESS));
    await using agent = startPythonAgent(python!, registry.url, { processes: [[{ ...FUNCTION, tags: ["demo"] }]] });
    await agent.until("beat");
    const [registration] = registry.to(REGISTER);
    const [beat] = registry.to("/heartbeat");
    expect(keysOf(JSON.parse(registration!.body))).toEqual(keysOf(recorded("register")));
    expect(keysOf(JSON.parse(beat!.body))).toEqual(keysOf(recorded("heartbeat")));
    expect(registration!.body).toStartWith('{"agent_id": "greet_from_mcp_mesh", "metadata": {"name": ');
  });

  test("takes an answer without Content-Length for a failure, and registers for ever with the same bytes", async () => {
    const withoutLength = () => {
      const parts = async function* () {
        yield '{"status": ';
        await Bun.sleep(1);
        yield '"success"}';
      };
      return new Response(parts(), { headers: { "Content-Type": "application/json" } });
    };
    await using registry = standIn(withoutLength);
    await using agent = play(registry.url);
    await waitFor("it registers again and again", () => registry.to(REGISTER).length >= 3);
    expect(new Set(registry.to(REGISTER).map(({ body }) => body)).size).toBe(1);
    expect(agent.all("registered")).toEqual([]);
    expect(agent.all("http")).toEqual([]);
  });

  test("tries three times whatever goes wrong, and never registers again once it has", async () => {
    await using registry = standIn(({ path }) =>
      path === REGISTER ? Response.json(SUCCESS, { status: 201 }) : Response.json({ detail: "no" }, { status: 404 }),
    );
    await using agent = play(registry.url);
    await waitFor("two beats have failed", () => agent.all("beat").length === 2);
    expect(agent.all("beat").map(({ ok }) => ok)).toEqual([false, false]);
    expect(registry.to("/heartbeat").length).toBeGreaterThanOrEqual(6);
    expect(registry.to(REGISTER)).toHaveLength(1);
  });

  test("fails on an answer that is not JSON by its type", async () => {
    await using registry = standIn(() => new Response(JSON.stringify(SUCCESS)));
    await using agent = play(registry.url);
    await agent.until("unregistered");
    expect(registry.to(REGISTER)).toHaveLength(3);
  });

  test("rebuilds its proxies only when the answer differs, and leaves them when there is none", async () => {
    const first = { SystemAgent_getDate: { agent_id: "a", endpoint: "http://127.0.0.1:1", status: "healthy" } };
    const second = { SystemAgent_getDate: { agent_id: "b", endpoint: "http://127.0.0.1:2", status: "healthy" } };
    const answers = [first, first, second, undefined, second, null, second, { SystemAgent_getDate: [] }];
    await using registry = standIn((_, nth) =>
      Response.json({ ...SUCCESS, dependencies_resolved: answers[Math.min(nth, answers.length) - 1] }),
    );
    await using agent = play(registry.url);
    await waitFor("all answers were given", () => registry.received.length > answers.length);
    expect(agent.all("proxies").map(({ why, proxies }) => [why, proxies])).toEqual([
      ["registration", { SystemAgent_getDate: "http://127.0.0.1:1" }],
      ["heartbeat", { SystemAgent_getDate: "http://127.0.0.1:2" }],
      ["heartbeat", { SystemAgent_getDate: null }],
    ]);
    expect(agent.all("complaint").map(({ text }) => text)).toEqual([
      "dependencies_resolved is null",
      "SystemAgent_getDate: 'list' object has no attribute 'get'",
    ]);
  });
});
