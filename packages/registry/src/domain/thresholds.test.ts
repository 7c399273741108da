import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chooseThresholds, patienceOf, thresholdWarnings } from "./thresholds.ts";

const DEFAULTS = { defaultTimeoutThreshold: 60, defaultEvictionThreshold: 120 };
const NOTHING = { timeout: null, eviction: null };

describe("chooseThresholds", () => {
  test.each([
    ["file-agent", 90, 180],
    ["worker", 45, 90],
    ["critical", 30, 60],
    ["mesh-agent", 60, 120],
    ["mcp-agent", 60, 120],
    ["constructor", 60, 120],
  ])("a %s gets the thresholds of its type", (agentType, timeoutThreshold, evictionThreshold) => {
    expect(chooseThresholds(agentType, NOTHING, DEFAULTS)).toEqual({
      timeoutThreshold,
      evictionThreshold,
      explicitTimeout: false,
      explicitEviction: false,
    });
  });

  test("configured defaults count for every other type, and only for those", () => {
    const settings = { defaultTimeoutThreshold: 10, defaultEvictionThreshold: 15 };
    expect(chooseThresholds("mesh-agent", NOTHING, settings)).toMatchObject({
      timeoutThreshold: 10,
      evictionThreshold: 15,
    });
    expect(chooseThresholds("worker", NOTHING, settings)).toMatchObject({
      timeoutThreshold: 45,
      evictionThreshold: 90,
    });
  });

  test("what the agent asked for wins, even when it equals the default, and loses its fraction", () => {
    expect(chooseThresholds("file-agent", { timeout: 60, eviction: 120.9 }, DEFAULTS)).toEqual({
      timeoutThreshold: 60,
      evictionThreshold: 120,
      explicitTimeout: true,
      explicitEviction: true,
    });
  });
});

const agent = {
  agentType: "mesh-agent",
  healthInterval: 30,
  timeoutThreshold: 60,
  evictionThreshold: 120,
  explicitTimeout: false,
  explicitEviction: false,
};

describe("patienceOf", () => {
  test("is the stored pair while the agent beats often enough", () => {
    expect(patienceOf(agent)).toEqual({ timeoutMs: 60_000, evictionMs: 120_000 });
    expect(patienceOf({ ...agent, evictionThreshold: 70 })).toEqual({ timeoutMs: 60_000, evictionMs: 70_000 });
  });

  test("covers two intervals of a slow agent, and twice that before eviction", () => {
    expect(patienceOf({ ...agent, healthInterval: 60 })).toEqual({ timeoutMs: 120_000, evictionMs: 240_000 });
    expect(patienceOf({ ...agent, healthInterval: 31 })).toEqual({ timeoutMs: 62_000, evictionMs: 124_000 });
  });

  test("leaves alone what the agent asked for", () => {
    const slow = { ...agent, healthInterval: 60 };
    expect(patienceOf({ ...slow, explicitTimeout: true })).toEqual({ timeoutMs: 60_000, evictionMs: 120_000 });
    expect(patienceOf({ ...slow, explicitEviction: true })).toEqual({ timeoutMs: 120_000, evictionMs: 120_000 });
  });

  test("falls back to the type when a foreign database held no thresholds", () => {
    expect(patienceOf({ ...agent, agentType: "worker", timeoutThreshold: 0 })).toEqual({
      timeoutMs: 60_000,
      evictionMs: 120_000,
    });
    expect(patienceOf({ ...agent, healthInterval: 5, evictionThreshold: 0 })).toEqual({
      timeoutMs: 60_000,
      evictionMs: 120_000,
    });
  });

  test("never is shorter than what is stored", () => {
    const seconds = fc.integer({ min: 1, max: 20_000 });
    const any = fc.record({
      agentType: fc.constantFrom("mesh-agent", "worker"),
      healthInterval: seconds,
      timeoutThreshold: seconds,
      evictionThreshold: seconds,
      explicitTimeout: fc.boolean(),
      explicitEviction: fc.boolean(),
    });
    fc.assert(
      fc.property(any, (given) => {
        const { timeoutMs, evictionMs } = patienceOf(given);
        expect(timeoutMs).toBeGreaterThanOrEqual(given.timeoutThreshold * 1000);
        expect(evictionMs).toBeGreaterThanOrEqual(given.evictionThreshold * 1000);
        if (!given.explicitTimeout) expect(timeoutMs).toBeGreaterThanOrEqual(2 * given.healthInterval * 1000);
      }),
    );
  });
});

describe("thresholdWarnings", () => {
  test("an ordinary agent gets none", () => {
    expect(thresholdWarnings(agent)).toEqual([]);
  });

  test("an agent that beats as seldom as its timeout hears what happens instead", () => {
    expect(thresholdWarnings({ ...agent, healthInterval: 60 })).toEqual([
      "health_interval (60 s) is not shorter than timeout_threshold (60 s): silence is tolerated for 120 s instead; " +
        "send a timeout_threshold to choose",
    ]);
  });

  test("if it asked for that timeout itself, it hears what to change", () => {
    expect(thresholdWarnings({ ...agent, healthInterval: 60, explicitTimeout: true })).toEqual([
      "health_interval (60 s) is not shorter than timeout_threshold (60 s): the agent will be degraded between heartbeats; " +
        "send a timeout_threshold of at least 120",
    ]);
  });

  test("an eviction before the timeout is pointed out", () => {
    expect(thresholdWarnings({ ...agent, timeoutThreshold: 300, explicitTimeout: true })).toEqual([
      "eviction_threshold (120 s) is not longer than timeout_threshold (300 s): " +
        "the agent will expire without being degraded first",
    ]);
  });
});
