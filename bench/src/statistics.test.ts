import { expect, test } from "bun:test";
import { median, rotate, spread } from "./statistics.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test("the median orders numbers as numbers and leaves its argument alone", () => {
  const values = [100, 9, 20];
  expect(median(values)).toBe(20);
  expect(values).toEqual([100, 9, 20]);
});

test("the spread is half the range as a share of the median", () => {
  expect(spread([90, 100, 110])).toBeCloseTo(0.1);
  expect(spread([5])).toBe(0);
  expect(spread([])).toBe(0);
});

test("rotating starts each round with another candidate", () => {
  expect([0, 1, 2, 3].map((by) => rotate(["a", "b", "c"], by).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
  expect(rotate([], 2)).toEqual([]);
});
