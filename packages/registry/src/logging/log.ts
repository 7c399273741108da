import { printableText } from "@mcp-mesh/protocol";
import type { Clock } from "../clock.ts";
import { toLocalSecond } from "./local-time.ts";
import { toSafeJson } from "./safe-json.ts";

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = "text" | "json";

/**
 * One line a call, whatever the text contains. URLs must come in masked: a logger cannot know what is a secret.
 * `cause` is what was thrown, shown with its stack and its own causes; for an expected failure put its message in the text.
 */
export interface Logger {
  debug(text: string, cause?: unknown): void;
  info(text: string, cause?: unknown): void;
  warn(text: string, cause?: unknown): void;
  error(text: string, cause?: unknown): void;
}

export interface LoggerOptions {
  readonly format: LogFormat;
  /** The least severe level that is written. */
  readonly level: LogLevel;
  /** Takes a whole line, its line break included. Must not block: a stalled reader of the log must not stop the registry. */
  readonly write: (line: string) => void;
  readonly clock: Pick<Clock, "nowMs">;
  /** `REGISTRY_NAME`; a field of every JSON line. Text lines are Go's and have no room for it. */
  readonly registryName?: string;
}

/** Characters of a text, and of a cause. */
const TEXT_LIMIT = 8_192;
/** A chain of causes may be circular. */
const CAUSES_SHOWN = 5;

/**
 * A logger in one of two formats (cli 13): text `YYYY/MM/DD HH:MM:SS <text>` in local time, or one JSON object a line:
 * `time` (RFC 3339, UTC), `level`, `registry`, `message`, and `cause` where there is one.
 */
export function createLogger(options: LoggerOptions): Logger {
  const formatLine = options.format === "json" ? jsonLine(options.registryName) : textLine;
  const at = (level: LogLevel) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(options.level)) return () => {};
    return (text: string, cause?: unknown): void => {
      const causeText = cause === undefined ? undefined : cut(describeCause(cause));
      options.write(`${formatLine(options.clock.nowMs(), level, cut(text), causeText)}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

type LineFormat = (atMs: number, level: LogLevel, text: string, cause: string | undefined) => string;

const textLine: LineFormat = (atMs, _level, text, cause) => {
  const { date, time } = toLocalSecond(atMs);
  const whole = cause === undefined ? text : `${text}: ${cause}`;
  return `${date} ${time} ${printableText(whole, whole.length)}`;
};

function jsonLine(registry: string | undefined): LineFormat {
  return (atMs, level, message, cause) =>
    toSafeJson({ time: new Date(atMs).toISOString(), level, registry, message, cause });
}

function cut(text: string): string {
  return text.length <= TEXT_LIMIT ? text : `${text.slice(0, TEXT_LIMIT)}...`;
}

function describeCause(cause: unknown): string {
  const parts: string[] = [];
  let next = cause;
  while (next !== undefined && parts.length < CAUSES_SHOWN) {
    parts.push(next instanceof Error ? describeError(next) : describeValue(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return parts.join("; caused by ");
}

/** Not every object can be turned into a string by `String`. */
function describeValue(value: unknown): string {
  return typeof value === "object" ? Bun.inspect(value, { depth: 2 }) : String(value);
}

/** Some runtimes' stacks leave out the message, or there is none. */
function describeError(error: Error): string {
  const headline = `${error.name}: ${error.message}`;
  if (error.stack === undefined) return headline;
  return error.stack.startsWith(headline) ? error.stack : `${headline}\n${error.stack}`;
}
