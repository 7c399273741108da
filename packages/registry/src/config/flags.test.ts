import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Invocation, parseFlags } from "./flags.ts";

describe("the command line", () => {
  test("takes one dash or two, a space or an equals sign", () => {
    const expected: Invocation = { kind: "run", flags: { host: "0.0.0.0", port: 9000 } };
    expect(parseFlags(["--host", "0.0.0.0", "--port", "9000"])).toEqual(expected);
    expect(parseFlags(["-host", "0.0.0.0", "-port=9000"])).toEqual(expected);
    expect(parseFlags(["--host=0.0.0.0", "-port", "9000"])).toEqual(expected);
  });

  test("takes every flag there is", () => {
    const args = ["--database-url", "a=b.db", "--log-level=DEBUG", "--cert-file", "c.pem", "--key-file", "k.pem"];
    expect(parseFlags([...args, "--port", "auto"])).toEqual({
      kind: "run",
      flags: { databaseUrl: "a=b.db", logLevel: "DEBUG", certFile: "c.pem", keyFile: "k.pem", port: "auto" },
    });
    expect(parseFlags([])).toEqual({ kind: "run", flags: {} });
  });

  test("an empty value and a port of 0 are as good as none", () => {
    expect(parseFlags(["--host=", "--database-url", "", "--port", "0"])).toEqual({ kind: "run", flags: {} });
  });

  test("the last of several wins", () => {
    expect(parseFlags(["--port", "1", "--port", "2"])).toEqual({ kind: "run", flags: { port: 2 } });
  });

  test("a value may begin with a dash", () => {
    expect(parseFlags(["--port", "-5", "--host", "-x"])).toEqual({ kind: "run", flags: { port: -5, host: "-x" } });
  });

  test("asks for help or the version", () => {
    for (const flag of ["--help", "-help", "-h", "--h", "--help=true"])
      expect(parseFlags([flag])).toEqual({ kind: "help" });
    for (const flag of ["--version", "-version", "--version=1"])
      expect(parseFlags([flag])).toEqual({ kind: "version" });
    expect(parseFlags(["--version", "--help", "--port", "1"])).toEqual({ kind: "help" });
    expect(parseFlags(["--version=false", "--help=F"])).toEqual({ kind: "run", flags: {} });
  });

  test("two dashes end the flags", () => {
    expect(parseFlags(["--port", "1", "--"])).toEqual({ kind: "run", flags: { port: 1 } });
  });

  test("says what is wrong, in Go's words where Go has some", () => {
    const messages = {
      "flag provided but not defined: -prot": ["--prot", "80"],
      "flag provided but not defined: -constructor": ["--constructor=1"],
      "flag needs an argument: -port": ["--port"],
      'invalid value "80a" for flag -port: parse error': ["-port", "80a"],
      'invalid value "99999999999999999999" for flag -port: parse error': ["-port=99999999999999999999"],
      'invalid value "maybe" for flag -version: parse error': ["--version=maybe"],
      "bad flag syntax: ---port": ["---port", "80"],
      "bad flag syntax: --=x": ["--=x"],
      "unexpected argument: start": ["start", "--port", "80"],
      "unexpected argument: -": ["-"],
      "unexpected argument: --help": ["--", "--help"],
      "unexpected argument: \\u001b[2J": ["\u001b[2J"],
    };
    for (const [message, args] of Object.entries(messages)) {
      expect(parseFlags(args)).toEqual({ kind: "bad-usage", message });
    }
    expect(parseFlags(["--help", "--bogus"]).kind).toBe("bad-usage");
  });

  test("whatever is typed is understood or refused", () => {
    const word = fc.oneof(
      fc.constantFrom("--host", "-port", "--port=", "--help=", "--", "-", "---", "-=", "", "7", "auto"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        expect(["run", "help", "version", "bad-usage"]).toContain(parseFlags(args).kind);
      }),
    );
  });
});
