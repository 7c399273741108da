import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

const FLEET = {
  reader: {
    namespace: "team-a",
    labels: { env: "prod", team: "data" },
    capabilities: [
      { name: "read_file", version: "1.2.0", category: "files", tags: ["io", "fast"], stability: "stable" },
      { name: "stat_file", version: "3.0.0", category: "meta", tags: ["slow"], stability: "beta" },
    ],
  },
  writer: {
    namespace: "team-a",
    labels: { env: "dev", team: "data" },
    capabilities: [{ name: "write_file", version: "2.0.0", category: "files", tags: ["io"], stability: "deprecated" }],
  },
  clock: {
    namespace: "team-b",
    labels: { env: "prod" },
    capabilities: [{ name: "date", version: "1.0.0-alpha" }],
  },
  idle: { tags: { env: "test" } },
  late: { namespace: "team-b", capabilities: [{ name: "read_file", version: "2.1.0" }] },
} as const;

describe("GET /agents", () => {
  const clock = new ManualClock();
  let registry: HttpRegistry;

  beforeAll(async () => {
    registry = await startHttpRegistry({ clock });
    for (const [id, metadata] of Object.entries(FLEET)) {
      await registry.post(REGISTER, registrationBody(id, metadata));
      await clock.advance(1_000);
    }
    await registry.post("/heartbeat", heartbeatBody("late", {}, "degraded"));
    await registry.post("/heartbeat", heartbeatBody("idle", {}, "unhealthy"));
  });

  afterAll(() => registry.stop());

  /** Ids in the order of the answer. */
  async function ids(query: string): Promise<string[]> {
    const { status, body } = await registry.get(`/agents${query}`);
    expect({ query, status }).toEqual({ query, status: 200 });
    expect(body.count).toBe(body.agents.length);
    return body.agents.map(({ id }: { id: string }) => id);
  }

  async function sorted(query: string): Promise<string> {
    return (await ids(query)).sort().join(" ");
  }

  test("has exactly four fields when nothing is paged", async () => {
    const { body } = await registry.get("/agents?namespace=nobody");
    expect(body).toEqual({
      agents: [],
      count: 0,
      timestamp: "2025-06-11T12:00:05Z",
      resource_version: "1749643205001",
    });
  });

  test("shows the newest change first, ties by id, agents of every status", async () => {
    // idle and late changed last, at the same moment.
    expect(await ids("")).toEqual(["idle", "late", "clock", "writer", "reader"]);
  });

  test("filters by namespace, exactly", async () => {
    expect(await sorted("?namespace=team-a")).toBe("reader writer");
    expect(await sorted("?namespace=default")).toBe("idle");
    expect(await sorted("?namespace=TEAM-A")).toBe("");
    expect(await sorted("?namespace=team")).toBe("");
  });

  test("filters by status: one, several, and the word for everything overdue or unwell", async () => {
    expect(await sorted("?status=healthy")).toBe("clock reader writer");
    expect(await sorted("?status=healthy,unhealthy")).toBe("clock idle late reader writer");
    expect(await sorted("?status=healthy&status=pending")).toBe("clock reader writer");
    expect(await sorted("?status=unhealthy")).toBe("idle late");
    expect(await sorted("?status=degraded")).toBe("late");
    expect(await sorted("?status=nonsense")).toBe("");
  });

  test("filters by capability name, exactly, or any of several", async () => {
    expect(await sorted("?capability=read_file")).toBe("late reader");
    expect(await sorted("?capability=READ_FILE")).toBe("");
    expect(await sorted("?capability=file")).toBe("");
    expect(await sorted("?capabilities=date,write_file")).toBe("clock writer");
    expect(await sorted("?capabilities=date&capabilities=%20write_file%20,")).toBe("clock writer");
    // The one overrides the many, as in Go.
    expect(await sorted("?capability=date&capabilities=write_file")).toBe("clock");
  });

  test("filters by names that are close when asked to", async () => {
    expect(await sorted("?capability=file&fuzzy_match=true")).toBe("late reader writer");
    expect(await sorted("?capability=red_file&fuzzy_match=true")).toBe("late reader");
    expect(await sorted("?capability=data&fuzzy_match=1")).toBe("clock");
    expect(await sorted("?capabilities=data,write&fuzzy_match=yes")).toBe("clock writer");
    expect(await sorted("?capability=xyz&fuzzy_match=true")).toBe("");
    expect(await sorted("?capability=%25&fuzzy_match=true")).toBe("");
    expect(await sorted("?capability=_&fuzzy_match=true")).toBe("late reader writer");
  });

  test("filters by category, stability and tags, under both of their names", async () => {
    expect(await sorted("?capability_category=files")).toBe("reader writer");
    expect(await sorted("?category=meta")).toBe("reader");
    expect(await sorted("?capability_stability=beta")).toBe("reader");
    expect(await sorted("?stability=stable")).toBe("clock late reader");
    expect(await sorted("?stability=nonsense")).toBe("");
    expect(await sorted("?capability_tags=fast,%20slow")).toBe("reader");
    expect(await sorted("?tags=io&tags=none")).toBe("reader writer");
  });

  test("filters by version", async () => {
    expect(await sorted("?version_constraint=>=2.0.0")).toBe("late reader writer");
    expect(await sorted("?version_constraint=^1.0.0")).toBe("reader");
    expect(await sorted("?capability=read_file&version_constraint=~1.2.0")).toBe("reader");
    expect(await sorted("?version_constraint=>=bogus")).toBe("");
    expect(await sorted("?version_constraint=1.0.0-alpha")).toBe("clock");
  });

  test("asks all of one and the same capability", async () => {
    expect(await sorted("?capability=read_file&category=meta")).toBe("");
    expect(await sorted("?capability=stat_file&version_constraint=<2.0.0")).toBe("");
    expect(await sorted("?tags=io&stability=beta")).toBe("");
    expect(await sorted("?capability=read_file&category=files&tags=fast&stability=stable&version_constraint=1.2")).toBe(
      "reader",
    );
  });

  test("filters by labels in both grammars, and both must hold", async () => {
    expect(await sorted("?label_selector=env=prod")).toBe("clock reader");
    expect(await sorted("?label_selector=env%3Dprod%2Cteam%3Ddata")).toBe("reader");
    expect(await sorted("?label_selector=env!=prod")).toBe("idle late writer");
    expect(await sorted("?label_selector=env in (dev,test)")).toBe("idle writer");
    expect(await sorted("?label_selector=!team")).toBe("clock idle late");
    expect(await sorted("?labelSelector=team")).toBe("reader writer");
    expect(await sorted("?labelSelector=env,!team")).toBe("clock idle");
    expect(await sorted("?label_selector=env=prod&labelSelector=team")).toBe("reader");
  });

  test("combines everything", async () => {
    const query =
      "?namespace=team-a&status=healthy&capability=file&fuzzy_match=true&category=files&tags=io" +
      "&label_selector=team=data&labelSelector=env&version_constraint=>=1.0.0,<3.0.0";
    expect(await sorted(query)).toBe("reader writer");
    expect(await sorted(`${query}&stability=stable`)).toBe("reader");
    expect(await sorted(`${query}&namespace=team-b`)).toBe("reader writer");
  });

  test("ignores parameters it does not know, and takes empty ones for absent", async () => {
    const everything = await ids("");
    for (const query of [
      "?nonsense=1&fuzzy=true",
      "?namespace=&status=&capability=&capabilities=&category=&stability=&tags=&label_selector=&labelSelector=",
      "?capability_tags=&version_constraint=&fuzzy_match=&limit=&offset=&continue=",
      "?status=,%20,&tags=,",
      "?",
      "?&&=&=x",
    ]) {
      expect({ query, ids: await ids(query) }).toEqual({ query, ids: everything });
    }
    // A value counts where an empty one stands beside it.
    expect(await sorted("?namespace=&namespace=team-a")).toBe("reader writer");
    expect(await sorted("?fuzzy_match=&fuzzy_match=true&capability=file")).toBe("late reader writer");
  });

  test("takes booleans in every spelling of both references, and no other", async () => {
    for (const word of ["1", "t", "T", "true", "TRUE", "True", "y", "yes", "YES", "on", "On"]) {
      expect({ word, ids: await sorted(`?capability=file&fuzzy_match=${word}`) }).toEqual({
        word,
        ids: "late reader writer",
      });
    }
    for (const word of ["0", "f", "F", "false", "False", "n", "NO", "off"]) {
      expect({ word, ids: await sorted(`?capability=file&fuzzy_match=${word}`) }).toEqual({ word, ids: "" });
    }
    for (const [word, quoted] of [
      ["maybe", '"maybe"'],
      ["2", '"2"'],
      ["%22quoted%22", '"\\"quoted\\""'],
      ["%0a", '"\\n"'],
    ]) {
      const { status, body } = await registry.get(`/agents?fuzzy_match=${word}`);
      const detail = `strconv.ParseBool: parsing ${quoted}: invalid syntax`;
      expect([status, body]).toEqual([400, { detail, error: detail }]);
    }
  });

  test("is 400 with a text for a selector that cannot be read", async () => {
    for (const [parameter, part] of [
      ["label_selector=invalid-format", "invalid-format"],
      ["label_selector=env", "env"],
      ["label_selector=env=prod,team", "team"],
      ["label_selector=env in ()", "env in ()"],
    ]) {
      const { status, body } = await registry.get(`/agents?${parameter}`);
      const detail = `Invalid label selector format: ${part}. Expected 'key=value'`;
      expect({ parameter, status, body }).toEqual({ parameter, status: 400, body: { detail, error: detail } });
    }
    for (const parameter of [
      "label_selector=env in (a",
      "label_selector=a)",
      "labelSelector=a in",
      "labelSelector=((",
    ]) {
      const { status, body } = await registry.get(`/agents?${parameter}`);
      expect({ parameter, status }).toEqual({ parameter, status: 400 });
      expect(body.detail).toMatch(/^Invalid label selector format: .*\. Expected 'key=value'$/);
    }
    expect((await registry.get("/capabilities?label_selector=env")).status).toBe(400);
  });
});
