import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseBooleanParameter, parseListParameter } from "./query.ts";

describe("parseListParameter", () => {
  test.each([
    [[], []],
    [[""], []],
    [[" , ,"], []],
    [["a,b"], ["a", "b"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [
      ["a, b ", "", " c"],
      ["a", "b", "c"],
    ],
    [["read file"], ["read file"]],
    [["__proto__,constructor"], ["__proto__", "constructor"]],
  ])("%p is %p", (values, expected) => {
    expect(parseListParameter(values)).toEqual(expected);
  });

  test("commas and repetition mean the same", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (values) => {
        expect(parseListParameter(values)).toEqual(parseListParameter([values.join(",")]));
      }),
    );
  });
});

describe("parseBooleanParameter", () => {
  test.each(["1", "t", "true", "y", "yes", "on", "TRUE", "True", "T", "Yes", "ON"])("%s is true", (text) => {
    expect(parseBooleanParameter(text)).toEqual({ ok: true, value: true });
  });

  test.each(["0", "f", "false", "n", "no", "off", "FALSE", "False", "F", "No", "OFF"])("%s is false", (text) => {
    expect(parseBooleanParameter(text)).toEqual({ ok: true, value: false });
  });

  test.each([undefined, null, ""])("%p is absent", (text) => {
    expect(parseBooleanParameter(text)).toEqual({ ok: true, value: undefined });
  });

  test.each([
    ["maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'],
    ["2", 'strconv.ParseBool: parsing "2": invalid syntax'],
    [" true", 'strconv.ParseBool: parsing " true": invalid syntax'],
    ["constructor", 'strconv.ParseBool: parsing "constructor": invalid syntax'],
    ['a"b\r\nX-Evil: 1', 'strconv.ParseBool: parsing "a\\"b\\r\\nX-Evil: 1": invalid syntax'],
  ])("%p is refused in Go's words", (text, detail) => {
    expect(parseBooleanParameter(text)).toEqual({ ok: false, detail });
  });
});
