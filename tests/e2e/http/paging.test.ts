import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, offering, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

async function registerMany(registry: HttpRegistry, count: number, metadata = offering("skill")): Promise<void> {
  for (let index = 0; index < count; index++) {
    await registry.post(REGISTER, registrationBody(`agent-${String(index).padStart(2, "0")}`, metadata));
  }
}

const idsOf = (body: { agents: { id: string }[] }): string[] => body.agents.map(({ id }) => id);

describe("pages", () => {
  test("join to the whole list, each with the total, all but the last with a token", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 7);
    for (const [path, key] of [
      ["/agents?namespace=default", "agents"],
      ["/capabilities?tags=", "capabilities"],
    ] as const) {
      const whole = (await registry.get(path)).body;
      expect([whole.total, whole.continue]).toEqual([undefined, undefined]);
      const joined: unknown[] = [];
      const sizes: number[] = [];
      let token = "";
      do {
        const { body } = await registry.get(`${path}&limit=3${token && `&continue=${token}`}`);
        expect(body).toMatchObject({ total: 7, count: body[key].length, resource_version: whole.resource_version });
        joined.push(...body[key]);
        sizes.push(body.count);
        token = body.continue ?? "";
      } while (token !== "");
      expect(joined).toEqual(whole[key]);
      expect(sizes).toEqual([3, 3, 1]);
    }
  });

  test("that hold everything have no token", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 3);
    const { body } = await registry.get("/agents?limit=3");
    expect([body.count, body.total, Object.hasOwn(body, "continue")]).toEqual([3, 3, false]);
    expect((await registry.get("/agents?limit=999999999")).body.count).toBe(3);
    expect((await registry.get("/agents?status=nonsense&limit=1")).body).toMatchObject({
      agents: [],
      count: 0,
      total: 0,
    });
  });

  test("may be cut by offset", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 5);
    const all = idsOf((await registry.get("/agents")).body);
    const second = (await registry.get("/agents?limit=2&offset=2")).body;
    expect([idsOf(second), second.total]).toEqual([all.slice(2, 4), 5]);
    // An offset may begin a walk, and the token goes on with it.
    expect(idsOf((await registry.get(`/agents?limit=2&continue=${second.continue}`)).body)).toEqual(all.slice(4));
    expect(idsOf((await registry.get("/agents?offset=3")).body)).toEqual(all.slice(3));
    expect(idsOf((await registry.get("/agents?limit=2&offset=99")).body)).toEqual([]);
    expect(idsOf((await registry.get("/agents?limit=2&offset=0")).body)).toEqual(all.slice(0, 2));
  });

  test("may change their size, and end without a limit", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 6);
    const all = idsOf((await registry.get("/agents")).body);
    const first = (await registry.get("/agents?limit=1")).body;
    expect(idsOf((await registry.get(`/agents?limit=3&continue=${first.continue}`)).body)).toEqual(all.slice(1, 4));
    expect(idsOf((await registry.get(`/agents?continue=${first.continue}`)).body)).toEqual(all.slice(1));
  });
});

describe("a walk shows one moment", () => {
  test("while agents change, come and go between its pages", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    await registerMany(registry, 10);
    for (const [path, key] of [
      ["/agents?namespace=default&status=healthy", "agents"],
      ["/capabilities?name=skill", "capabilities"],
    ] as const) {
      const whole = (await registry.get(path)).body;
      const ids = whole[key].map((item: Record<string, string>) => item.agent_id);
      const first = (await registry.get(`${path}&limit=4`)).body;
      await clock.advance(1_000);
      const [shown, next, nextToLast, last] = [ids[0], ids[4], ids[8], ids[9]];
      await registry.post("/heartbeat", heartbeatBody(shown, {}, "offline"));
      await registry.post(
        REGISTER,
        registrationBody(next, { capabilities: [{ name: "other" }], description: "changed" }),
      );
      await registry.fetch(`/agents/${nextToLast}`, { method: "DELETE" });
      await registry.fetch(`/agents/${last}`, { method: "DELETE" });
      await registry.post(REGISTER, registrationBody(last, offering("skill", { description: "another one" })));
      await registry.post(REGISTER, registrationBody("newcomer", offering("skill")));
      const second = (await registry.get(`${path}&limit=4&continue=${first.continue}`)).body;
      const third = (await registry.get(`${path}&limit=4&continue=${second.continue}`)).body;
      const strip = ({ last_heartbeat: _, last_seen: __, ...item }: Record<string, unknown>) => item;
      expect([...first[key], ...second[key], ...third[key]].map(strip)).toEqual(whole[key].map(strip));
      for (const page of [second, third]) {
        expect(page).toMatchObject({ total: 10, resource_version: whole.resource_version });
      }
      expect(third.continue).toBeUndefined();
      const now = (await registry.get(path)).body;
      expect(now[key].map((item: Record<string, string>) => item.agent_id)).toContain("newcomer");
      await registry.fetch("/agents/newcomer", { method: "DELETE" });
      await registerMany(registry, 10);
    }
  });

  test("and goes on after a restart", async () => {
    await using database = await temporaryDatabase();
    const environment = { DATABASE_URL: database.path };
    const before = await startHttpRegistry({ environment });
    await registerMany(before, 5);
    const all = idsOf((await before.get("/agents")).body);
    const first = (await before.get("/agents?limit=2")).body;
    await before.fetch(`/agents/${all[3]}`, { method: "DELETE" });
    await before.stop();
    await using after = await startHttpRegistry({ environment });
    const rest = (await after.get(`/agents?limit=10&continue=${first.continue}`)).body;
    expect(idsOf(rest)).toEqual(all.slice(2));
    expect(rest.resource_version).toBe(first.resource_version);
  });
});

