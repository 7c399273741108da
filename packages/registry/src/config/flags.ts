import { parseBooleanParameter, printableText } from "@mcp-mesh/protocol";

/** What the command line said; what is missing was not given, or was empty. `config.ts` joins it with the environment. */
export interface Flags {
  readonly host?: string;
  /** `auto` = any free port. Never 0, which means "not given" on the command line, as in Go. */
  readonly port?: number | "auto";
  readonly databaseUrl?: string;
  readonly logLevel?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export type Invocation =
  | { readonly kind: "run"; readonly flags: Flags }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  /** `message` goes to standard error, the usage behind it; exit status 2. */
  | { readonly kind: "bad-usage"; readonly message: string };

const TEXT_FLAGS: ReadonlyMap<string, keyof Flags> = new Map([
  ["host", "host"],
  ["database-url", "databaseUrl"],
  ["log-level", "logLevel"],
  ["cert-file", "certFile"],
  ["key-file", "keyFile"],
]);
const PORT_FLAG = "port";
const MESSAGE_LIMIT = 500;
const SWITCHES: readonly string[] = ["help", "h", "version"];

/**
 * Reads a command line as Go's `flag` package does (cli 13): one dash or two, `-name value` or `-name=value`, the last of
 * several wins, `--` ends the flags. `node:util` parseArgs cannot stand for it: to it `-port` is a bundle of four short
 * options, and `-port -5` ambiguous.
 *
 * @param args without the program's own name.
 */
export function parseFlags(args: readonly string[]): Invocation {
  const given = new Map<string, string>();
  let rest = args;
  while (rest[0]?.startsWith("-") && rest[0] !== "-" && rest[0] !== "--") {
    const step = readFlag(rest);
    if ("problem" in step) return badUsage(step.problem);
    given.set(step.name, step.value);
    rest = step.rest;
  }
  // Go ignores what is left, and every flag behind it: `mcp-mesh-registry start --port 9000` then serves port 8000.
  const [stray] = rest[0] === "--" ? rest.slice(1) : rest;
  if (stray !== undefined) return badUsage(`unexpected argument: ${stray}`);
  if (isOn(given.get("help")) || isOn(given.get("h"))) return { kind: "help" };
  if (isOn(given.get("version"))) return { kind: "version" };
  return { kind: "run", flags: toFlags(given) };
}

function badUsage(message: string): Invocation {
  return { kind: "bad-usage", message: printableText(message, MESSAGE_LIMIT) };
}

type Step = { readonly name: string; readonly value: string; readonly rest: readonly string[] };

/** One flag and its value off the front of the arguments. */
function readFlag([arg = "", next, ...behind]: readonly string[]): Step | { readonly problem: string } {
  const [, name, inlineValue] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
  if (name === undefined) return { problem: `bad flag syntax: ${arg}` };
  const isSwitch = SWITCHES.includes(name);
  if (!isSwitch && name !== PORT_FLAG && !TEXT_FLAGS.has(name)) {
    return { problem: `flag provided but not defined: -${name}` };
  }
  const takesNext = !isSwitch && inlineValue === undefined;
  const value = takesNext ? next : (inlineValue ?? "true");
  if (value === undefined) return { problem: `flag needs an argument: -${name}` };
  if ((isSwitch && !isBoolean(value)) || (name === PORT_FLAG && parsePort(value) === null)) {
    return { problem: `invalid value "${value}" for flag -${name}: parse error` };
  }
  return { name, value, rest: takesNext || next === undefined ? behind : [next, ...behind] };
}

function toFlags(given: ReadonlyMap<string, string>): Flags {
  const texts = [...TEXT_FLAGS].flatMap(([name, property]) => {
    const value = given.get(name)?.trim() ?? "";
    return value === "" ? [] : [[property, value]];
  });
  const port = parsePort(given.get(PORT_FLAG) ?? "0");
  return { ...Object.fromEntries(texts), ...(port === null || port === 0 ? {} : { port }) };
}

/** Not checked for its range here: a port that cannot be is a configuration error, whoever named it. */
function parsePort(value: string): number | "auto" | null {
  if (value === "auto") return value;
  const port = Number(value);
  return /^[+-]?\d+$/.test(value) && Number.isSafeInteger(port) ? port : null;
}

function isBoolean(value: string): boolean {
  const parsed = parseBooleanParameter(value);
  return parsed.ok && parsed.value !== undefined;
}

function isOn(value: string | undefined): boolean {
  const parsed = parseBooleanParameter(value);
  return parsed.ok && parsed.value === true;
}
