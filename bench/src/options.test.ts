import { expect, test } from "bun:test";
import { parseInvocation } from "./options.ts";

const CASES = ["lists", "heartbeats"];

test("without arguments all cases run at full length", () => {
  expect(parseInvocation([], CASES)).toEqual({
    options: { rounds: 5, seconds: 2, agents: 100_000, scaleSeconds: 65 },
    cases: [],
    registry: null,
    against: null,
    isReferenceWanted: true,
    isSaving: true,
    isListing: false,
    isHelp: false,
  });
});

test("cases and options mix in any order", () => {
  const invocation = parseInvocation(["lists", "--rounds", "3", "--seconds=0.5", "heartbeats", "--no-save"], CASES);
  expect(invocation).toMatchObject({ cases: ["lists", "heartbeats"], isSaving: false });
  expect(invocation.options).toMatchObject({ rounds: 3, seconds: 0.5 });
});

test.each([
  [["list"], "there is no case 'list'; there are: lists, heartbeats"],
  [["--rounds", "0"], "--rounds takes a number above 0, not '0'"],
  [["--rounds", "2.5"], "--rounds takes a whole number, not '2.5'"],
  [["--seconds", "soon"], "--seconds takes a number above 0, not 'soon'"],
  [["--agents", "Infinity"], "--agents takes a number above 0, not 'Infinity'"],
  [["--fast"], "Unknown option"],
])("%p is refused with a reason", (args, message) => {
  expect(() => parseInvocation(args, CASES)).toThrow(message);
});
