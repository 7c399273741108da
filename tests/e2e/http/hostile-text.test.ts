import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { exchange, rawRequest } from "../../support/raw-http.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

const SQL = [
  "'; DROP TABLE agents; --",
  "' OR '1'='1",
  '"; DELETE FROM registry_log; --',
  "1); ATTACH DATABASE 'x' AS y; --",
  "%' ESCAPE '\\",
  "$1 ?1 :name @p",
];
const ODD = [
  "__proto__",
  "constructor",
  "toString",
  "\u202eright to left",
  "line\r\nbreak",
  "\u0000",
  "\ud800",
  "e\u0301",
  "\u00e9",
  "😀",
  "<script>alert(1)</script>",
  "#{7*7}{{7*7}}",
  "../../etc/passwd",
];

/** What comes back for a text that no database can hold. */
const stored = (text: string): string => (text === "\u0000" || text === "\ud800" ? "\ufffd" : text);

describe("names that mean something to JavaScript", () => {
  test("are ids, namespaces, label keys, categories and dependencies like any other, also after a restart", async () => {
    await using database = await temporaryDatabase();
    const options = { clock: new ManualClock(), environment: { DATABASE_URL: database.path } };
    const body = (id: string, namespace: string) =>
      `{"agent_id":"${id}","timestamp":"__proto__","metadata":{"namespace":"${namespace}",
        "labels":{"__proto__":"p","constructor":"c","hasOwnProperty":"h"},
        "annotations":{"__proto__":{"polluted":true}},"metadata":{"__proto__":{"polluted":true},"constructor":{"prototype":{}}},
        "dependencies":["__proto__","constructor"],"tags":["__proto__"],
        "capabilities":[{"name":"constructor","category":"__proto__","stability":"toString","tags":["__proto__"],
          "metadata":{"__proto__":1}}]}}`;
    const first = await startHttpRegistry(options);
    for (const [id, namespace] of [
      ["__proto__", "constructor"],
      ["constructor", "tostring"],
      ["hasOwnProperty", "default"],
    ] as const) {
      expect((await first.post(REGISTER, body(id, namespace))).status).toBe(201);
    }
    expect((await first.post(REGISTER, registrationBody("x", { namespace: "__proto__" }))).status).toBe(400);
    const agents = await (await first.fetch("/agents")).text();
    await check(first);
    await first.stop();

    await using second = await startHttpRegistry(options);
    await check(second);
    const listed = (text: string) => JSON.parse(text).agents.map((agent: unknown) => JSON.stringify(agent));
    expect(listed(await (await second.fetch("/agents")).text())).toEqual(listed(agents));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();

    async function check(registry: HttpRegistry): Promise<void> {
      for (const id of ["__proto__", "constructor", "hasOwnProperty"]) {
        const { body: agent } = await registry.get(`/agents/${id}`);
        expect(agent.id).toBe(id);
        expect(JSON.stringify(agent.labels)).toBe('{"__proto__":"p","constructor":"c","hasOwnProperty":"h"}');
        expect(JSON.stringify(agent.config)).toBe('{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}');
        expect((await registry.get(`/health/${id}`)).body.agent_id).toBe(id);
        const { body: beat } = await registry.post("/heartbeat", heartbeatBody(id));
        expect(Object.keys(beat.dependencies_resolved)).toEqual(["__proto__", "constructor"]);
        expect(Object.values(beat.dependencies_resolved)[0]).toBeNull();
        expect(beat.dependencies_resolved.constructor.agent_id).not.toBe(id);
      }
      expect((await registry.get("/agents/toString")).status).toBe(404);
      const count = async (query: string) => (await registry.get(query)).body.count;
      expect(await count("/agents?namespace=constructor")).toBe(1);
      expect(await count("/agents?namespace=__proto__")).toBe(0);
      expect(await count("/agents?label_selector=__proto__=p,constructor=c")).toBe(3);
      expect(await count("/agents?labelSelector=!toString")).toBe(3);
      expect(await count("/agents?labelSelector=valueOf")).toBe(0);
      expect(await count("/agents?category=__proto__&stability=toString&tags=__proto__")).toBe(3);
      expect(await count("/capabilities?name=constructor&agent_id=__proto__")).toBe(1);
      const metrics = await (await registry.fetch("/metrics")).text();
      expect(metrics).toContain('"capabilities_by_category":{"__proto__":3}');
      expect(metrics).toContain('"constructor":1');
      expect((await registry.fetch("/metrics/prometheus")).status).toBe(200);
    }
  });
});

