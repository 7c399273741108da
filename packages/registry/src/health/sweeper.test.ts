import { describe, expect, test } from "bun:test";
import { ManualClock } from "../clock.ts";
import { heartbeat } from "../operations/heartbeat.ts";
import { registerAgent } from "../operations/register-agent.ts";
import { openRegistry, type Registry } from "../registry.ts";
import { MemoryDatabase, openMemoryStore } from "../store/memory/memory-store.ts";

interface Site {
  readonly clock: ManualClock;
  readonly database: MemoryDatabase;
  readonly registry: Registry;
  register(thresholds: { readonly timeout: number; readonly eviction: number }): Promise<unknown>;
  beat(): void;
  status(): string | undefined;
}

/** A registry that runs, and one agent. */
async function site(startMs = 0): Promise<Site> {
  const clock = new ManualClock();
  clock.stall(startMs);
  const database = new MemoryDatabase();
  const registry = await openRegistry({
    store: openMemoryStore(database, { replica: "one", clock }),
    clock,
    timers: clock,
    settings: {
      adoptsHeartbeats: true,
      defaultTimeoutThreshold: 60,
      defaultEvictionThreshold: 120,
      securityEnforcement: "off",
      healthCheckIntervalMs: 30_000,
    },
    retention: {
      healthRetentionMs: 0,
      healthMaxPerAgent: 1_000,
      eventsRetentionMs: 0,
      eventsMax: 1_000,
      tombstoneMs: 86_400_000,
      expiredAgentMs: 0,
    },
    retentionIntervalMs: 300_000,
    healthSampleMs: 60_000,
    defer: (run) => void clock.after(0, run),
    log: () => {},
  });
  registry.start();
  const { core } = registry;
  return {
    clock,
    database,
    registry,
    async register({ timeout, eviction }) {
      const metadata = { timeout_threshold: timeout, eviction_threshold: eviction };
      const registering = registerAgent(core, { agentId: "agent", metadata, timestamp: "t" }, null);
      await clock.advance(0);
      return registering;
    },
    beat: () => void heartbeat(core, { agentId: "agent", status: "healthy", metadata: {} }),
    status: () => core.state.get("agent")?.record.status,
  };
}

test("a transition is recorded at most 100 ms after its deadline, whatever the phase of the timers", async () => {
  for (const startMs of [0, 1, 17, 49, 50, 63, 99]) {
    const { clock, register, status } = await site(startMs);
    await clock.advance(37);
    await register({ timeout: 2, eviction: 5 });
    await clock.advance(2_000);
    expect([startMs, status()]).toEqual([startMs, "healthy"]);
    await clock.advance(100);
    expect([startMs, status()]).toEqual([startMs, "degraded"]);
    await clock.advance(2_900);
    expect([startMs, status()]).toEqual([startMs, "degraded"]);
    await clock.advance(100);
    expect([startMs, status()]).toEqual([startMs, "expired"]);
  }
});

test("an agent whose eviction comes before its timeout expires at its eviction", async () => {
  const { clock, register, status } = await site();
  await register({ timeout: 60, eviction: 3 });
  await clock.advance(3_100);
  expect(status()).toBe("expired");
});

test("a transition that the database refused comes a full timeout after its return, not at the eviction", async () => {
  const { clock, database, register, status } = await site();
  await register({ timeout: 10, eviction: 600 });
  await clock.advance(9_900);
  database.isDown = true;
  await clock.advance(2_000);
  database.isDown = false;
  await clock.advance(1_000);
  expect(status()).toBe("healthy");
  await clock.advance(10_100);
  expect(status()).toBe("degraded");
});

test("a registration that shares its batch with the agent's expiry is not undone by it", async () => {
  const { clock, registry, register, status } = await site();
  await register({ timeout: 2, eviction: 5 });
  await clock.advance(2_000);
  // The registration arrives in the turn of the tick, and is decided first.
  const { writer } = registry.core;
  const change = writer.change.bind(writer);
  let isFirst = true;
  writer.change = (id, decide) => {
    if (!isFirst) return change(id, decide);
    isFirst = false;
    void registerAgent(registry.core, { agentId: "agent", metadata: {}, timestamp: "again" }, null);
    return change(id, decide);
  };
  await clock.advance(100);
  expect(isFirst).toBe(false);
  expect(status()).toBe("healthy");
});

describe("a registry that did not run", () => {
  test("reads what has been waiting before it judges anybody", async () => {
    const { clock, registry, register, beat, status } = await site();
    await register({ timeout: 2, eviction: 5 });
    await clock.advance(1_000);
    clock.stall(2_500);
    // Timers that are due come before sockets, and a request takes some turns to be read.
    clock.after(10, beat);
    await clock.advance(1_000);
    expect([status(), registry.core.counters.statusTransitions]).toEqual(["healthy", 0]);
    await clock.advance(1_110);
    expect(status()).toBe("degraded");
  });

  test("gets on with its transitions although every turn comes late", async () => {
    const { clock, register, status } = await site();
    await register({ timeout: 2, eviction: 5 });
    for (let turn = 0; turn < 20; turn++) {
      clock.stall(150);
      await clock.advance(1);
    }
    expect(status()).toBe("degraded");
  });

  test("for three seconds blames nobody for that time", async () => {
    const { clock, register, status } = await site();
    await register({ timeout: 2, eviction: 5 });
    clock.stall(60_000);
    await clock.advance(2_000);
    expect(status()).toBe("healthy");
    await clock.advance(200);
    expect(status()).toBe("degraded");
  });
});
