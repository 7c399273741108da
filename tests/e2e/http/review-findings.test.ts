import { expect, test } from "bun:test";
import { startHttpRegistry } from "../../support/http-registry.ts";

const REGISTER = "/agents/register_with_metadata";
const body = (id: string, metadata: object) => ({ agent_id: id, metadata, timestamp: "2025-06-11T14:03:22Z" });

test("the log in memory is bounded by what its records really hold", async () => {
  await using registry = await startHttpRegistry();
  const long = "x".repeat(2 * 1024 * 1024);
  for (let round = 0; round < 20; round++) {
    const answer = await registry.post(REGISTER, body("large", { metadata: { round, long } }));
    expect(answer.status).toBe(201);
  }
  const { log } = registry.core.state;
  expect(log.bytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  expect(log.size).toBeLessThan(20);
});

test("a repeated parameter is another query in another order", async () => {
  await using registry = await startHttpRegistry();
  for (const namespace of ["aa", "bb"]) {
    for (let number = 0; number < 1_001; number += 143) {
      const register = (index: number) =>
        registry.post(REGISTER, body(`${namespace}-${number + index}`, { namespace }));
      await Promise.all(Array.from({ length: 143 }, (_, index) => register(index)));
    }
  }
  const first = await registry.get("/agents?namespace=aa&namespace=bb&limit=1");
  const second = await registry.get("/agents?namespace=bb&namespace=aa&limit=1");
  expect([first.body.agents[0].namespace, second.body.agents[0].namespace]).toEqual(["aa", "bb"]);
  expect(first.headers.get("etag")).not.toBe(second.headers.get("etag"));
});

test("every spelling of the loopback address is guarded as loopback", async () => {
  await using registry = await startHttpRegistry({ environment: { HOST: "0:0:0:0:0:0:0:1" } });
  const answer = await registry.fetch("/livez", { headers: { Host: "evil.example" } });
  expect(answer.status).toBe(403);
});

test("deleting what is not there succeeds, whichever version was expected", async () => {
  await using registry = await startHttpRegistry();
  const answer = await registry.fetch("/agents/nobody", { method: "DELETE", headers: { "If-Match": '"17"' } });
  expect([answer.status, await answer.text()]).toEqual([204, ""]);
});

test("a heartbeat too long to keep still counts", async () => {
  await using registry = await startHttpRegistry();
  await registry.post(REGISTER, body("talker", {}));
  const answer = await registry.post("/heartbeat", { agent_id: "talker", metadata: { notes: "y".repeat(100_000) } });
  expect(answer.status).toBe(200);
});
