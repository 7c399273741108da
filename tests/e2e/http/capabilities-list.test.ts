import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

describe("GET /capabilities", () => {
  let registry: HttpRegistry;

  beforeAll(async () => {
    registry = await startHttpRegistry({ clock: new ManualClock() });
    const register = (id: string, metadata: Record<string, unknown>) =>
      registry.post(REGISTER, registrationBody(id, metadata));
    await register("b", {
      namespace: "team-a",
      endpoint: "http://10.0.0.2:1",
      labels: { env: "prod" },
      capabilities: [
        { name: "Read_File", version: "2.0.0", description: "Reads 100% of a FILE", category: "files", tags: ["io"] },
        { name: "read_old", stability: "deprecated", description: null },
      ],
    });
    await register("a", { capabilities: [{ name: "Read_File", version: "1.0.0", tags: ["fast", "io"] }] });
    await register("sick", { capabilities: [{ name: "heal", stability: "beta" }] });
    await register("gone", { capabilities: [{ name: "bye" }] });
    await register("new", { capabilities: [{ name: "hello" }] });
    await registry.post("/heartbeat", heartbeatBody("sick", {}, "degraded"));
    await registry.post("/heartbeat", heartbeatBody("gone", {}, "offline"));
    // No heartbeat yet: what an agent registered over MCP is.
    await registry.post("/heartbeat", heartbeatBody("new", {}, "pending"));
  });

  afterAll(() => registry.stop());

  async function found(query: string): Promise<string> {
    const { status, body } = await registry.get(`/capabilities${query}`);
    expect({ query, status }).toEqual({ query, status: 200 });
    expect(body.count).toBe(body.capabilities.length);
    return body.capabilities.map((item: Record<string, string>) => `${item.agent_id}:${item.name}`).join(" ");
  }

  test("has four fields, and each item the capability's and its agent's", async () => {
    const { body } = await registry.get("/capabilities?agent_id=b");
    expect(body).toEqual({
      capabilities: [
        {
          id: 1,
          name: "Read_File",
          version: "2.0.0",
          description: "Reads 100% of a FILE",
          created_at: "2025-06-11T12:00:00Z",
          updated_at: "2025-06-11T12:00:00Z",
          parameters_schema: null,
          security_requirements: null,
          tags: ["io"],
          category: "files",
          stability: "stable",
          compatibility_versions: [],
          agent_id: "b",
          agent_name: "b",
          agent_namespace: "team-a",
          agent_status: "healthy",
          agent_endpoint: "http://10.0.0.2:1",
        },
      ],
      count: 1,
      timestamp: "2025-06-11T12:00:00Z",
      resource_version: "1749643200007",
    });
  });

  test("is in the order of name, agent and id, and shows healthy and pending agents' that are not deprecated", async () => {
    expect(await found("")).toBe("a:Read_File b:Read_File new:hello");
  });

  test("filters by the agent's status: absent and empty as above, explicit as on /agents, `any` or `*` all", async () => {
    expect(await found("?agent_status=")).toBe("a:Read_File b:Read_File new:hello");
    expect(await found("?agent_status=healthy")).toBe("a:Read_File b:Read_File");
    expect(await found("?agent_status=offline,pending")).toBe("gone:bye new:hello");
    expect(await found("?agent_status=unhealthy")).toBe("sick:heal");
    expect(await found("?agent_status=nonsense")).toBe("");
    for (const word of ["any", "*"]) {
      expect(await found(`?agent_status=${word}`)).toBe("a:Read_File b:Read_File gone:bye sick:heal new:hello");
    }
  });

  test("filters by agent, without minding one that is unknown", async () => {
    expect(await found("?agent_id=a")).toBe("a:Read_File");
    expect(await found("?agent_id=nobody")).toBe("");
    expect(await found("?agent_namespace=team-a")).toBe("b:Read_File");
  });

  test("filters by name, whatever its case, or one that is close", async () => {
    expect(await found("?name=read_FILE")).toBe("a:Read_File b:Read_File");
    expect(await found("?capability_name=read_file")).toBe("a:Read_File b:Read_File");
    expect(await found("?name=read")).toBe("");
    expect(await found("?name=read&fuzzy_match=true")).toBe("a:Read_File b:Read_File");
    expect(await found("?name=helo&fuzzy_match=on")).toBe("new:hello");
  });

  test("filters by a part of the description, as plain text, whatever its case", async () => {
    expect(await found("?description_contains=of%20a%20file")).toBe("b:Read_File");
    expect(await found("?description_contains=100%25")).toBe("b:Read_File");
    expect(await found("?description_contains=R_ads")).toBe("");
    expect(await found("?description_contains=null")).toBe("");
  });

  test("filters by category, stability, tags and version", async () => {
    expect(await found("?category=files")).toBe("b:Read_File");
    expect(await found("?tags=fast,none")).toBe("a:Read_File");
    expect(await found("?stability=beta&agent_status=any")).toBe("sick:heal");
    expect(await found("?stability=nonsense")).toBe("");
    expect(await found("?version_constraint=>=2")).toBe("b:Read_File");
    expect(await found("?version_constraint=bogus")).toBe("");
  });

  test("shows deprecated ones when asked for, either way", async () => {
    expect(await found("?agent_id=b&include_deprecated=true")).toBe("b:Read_File b:read_old");
    expect(await found("?agent_id=b&include_deprecated=false")).toBe("b:Read_File");
    expect(await found("?stability=deprecated")).toBe("b:read_old");
    expect(await found("?stability=deprecated&include_deprecated=false")).toBe("b:read_old");
    expect((await registry.get("/capabilities?include_deprecated=perhaps")).body.detail).toBe(
      'strconv.ParseBool: parsing "perhaps": invalid syntax',
    );
  });

  test("filters by labels, and combines everything", async () => {
    expect(await found("?label_selector=env=prod")).toBe("b:Read_File");
    expect(
      await found(
        "?label_selector=env=prod&name=read&fuzzy_match=1&tags=io&category=files&version_constraint=^2.0&agent_status=healthy",
      ),
    ).toBe("b:Read_File");
    expect(await found("?label_selector=env=prod&tags=fast")).toBe("");
  });
});
