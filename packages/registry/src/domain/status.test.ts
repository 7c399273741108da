import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AgentRecord } from "./agent.ts";
import { buildRegistration } from "./registration.ts";
import { isLeaseRunning, nextLimitMs, statusAfterBeat, statusAfterSilence } from "./status.ts";

const SETTINGS = { defaultTimeoutThreshold: 60, defaultEvictionThreshold: 120, securityEnforcement: "warn" } as const;
const PATIENCE = { timeoutMs: 60_000, evictionMs: 120_000 };
const REGISTERED = buildRegistration({ agentId: "a", metadata: {}, timestamp: "t" }, null, SETTINGS, 0).record;

const agent = (fields: Partial<AgentRecord>): AgentRecord => ({ ...REGISTERED, ...fields });
const reporting = (status: string): AgentRecord => agent({ status, reportedStatus: status });

/** From best to worst, as far as silence goes. */
const RANKS = ["healthy", "degraded", "expired"];

describe("silence", () => {
  test.each<[string, AgentRecord, string | null, string | null]>([
    ["a healthy agent", reporting("healthy"), "degraded", "expired"],
    ["an unknown one", reporting("unknown"), "degraded", "expired"],
    ["one with a word of its own", reporting("busy"), "degraded", "expired"],
    ["a degraded one", reporting("degraded"), null, "expired"],
    ["one that said goodbye", reporting("offline"), null, "expired"],
    ["one that is unwell", reporting("unhealthy"), null, "expired"],
    ["one that never beat", agent({ status: "pending", reportedStatus: null }), null, "expired"],
    ["a draining one", agent({ status: "degraded", lifecycleStatus: "draining" }), null, "expired"],
    ["an expired one", agent({ status: "expired" }), null, null],
  ])("of %s counts strictly beyond each limit", (_, record, afterTimeout, afterEviction) => {
    expect(statusAfterSilence(record, 0, PATIENCE)).toBeNull();
    expect(statusAfterSilence(record, 60_000, PATIENCE)).toBeNull();
    expect(statusAfterSilence(record, 60_000.1, PATIENCE)).toBe(afterTimeout);
    expect(statusAfterSilence(record, 120_000, PATIENCE)).toBe(afterTimeout);
    expect(statusAfterSilence(record, 120_000.1, PATIENCE)).toBe(afterEviction);
    expect(statusAfterSilence(record, 1e12, PATIENCE)).toBe(afterEviction);
  });

  test("never improves a status, and changes one from the very moment its limit has passed", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...["healthy", "degraded", "expired", "pending", "offline", "unhealthy", "unknown", "busy"]),
        fc.constantFrom("active", "draining"),
        fc.nat(200_000),
        fc.constantFrom(PATIENCE, { timeoutMs: 60_000, evictionMs: 30_000 }),
        (status, lifecycleStatus, silentMs, patience) => {
          const record = agent({ status, reportedStatus: status === "pending" ? null : status, lifecycleStatus });
          const after = statusAfterSilence(record, silentMs, patience);
          if (after !== null) expect(RANKS.indexOf(after)).toBeGreaterThan(RANKS.indexOf(status));
          const limitMs = nextLimitMs(record, patience);
          expect(after !== null).toBe(limitMs !== null && silentMs > limitMs);
        },
      ),
    );
  });
});

test("a beat gives what the agent reports, but a draining one stays degraded", () => {
  for (const reported of ["healthy", "offline", "anything"]) {
    expect(statusAfterBeat(REGISTERED, reported)).toBe(reported);
    expect(statusAfterBeat(agent({ lifecycleStatus: "draining" }), reported)).toBe("degraded");
  }
});

describe("a lease", () => {
  test.each<[string, AgentRecord, number]>([
    ["a healthy agent", reporting("healthy"), 60_000],
    ["a degraded one", reporting("degraded"), 120_000],
    ["one that said goodbye", reporting("offline"), 120_000],
    ["one that is unwell", reporting("unhealthy"), 120_000],
  ])("of %s runs up to its limit and no longer", (_, record, limitMs) => {
    expect(isLeaseRunning(record, limitMs, PATIENCE)).toBe(true);
    expect(isLeaseRunning(record, limitMs + 0.1, PATIENCE)).toBe(false);
  });
});
