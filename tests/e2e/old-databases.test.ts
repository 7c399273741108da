import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "../support/registry-process.ts";
import { scratchFolder } from "../support/scratch-folder.ts";

const FIXTURES = join(import.meta.dir, "..", "fixtures", "databases");

interface ShownAgent {
  readonly id: string;
  readonly last_seen: string | null;
  readonly [field: string]: unknown;
}

function restore(fixture: string, path: string): string[] {
  const db = new Database(path, { create: true });
  db.run(readFileSync(join(FIXTURES, fixture), "utf8"));
  const ids = db.query<{ id: string }, []>("SELECT id FROM agents ORDER BY id").all();
  db.close();
  return ids.map(({ id }) => id);
}

async function agentsOf(url: string): Promise<ShownAgent[]> {
  const response = await fetch(`${url}/agents`);
  expect(response.status).toBe(200);
  const { agents } = (await response.json()) as { agents: ShownAgent[] };
  return agents.sort((a, b) => (a.id < b.id ? -1 : 1));
}

describe.each(["python-v2.sql", "go-v2.sql", "version-1.sql"])(
  "a database made by an older registry (%s)",
  (fixture) => {
    test("is backed up, migrated once, and serves the agents it held", async () => {
      using folder = scratchFolder();
      const path = join(folder.path, "mcp_mesh_registry.db");
      const ids = restore(fixture, path);

      await using first = await startRegistry({ cwd: folder.path });
      const migrated = await agentsOf(first.url);
      expect(migrated.map(({ id }) => id)).toEqual(ids);
      const backups = readdirSync(folder.path).filter((name) => name.endsWith(".bak"));
      expect(backups).toHaveLength(1);
      expect((await first.stop()).exitCode).toBe(0);

      await using second = await startRegistry({ cwd: folder.path });
      expect(await agentsOf(second.url)).toEqual(migrated);
      expect(readdirSync(folder.path).filter((name) => name.endsWith(".bak"))).toEqual(backups);
      expect(second.stderr).not.toContain("igrated");

      const beaten = await fetch(`${second.url}/heartbeat`, {
        method: "POST",
        body: JSON.stringify({ agent_id: ids[0], status: "healthy" }),
      });
      expect(beaten.status).toBe(200);
      const [revived] = await agentsOf(second.url);
      expect([revived?.id, revived?.status]).toEqual([ids[0], "healthy"]);
    });
  },
);

test("what a Go registry held is shown as it was", async () => {
  using folder = scratchFolder();
  restore("go-v2.sql", join(folder.path, "mcp_mesh_registry.db"));
  await using registry = await startRegistry({ cwd: folder.path });
  const agent = (await agentsOf(registry.url)).find(({ id }) => id === "hello-world-1");
  expect(agent).toMatchObject({
    name: "hello-world-1",
    namespace: "default",
    endpoint: "stdio://hello-world-1",
    status: "healthy",
    labels: {},
    tags: ["greeting", "demo"],
    created_at: "2025-06-11T14:33:12Z",
    updated_at: "2025-06-11T14:40:42Z",
    resource_version: "1749652842500",
    last_heartbeat: "2025-06-11T14:40:42Z",
    config: { max_concurrent: 10, note: 'it\'s "fine" – Grüße 🚀' },
    dependencies: ["date_service"],
    timeout_threshold: 60,
    eviction_threshold: 120,
  });
});

test("what a Python registry held is shown as it was, without evaluating a word of it", async () => {
  using folder = scratchFolder();
  restore("python-v2.sql", join(folder.path, "mcp_mesh_registry.db"));
  await using registry = await startRegistry({ cwd: folder.path });
  const agent = (await agentsOf(registry.url)).find(({ name }) => name === "greeter");
  expect(agent).toMatchObject({
    labels: { env: "production", team: "platform", primary: "true", replicas: "3" },
    endpoint: "http://localhost:0/greeter",
    config: {
      max_concurrent: 10,
      nested: { list: [1, 2.5, -3], pair: ["a", "b"], one: [1], none: [] },
      debug: false,
      owner: null,
    },
    dependencies: ["date_service", "weather_service"],
    last_heartbeat: "2025-06-08T10:05:30Z",
    resource_version: "1749377130000",
  });
});
