import { describe, expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry } from "../../support/http-registry.ts";
import { registrationBody } from "../../support/registration-body.ts";

const PATH = "/agents/register_capabilities";
const REGISTER = "/agents/register_with_metadata";
const ACKNOWLEDGED = {
  status: "success",
  message: "Enhanced capability registration acknowledged (feature in development)",
};

describe("POST /agents/register_capabilities", () => {
  test("adds to a registered agent, replaces the same name and version, and leaves the others", async () => {
    const clock = new ManualClock();
    await using registry = await startHttpRegistry({ clock });
    const capabilities = [{ name: "kept" }, { name: "replaced", description: "old" }];
    await registry.post(REGISTER, registrationBody("a", { capabilities }));
    const before = (await registry.get("/agents/a")).body;
    await clock.advance(1_000);
    const { status, body } = await registry.post(PATH, {
      agent_id: "a",
      capabilities: [
        { name: "replaced", description: "new" },
        { name: "replaced", version: "2.0.0" },
        { name: "added" },
      ],
    });
    expect([status, body]).toEqual([
      200,
      {
        status: "success",
        message: "Enhanced capabilities registered",
        agent_id: "a",
        resource_version: "1749643201000",
        updated: 3,
      },
    ]);
    const after = (await registry.get("/agents/a")).body;
    expect(after.resource_version).toBe("1749643201000");
    expect(after.capabilities[0]).toEqual(before.capabilities[0]);
    expect(after.capabilities[1]).toMatchObject({ id: before.capabilities[1].id, description: "new" });
    expect(after.capabilities.map(({ name, version }: Record<string, string>) => `${name} ${version}`)).toEqual([
      "kept 1.0.0",
      "replaced 1.0.0",
      "replaced 2.0.0",
      "added 1.0.0",
    ]);
    expect((await registry.get("/capabilities?name=added")).body.count).toBe(1);
  });

  test("that changes nothing takes no version", async () => {
    await using registry = await startHttpRegistry();
    const capabilities = [{ name: "greeting" }];
    const { resource_version } = (await registry.post(REGISTER, registrationBody("a", { capabilities }))).body;
    for (const sent of [capabilities, []]) {
      const { body } = await registry.post(PATH, { agent_id: "a", capabilities: sent });
      expect(body).toMatchObject({ resource_version, updated: 0 });
    }
  });

  test("acknowledges whatever else it is sent, says why nothing was stored, and stores nothing", async () => {
    await using registry = await startHttpRegistry();
    await registry.post(REGISTER, registrationBody("a", { capabilities: [{ name: "greeting" }] }));
    const before = (await registry.get("/agents")).body.agents;
    const bodies: readonly (readonly [unknown, string])[] = [
      ["", "Nothing stored: the body is not JSON (EOF)"],
      ["[]", "Nothing stored: the body is not a JSON object"],
      [{}, "Nothing stored: agent_id is missing or not a string"],
      [{ agent_id: 5, capabilities: [] }, "Nothing stored: agent_id is missing or not a string"],
      [{ agent_id: "a" }, "Nothing stored: capabilities is not an array"],
      [{ agent_id: "a", capabilities: { name: "x" } }, "Nothing stored: capabilities is not an array"],
      [{ agent_id: "nobody", capabilities: [{ name: "x" }] }, "Nothing stored: Agent nobody not found"],
      [
        { agent_id: "a", capabilities: [{ name: "fine" }, { name: "" }] },
        "Nothing stored: capabilities[1].name: capability name cannot be empty",
      ],
    ];
    for (const [given, warning] of bodies) {
      const { status, body } = await registry.post(PATH, given);
      expect({ given, status, body }).toEqual({ given, status: 200, body: { ...ACKNOWLEDGED, warning } });
    }
    expect((await registry.post(PATH, "\u0000\u0001 any bytes")).body).toMatchObject(ACKNOWLEDGED);
    expect((await registry.get("/agents")).body.agents).toEqual(before);
  });
});
