import { expect, test } from "bun:test";
import type { AgentEntry } from "./agent-entry.ts";
import { LeaseTimer } from "./lease-timer.ts";

const entry = (): AgentEntry => ({ ticket: null }) as unknown as AgentEntry;

test("an entry is looked at once its deadline has passed, and not before", () => {
  const timer = new LeaseTimer();
  const waiting = entry();
  timer.schedule(waiting, 1_000);
  expect(timer.takeDue(999, 10)).toEqual([]);
  expect(timer.takeDue(1_100, 10)).toEqual([waiting]);
  expect(timer.takeDue(2_000, 10)).toEqual([]);
});

test("an earlier deadline takes the place of a later one, a later one does not", () => {
  const timer = new LeaseTimer();
  const waiting = entry();
  timer.schedule(waiting, 5_000);
  timer.schedule(waiting, 1_000);
  timer.schedule(waiting, 9_000);
  expect(timer.takeDue(1_100, 10)).toEqual([waiting]);
  expect(timer.takeDue(20_000, 10)).toEqual([]);
});

test("what was cancelled is neither looked at nor kept alive", () => {
  const timer = new LeaseTimer();
  const waiting = entry();
  timer.schedule(waiting, 1_000);
  const { ticket } = waiting;
  timer.cancel(waiting);
  expect([waiting.ticket, ticket?.entry]).toEqual([null, null]);
  expect(timer.takeDue(20_000, 10)).toEqual([]);
});

test("no more than asked for are taken at once, and none is lost", () => {
  const timer = new LeaseTimer();
  const all = Array.from({ length: 25 }, entry);
  for (const waiting of all) timer.schedule(waiting, 1_000);
  const taken = [timer.takeDue(5_000, 10), timer.takeDue(5_000, 10), timer.takeDue(5_000, 10)];
  expect(taken.map((some) => some.length)).toEqual([10, 10, 5]);
  expect(new Set(taken.flat()).size).toBe(25);
});
