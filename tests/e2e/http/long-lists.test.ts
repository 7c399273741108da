import { expect, test } from "bun:test";
import { startHttpRegistry } from "../../support/http-registry.ts";

const AGENTS = 2_500;

/** Long enough that 2,500 of them exceed what is encoded in memory (8 MiB). */
const DESCRIPTION = "describes itself at length. ".repeat(150);

async function registryOfMany() {
  const registry = await startHttpRegistry();
  const register = (number: number) =>
    registry.post("/agents/register_with_metadata", {
      agent_id: `agent-${number}`,
      metadata: { description: DESCRIPTION },
      timestamp: "2025-06-11T14:03:22Z",
    });
  for (let from = 0; from < AGENTS; from += 100) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => register(from + index)));
    expect(answers.filter(({ status }) => status !== 201)).toEqual([]);
  }
  return registry;
}

test("a list too long for memory is complete, has its length, and can be asked for compressed and by many at once", async () => {
  await using registry = await registryOfMany();
  const plain = await registry.fetch("/agents", { headers: { "Accept-Encoding": "identity" } });
  const text = await plain.text();
  expect(plain.headers.get("content-length")).toBe(String(text.length));
  expect(plain.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(text.length).toBeGreaterThan(8 * 1024 * 1024);
  const list = JSON.parse(text);
  expect([list.count, new Set(list.agents.map(({ id }: { id: string }) => id)).size]).toEqual([AGENTS, AGENTS]);

  const compressed = await registry.fetch("/agents", { headers: { "Accept-Encoding": "gzip" } });
  expect(compressed.headers.get("content-encoding")).toBe("gzip");
  expect(Number(compressed.headers.get("content-length"))).toBeLessThan(text.length / 10);
  expect(((await compressed.json()) as { agents: unknown }).agents).toEqual(list.agents);

  const etag = plain.headers.get("etag") ?? "";
  const unchanged = await registry.fetch("/agents", { headers: { "If-None-Match": etag } });
  expect([unchanged.status, await unchanged.text()]).toEqual([304, ""]);

  const lists = await Promise.all(Array.from({ length: 5 }, () => registry.get("/agents")));
  expect(lists.map(({ body }) => body.count)).toEqual([AGENTS, AGENTS, AGENTS, AGENTS, AGENTS]);
}, 60_000);
