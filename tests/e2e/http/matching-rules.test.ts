import { expect, test } from "bun:test";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import { registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

/** The vectors of registry-api 5.2 to 5.4, asked over HTTP as a client would. */

async function offer(registry: HttpRegistry, id: string, capabilities: readonly object[]): Promise<void> {
  await registry.post(REGISTER, registrationBody(id, { capabilities }));
}

/** Versions offered that meet a constraint, in the order they were registered. */
async function meeting(registry: HttpRegistry, agent: string, constraint: string): Promise<string[]> {
  const query = new URLSearchParams({ agent_id: agent, version_constraint: constraint });
  const { body } = await registry.get(`/capabilities?${query}`);
  return body.capabilities.map(({ version }: { version: string }) => version);
}

test("names are close as the Python registry found them", async () => {
  await using registry = await startHttpRegistry();
  const cases = [
    ["file", "read_file", true],
    ["read_file", "file", false],
    ["proces_data", "process_data", true],
    ["data", "date", true],
    ["abc", "abd", false],
    ["read-file", "read_file", true],
    ["xyz", "read_file", false],
    ["READ_FILE", "read_file", true],
  ] as const;
  for (const [query, name, isClose] of cases) {
    await offer(registry, "a", [{ name }]);
    for (const path of [`/agents?capability=${query}&`, `/capabilities?name=${query}&`]) {
      const { body } = await registry.get(`${path}fuzzy_match=true`);
      expect({ query, name, path, found: body.count }).toEqual({ query, name, path, found: isClose ? 1 : 0 });
    }
  }
});

test("versions meet constraints as the Python suite asserts, and as registry-api 5.3 corrects it", async () => {
  await using registry = await startHttpRegistry();
  const vectors: Record<string, readonly (readonly [string, string])[]> = {
    "1.0.0 1.2.3 2.0.0 2.1.0-beta": [
      [">=1.0.0", "1.0.0 1.2.3 2.0.0 2.1.0-beta"],
      [">=2.0.0", "2.0.0 2.1.0-beta"],
      [">1.0.0", "1.2.3 2.0.0 2.1.0-beta"],
      ["~1.2.0", "1.2.3"],
      ["^1.0.0", "1.0.0 1.2.3"],
      ["=1.0.0", "1.0.0"],
      ["==1.0.0", "1.0.0"],
      ["= 1.0.0", "1.0.0"],
      ["<2.0.0", "1.0.0 1.2.3"],
      [">=1.0.0,<2.0.0", "1.0.0 1.2.3"],
      ["!=1.0.0", "1.2.3 2.0.0 2.1.0-beta"],
      ["*", "1.0.0 1.2.3 2.0.0 2.1.0-beta"],
      ["1", "1.0.0 1.2.3"],
      ["v1.2", "1.2.3"],
      ["~1.2", "1.2.3"],
      ["~1", "1.0.0 1.2.3"],
      [">=bogus", ""],
      ["bogus", ""],
      [">=1.0.0,>=bogus", ""],
    ],
    "1.0.0-alpha 1.0.0": [
      [">=1.0.0", "1.0.0"],
      ["<1.0.0", ""],
      ["<=1.0.0", "1.0.0-alpha 1.0.0"],
    ],
    "1.2.0 1.2.3 1.10.0": [["^1.2.3", "1.2.3 1.10.0"]],
    "0.2.0 0.3.0": [["^0.2.0", "0.2.0 0.3.0"]],
    "1.9.9 2.0.0-rc": [["<2.0.0", "1.9.9"]],
    "2025.06.01 2025.6.2": [[">=2025.6.1", "2025.06.01 2025.6.2"]],
  };
  for (const [index, [versions, cases]] of Object.entries(vectors).entries()) {
    const agent = `agent-${index}`;
    const capabilities = versions.split(" ").map((version) => ({ name: "skill", version }));
    await offer(registry, agent, capabilities);
    for (const [constraint, expected] of cases) {
      const met = (await meeting(registry, agent, constraint)).join(" ");
      expect({ constraint, met }).toEqual({ constraint, met: expected });
    }
  }
});

test("the signs of a constraint may arrive raw in the URL, and `+` as a space", async () => {
  await using registry = await startHttpRegistry();
  await offer(registry, "a", [{ name: "skill", version: "1.5.0" }]);
  for (const query of [">1.0.0", "<2.0.0", "=1.5.0", "^1.0.0", "~1.5.0", "=1.5.0+build", ">=1.0.0,<2.0.0"]) {
    expect({ query, count: (await registry.get(`/agents?version_constraint=${query}`)).body.count }).toEqual({
      query,
      count: 1,
    });
  }
});

test("label selectors match as their vectors say, on agents and on capabilities", async () => {
  await using registry = await startHttpRegistry();
  const labels = { env: "prod", team: "data", pair: "b=c", blank: "" };
  await registry.post(REGISTER, registrationBody("a", { labels, capabilities: [{ name: "skill" }] }));
  const cases = [
    ["label_selector", "env=prod,team=data", 1],
    ["label_selector", " env = prod , team==data ", 1],
    ["label_selector", "env!=dev", 1],
    ["label_selector", "zone!=a", 1],
    ["label_selector", "env in (dev,prod)", 1],
    ["label_selector", "team notin (data,ml)", 0],
    ["label_selector", "zone notin (a)", 1],
    ["label_selector", "!zone", 1],
    ["label_selector", "!env", 0],
    ["label_selector", "pair=b=c", 1],
    ["label_selector", "blank=", 1],
    ["label_selector", "env=", 0],
    ["label_selector", "env=prod,env=dev", 0],
    ["label_selector", "env=Prod", 0],
    ["labelSelector", "env", 1],
    ["labelSelector", "env,!zone", 1],
    ["labelSelector", "zone", 0],
    ["labelSelector", "env in (prod),team!=x", 1],
  ] as const;
  for (const [parameter, selector, count] of cases) {
    const query = new URLSearchParams({ [parameter]: selector });
    for (const path of ["/agents", "/capabilities"]) {
      const { body } = await registry.get(`${path}?${query}`);
      expect({ path, selector, count: body.count }).toEqual({ path, selector, count });
    }
  }
});