describe("fragments of SQL and other odd texts", () => {
  test("are kept as they are in every text an agent supplies, and found again, also after a restart", async () => {
    await using database = await temporaryDatabase();
    const options = { clock: new ManualClock(), environment: { DATABASE_URL: database.path } };
    const first = await startHttpRegistry(options);
    const texts = [...SQL, ...ODD];
    const metadataOf = (text: string) => ({
      ...{ labels: { [text]: text }, annotations: { [text]: [text] }, metadata: { [text]: { [text]: text } } },
      ...{
        tags: [text],
        dependencies: [text],
        security_context: text,
        version: text,
        description: text,
        transport: [text],
      },
      capabilities: [
        {
          ...{ name: "skill", description: text, category: text, stability: text, tags: [text] },
          ...{ compatibility_versions: [text], security_requirements: [text], parameters: { [text]: text } },
          ...{ parent_capabilities: [text], metadata: { [text]: text } },
        },
      ],
    });
    for (const [index, text] of texts.entries()) {
      const body = { ...registrationBody(`agent-${index}`, metadataOf(text)), timestamp: text };
      expect((await first.post(REGISTER, body)).status).toBe(201);
      expect(
        (await first.post("/heartbeat", heartbeatBody(`agent-${index}`, { [text]: text, load: text }))).status,
      ).toBe(200);
    }
    const listed = (await first.get("/agents")).body.agents;
    await check(first);
    await first.stop();
    await using second = await startHttpRegistry(options);
    await check(second);
    expect((await second.get("/agents")).body.agents).toEqual(listed);

    async function check(registry: HttpRegistry): Promise<void> {
      for (const [index, given] of texts.entries()) {
        const text = stored(given);
        const { body } = await registry.get(`/agents/agent-${index}`);
        expect(body).toMatchObject({ security_context: text, version: text, description: text, tags: [text] });
        expect(body.annotations.timestamp).toBe(text);
        expect(Object.entries(body.labels)).toEqual([[text, text]]);
        expect(Object.entries(body.config)).toEqual([[text, Object.fromEntries([[text, text]])]]);
        const [capability] = body.capabilities;
        expect(capability).toMatchObject({ description: text, category: text, stability: text, tags: [text] });
        const query = new URLSearchParams({
          category: text,
          stability: text,
          description_contains: text,
          agent_status: "any",
        });
        const found = (await registry.get(`/capabilities?${query}`)).body.capabilities;
        expect(found.map((item: { agent_id: string }) => item.agent_id)).toContain(`agent-${index}`);
      }
      expect((await registry.get("/agents")).body.count).toBe(texts.length);
    }
  });

  test("are refused or find nothing where only names are taken", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a", { capabilities: [{ name: "skill" }] }));
    for (const text of [...SQL, ...ODD.filter((odd) => !/^[a-zA-Z_]+$/.test(odd))]) {
      const encoded = encodeURIComponent(stored(text));
      expect((await registry.post(REGISTER, registrationBody(text))).status).toBe(400);
      expect((await registry.post(REGISTER, registrationBody("b", { namespace: text }))).status).toBe(400);
      expect((await registry.post(REGISTER, registrationBody("b", { name: text }))).status).toBe(400);
      expect((await registry.post(REGISTER, registrationBody("b", { capabilities: [{ name: text }] }))).status).toBe(
        400,
      );
      expect((await registry.post("/heartbeat", heartbeatBody(text))).status).toBe(404);
      expect((await registry.get(`/agents/${encoded}`)).status).toBe(404);
      expect((await registry.get(`/health/${encoded}`)).status).toBe(404);
      expect((await registry.fetch(`/agents/${encoded}`, { method: "DELETE" })).status).toBe(204);
      for (const name of ["namespace", "status", "capability", "capabilities", "category", "stability", "tags"]) {
        expect((await registry.get(`/agents?${name}=${encoded}`)).body.count).toBe(0);
      }
    }
    expect((await registry.get("/agents")).body.agents.map(({ id }: { id: string }) => id)).toEqual(["a"]);
  });

  test("never come back raw in a header or a log line", async () => {
    await using registry = await startHttpRegistry();
    const target = "/agents/%0d%0aX-Evil:%201%0d%0a/";
    const answer = await exchange(registry.port, [rawRequest("GET", target)]);
    expect([answer.status, answer.headers.get("x-evil")]).toEqual([301, undefined]);
    await registry.post(REGISTER, registrationBody("a", { endpoint: "http://h\r\nX-Evil: 1" }));
    await registry.post("/heartbeat", heartbeatBody("x\r\ny", { agent_name: "a.b", capabilities: ["x"] }));
    for (const { text } of registry.logged) expect(text).not.toMatch(/[\r\n]/);
  });
});