describe("a token", () => {
  test("is 400 with another query, another list, or when it is none", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 3);
    const token = (await registry.get("/agents?limit=1&status=healthy")).body.continue;
    const detail = "continue: not a token of this list; send it with the query that returned it";
    for (const path of [
      `/agents?limit=1&continue=${token}`,
      `/agents?limit=1&status=pending&continue=${token}`,
      `/agents?limit=1&status=healthy&namespace=default&continue=${token}`,
      `/capabilities?limit=1&status=healthy&continue=${token}`,
      "/agents?limit=1&status=healthy&continue=nonsense",
      "/agents?limit=1&status=healthy&continue=%00%ff",
      `/agents?limit=1&status=healthy&continue=${Buffer.from("[1]").toString("base64url")}`,
      `/agents?limit=1&status=healthy&continue=${Buffer.from('{"a":1}').toString("base64url")}`,
      `/agents?limit=1&status=healthy&continue=${Buffer.from('[1.5,"x",2]').toString("base64url")}`,
    ]) {
      const { status, body } = await registry.get(path);
      expect({ path, status, body }).toEqual({ path, status: 400, body: { detail, error: detail } });
    }
    // The order of parameters is not part of the query.
    const { body } = await registry.get("/agents?status=healthy&limit=1&namespace=default");
    const turned = await registry.get(`/agents?continue=${body.continue}&namespace=default&limit=1&status=healthy`);
    expect([turned.status, turned.body.count]).toEqual([200, 1]);
  });

  test("is 400 together with offset", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 3);
    const token = (await registry.get("/agents?limit=1")).body.continue;
    for (const offset of [0, 1]) {
      const { status, body } = await registry.get(`/agents?limit=1&offset=${offset}&continue=${token}`);
      expect([status, body.detail]).toEqual([
        400,
        "offset cannot be combined with continue; the token says where to go on",
      ]);
    }
  });

  test("is 410 once its version has left the log, or when no version of ours is in it", async () => {
    await using registry = await startHttpRegistry();
    await registerMany(registry, 3);
    const token = (await registry.get("/agents?limit=1")).body.continue;
    const [version, hash, ...key] = JSON.parse(Buffer.from(token, "base64url").toString());
    const forged = (other: number) => Buffer.from(JSON.stringify([other, hash, ...key])).toString("base64url");
    const detail = "continue: this list is too old to go on with; start again without a token";
    for (const other of [version + 1, version - 1_000_000, 1, -5, Number.MAX_SAFE_INTEGER]) {
      const { status, body } = await registry.get(`/agents?limit=1&continue=${forged(other)}`);
      expect({ other, status, body }).toEqual({ other, status: 410, body: { detail, error: detail } });
    }
    // Enough changes of a large enough record to push the first ones out of 32 MiB.
    const capabilities = Array.from({ length: 10_000 }, (_, index) => ({ name: `skill_${index}` }));
    await registry.post(REGISTER, registrationBody("large", { capabilities }));
    let status = 200;
    for (let turn = 0; turn < 10 && status === 200; turn++) {
      await registry.post("/heartbeat", heartbeatBody("large", {}, turn % 2 === 0 ? "offline" : "healthy"));
      ({ status } = await registry.get(`/agents?limit=1&continue=${token}`));
    }
    expect(status).toBe(410);
  });
});

test("walks of both lists with the same parameters do not mix, however long they are", async () => {
  await using registry = await startHttpRegistry();
  const capabilities = Array.from({ length: 20 }, (_, index) => ({ name: `skill_${index}` }));
  const register = (index: number) => registry.post(REGISTER, registrationBody(`agent-${index}`, { capabilities }));
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => register(index)));
  const agents = (await registry.get("/agents?limit=2")).body;
  const offered = (await registry.get("/capabilities?limit=2")).body;
  expect([agents.total, idsOf(agents).length]).toEqual([1_000, 2]);
  expect([offered.total, offered.capabilities.length]).toEqual([20_000, 2]);
  expect((await registry.get(`/agents?limit=2&continue=${agents.continue}`)).body.agents).toHaveLength(2);
  expect((await registry.get(`/capabilities?limit=2&continue=${offered.continue}`)).body.capabilities[0].name).toBe(
    "skill_0",
  );
});

test("limit and offset must be whole numbers", async () => {
  await using registry = await startHttpRegistry();
  const [limit, offset] = ["limit must be a whole number of at least 1", "offset must be a whole number of at least 0"];
  for (const text of ["0", "-1", "1.5", "1e3", "0x10", "NaN", "Infinity", "99999999999999999999", "many", "%31x"]) {
    for (const path of ["/agents", "/capabilities"]) {
      const { status, body } = await registry.get(`${path}?limit=${text}`);
      expect({ text, status, body }).toEqual({ text, status: 400, body: { detail: limit, error: limit } });
    }
    if (text === "0") continue;
    expect((await registry.get(`/agents?offset=${text}`)).body.detail).toBe(offset);
  }
});
