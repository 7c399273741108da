import { expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "./registry-process.ts";
import { scratchFolder } from "./scratch-folder.ts";

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("a registry listens when it is handed out, and leaves neither process nor folder", async () => {
  let pid: number;
  let cwd: string;
  {
    await using registry = await startRegistry();
    ({ pid, cwd } = registry);
    expect(registry.url).toEndWith(`:${registry.port}`);
    expect((await fetch(`${registry.url}/health`)).status).toBe(200);
    expect(readdirSync(cwd)).toContain("mcp_mesh_registry.db");
    expect(registry.output).toContain("📡 Server: ");
  }
  expect(isRunning(pid)).toBe(false);
  expect(existsSync(cwd)).toBe(false);
});

test("SIGTERM ends it with exit code 0, and its whole output can be read", async () => {
  await using registry = await startRegistry();
  expect(await registry.stop()).toEqual({ exitCode: 0, signal: null });
  expect(registry.stderr).toContain("✅ Registry service stopped");
});

test("a folder that was given stays and serves the next registry", async () => {
  using folder = scratchFolder();
  {
    await using first = await startRegistry({ cwd: folder.path });
    first.kill("SIGKILL");
    expect(await first.exited).toEqual({ exitCode: null, signal: "SIGKILL" });
  }
  await using second = await startRegistry({ cwd: folder.path });
  expect((await fetch(`${second.url}/health`)).status).toBe(200);
});

test("one that cannot start says why", async () => {
  using folder = scratchFolder();
  writeFileSync(
    join(folder.path, "mcp_mesh_registry.db"),
    "not a database, and long enough to be read as one".repeat(99),
  );
  const failure = startRegistry({ cwd: folder.path });
  await expect(failure).rejects.toThrow(/ended at its start:\n(.*\n)*.*❌ Failed to initialize database/);
});

test("nothing of the surroundings configures it", async () => {
  process.env.REGISTRY_NAME = "of-the-surroundings";
  try {
    await using registry = await startRegistry({ env: { LOG_LEVEL: "warn" } });
    expect(registry.stdout).toContain("📛 Name: mcp-mesh-registry");
    expect(registry.stderr).toBe("");
  } finally {
    delete process.env.REGISTRY_NAME;
  }
});
