import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock, systemClock, systemTimers } from "./clock.ts";

describe("the manual clock", () => {
  test("stands still until it is advanced, and then moves both clocks", async () => {
    const clock = new ManualClock(1_000_000);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_000_000, 0]);
    await clock.advance(1500);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_001_500, 1500]);
  });

  test("runs timers in order of deadline, ties in order of creation, each at its own moment", async () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name}@${clock.monotonicMs()}`);
    clock.after(300, note("late"));
    clock.every(100, note("tick"));
    clock.after(100, note("first"));
    clock.after(0, note("now"));
    await clock.advance(300);
    expect(ran).toEqual(["now@0", "tick@100", "first@100", "tick@200", "late@300", "tick@300"]);
  });

  test("runs a timer that another timer has set, within the same advance", async () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    clock.after(10, () => clock.after(10, () => void ran.push(clock.monotonicMs())));
    await clock.advance(100);
    expect(ran).toEqual([20]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("lets promises settle between two timers", async () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    clock.after(10, async () => {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      ran.push("settled");
    });
    clock.after(10, () => void ran.push("next"));
    await clock.advance(10);
    expect(ran).toEqual(["settled", "next"]);
  });

  test("runs nothing that was cancelled, not even by an earlier timer of the same moment or by itself", async () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    clock.after(10, () => cancelSecond());
    const cancelSecond = clock.after(10, () => void ran.push("second"));
    const cancelTick = clock.every(5, () => {
      ran.push("tick");
      cancelTick();
    });
    await clock.advance(100);
    cancelTick();
    expect(ran).toEqual(["tick"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("after a stall a repeating timer runs once, late, and goes on from there", async () => {
    const clock = new ManualClock(0);
    const ran: number[] = [];
    clock.every(1000, () => void ran.push(clock.monotonicMs()));
    clock.stall(5500);
    expect(ran).toEqual([]);
    await clock.advance(0);
    expect(ran).toEqual([5500]);
    await clock.advance(1000);
    expect(ran).toEqual([5500, 6500]);
    expect(clock.nowMs()).toBe(6500);
  });

  test("setting the wall clock back moves no timer and not the monotonic clock", async () => {
    const clock = new ManualClock(1_000_000);
    const ran: number[] = [];
    clock.after(100, () => void ran.push(clock.nowMs()));
    clock.setWall(5);
    expect(clock.monotonicMs()).toBe(0);
    await clock.advance(100);
    expect(ran).toEqual([105]);
  });

  test("a timer that throws fails the advance, and the clock can go on", async () => {
    const clock = new ManualClock();
    clock.after(10, () => {
      throw new Error("broken timer");
    });
    await expect(clock.advance(50)).rejects.toThrow("broken timer");
    expect(clock.monotonicMs()).toBe(10);
    await clock.advance(40);
    expect(clock.monotonicMs()).toBe(50);
  });

  test("refuses two advances at once, an interval of nothing and a delay that is no number", async () => {
    const clock = new ManualClock();
    const first = clock.advance(1);
    await expect(clock.advance(1)).rejects.toThrow("already advancing");
    await first;
    expect(() => clock.every(0, () => {})).toThrow(RangeError);
    expect(() => clock.after(Number.NaN, () => {})).toThrow(RangeError);
  });

  test("never goes back and never runs a timer early, whatever is asked of it", async () => {
    const step = fc.record({
      kind: fc.constantFrom("after", "every", "advance", "stall"),
      ms: fc.integer({ min: 1, max: 500 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const clock = new ManualClock(0);
        let lastMs = 0;
        for (const { kind, ms } of steps) {
          const dueMs = clock.monotonicMs() + ms;
          const check = () => {
            expect(clock.monotonicMs()).toBeGreaterThanOrEqual(Math.max(dueMs, lastMs));
            lastMs = clock.monotonicMs();
          };
          if (kind === "after") clock.after(ms, check);
          else if (kind === "every") clock.every(ms, check);
          else if (kind === "stall") clock.stall(ms);
          else await clock.advance(ms);
        }
        expect(clock.nowMs()).toBe(clock.monotonicMs());
      }),
      { numRuns: 50 },
    );
  });
});

describe("the system's clock and timers", () => {
  test("the monotonic clock does not go back", () => {
    const first = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(first);
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(60_000);
  });

  test("run, repeat and can be cancelled", async () => {
    let ticks = 0;
    const cancelled: string[] = [];
    systemTimers.after(0, () => void cancelled.push("ran"))();
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = systemTimers.every(1, () => {
      ticks += 1;
      if (ticks === 3) systemTimers.after(-5, resolve);
    });
    await promise;
    cancel();
    expect(ticks).toBeGreaterThanOrEqual(3);
    expect(cancelled).toEqual([]);
  });

  test("a delay longer than the runtime's timers can hold does not fire at once", async () => {
    const early: string[] = [];
    const cancel = systemTimers.after(2 ** 31 + 10, () => void early.push("ran"));
    await new Promise<void>((resolve) => void systemTimers.after(20, resolve));
    cancel();
    expect(early).toEqual([]);
  });
});