describe("ids", () => {
  test("of 253 characters live a whole life, and one more is refused everywhere", async () => {
    await using registry = await startHttpRegistry();
    const [longest, tooLong] = ["x".repeat(253), "x".repeat(254)];
    expect((await registry.post(REGISTER, registrationBody(longest))).status).toBe(201);
    expect((await registry.post("/heartbeat", heartbeatBody(longest))).status).toBe(200);
    expect((await registry.post(`/agents/${longest}/health`, {})).status).toBe(200);
    expect((await registry.get(`/agents/${longest}`)).body.id).toBe(longest);
    expect((await registry.fetch(`/agents/${longest}`, { method: "DELETE" })).status).toBe(204);
    expect((await registry.get(`/agents/${longest}`)).body.detail).toBe(`Agent ${longest} not found`);
    expect((await registry.post(REGISTER, registrationBody(tooLong))).status).toBe(400);
    expect((await registry.post("/heartbeat", heartbeatBody(tooLong))).status).toBe(404);
    const adopted = { agent_name: tooLong, capabilities: ["x"] };
    expect((await registry.post("/heartbeat", heartbeatBody("fn", adopted))).status).toBe(404);
    expect((await registry.get("/agents")).body.count).toBe(0);
  });

  test("in a path are decoded once, and what is no encoding stands for itself", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a b"));
    expect((await registry.get("/agents/a%20b")).status).toBe(200);
    for (const [path, id] of [
      ["/agents/a%2520b", "a%20b"],
      ["/agents/a+b", "a+b"],
      ["/agents/%", "%"],
      ["/agents/%ff", "%ff"],
      ["/agents/..%2f..%2fetc", "../../etc"],
      ["/health/%00", "\\u0000"],
    ] as const) {
      const answer = await exchange(registry.port, [rawRequest("GET", path)]);
      expect([answer.status, JSON.parse(answer.body.toString()).detail]).toEqual([404, `Agent ${id} not found`]);
    }
  });
});

test("queries of any length and shape are answered", async () => {
  await using registry = await startHttpRegistry();
  await registry.post(REGISTER, registrationBody("a", { labels: { env: "prod" }, capabilities: [{ name: "skill" }] }));
  const long = "x".repeat(8_000);
  const queries = [
    `namespace=${long}`,
    `capability=${long}&fuzzy_match=true`,
    `capabilities=${"a,".repeat(4_000)}`,
    `tags=${",".repeat(8_000)}`,
    `version_constraint=${">=1.0.0,".repeat(900)}`,
    `version_constraint=${"1.".repeat(4_000)}`,
    `label_selector=${"a=b,".repeat(2_000)}a=b`,
    `labelSelector=${"(".repeat(4_000)}`,
    `label_selector=${"a in (".repeat(1_000)}`,
    `labelSelector=${"!".repeat(4_000)}a`,
    `${"a=1&".repeat(2_000)}`,
    `continue=${long}`,
    `description_contains=${"a".repeat(8_000)}`,
    "limit=1&limit=x&limit=2",
    "%00=%00&%ff=%ff&=&==&&&",
    "namespace[]=a&namespace[$ne]=b&__proto__=1&constructor=2",
  ];
  for (const query of queries) {
    for (const path of ["/agents", "/capabilities"]) {
      const answer = await exchange(registry.port, [rawRequest("GET", `${path}?${query.replaceAll(" ", "%20")}`)]);
      const shown = query.slice(0, 40);
      expect({ shown, path, isAnswered: [200, 400].includes(answer.status) }).toEqual({
        shown,
        path,
        isAnswered: true,
      });
      // A selector that cannot be read is quoted; the runtime bounds what a URL may hold.
      expect(answer.body.byteLength).toBeLessThan(20_000);
    }
  }
});
