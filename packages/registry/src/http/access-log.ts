import { goQuote, printableText } from "@mcp-mesh/protocol";
import type { Timers } from "../clock.ts";
import { createLineWriter, type LineWriterOptions } from "../logging/line-writer.ts";
import { toLocalSecond } from "../logging/local-time.ts";
import type { LogFormat } from "../logging/log.ts";
import { toSafeJson } from "../logging/safe-json.ts";

/**
 * One line a request (cli 13), in one of two formats:
 *
 *     [REGISTRY] 2025/06/11 - 12:00:00 | 200 |       213.4µs |       127.0.0.1 | GET      "/health?probe=1"
 *     {"time":"2025-06-11T12:00:00.000Z","log":"access","status":200,"latency_ms":0.2134,"client":"127.0.0.1",...}
 *
 * The first has the columns of Go's web framework: latency right-aligned in 13, client in 15, method left-aligned in 7,
 * target quoted as Go quotes. This runs on every request, so what repeats is kept: the second, the padded client, the
 * padded method. Lines leave in chunks, at most about 50 ms late, and are dropped when nobody reads them (`line-writer.ts`).
 */
export interface AccessLog {
  /**
   * @param address of the client's socket, IPv4 in IPv6 form (`::ffff:`) included.
   * @param pathAndQuery as the client sent it; escaped, and cut after 2,048 characters, here.
   * @param atMs wall time of the answer, epoch ms.
   */
  record(status: number, durationMs: number, address: string, method: string, pathAndQuery: string, atMs: number): void;
  /** Resolves once everything recorded so far was written. */
  flush(): Promise<void>;
  /** Flushes, for at most `limitMs` (default 1,000). */
  close(limitMs?: number): Promise<void>;
  /** Lines lost because nobody read them, since the start; a metric. */
  readonly droppedLines: number;
}

export interface AccessLogOptions {
  readonly format: LogFormat;
  /** Takes a chunk of lines; called again only after the promise it returned has settled. */
  readonly write: LineWriterOptions["write"];
  readonly schedule: Timers["after"];
  /** Told how many lines were lost, some seconds after the first. */
  readonly onDrop?: (lines: number) => void;
  /** `REGISTRY_NAME`; a field of every JSON line. */
  readonly registryName?: string;
}

export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { write, schedule, onDrop } = options;
  const writer = createLineWriter({ write, schedule, ...(onDrop === undefined ? {} : { onDrop }) });
  const format = options.format === "json" ? jsonFormat(options.registryName) : textFormat();
  return {
    record: (...request) => writer.push(format(...request)),
    flush: () => writer.flush(),
    close: (limitMs) => writer.close(limitMs),
    get droppedLines() {
      return writer.droppedLines;
    },
  };
}

type LineFormat = (...request: Parameters<AccessLog["record"]>) => string;

const PATH_LIMIT = 2_048;
const METHOD_LIMIT = 32;
const CLIENT_LIMIT = 64;
const LATENCY_WIDTH = 13;
/** What goes before a latency of so many characters. Saves a tenth of a line's time over `padStart`. */
const GAPS = Array.from({ length: LATENCY_WIDTH }, (_, length) => " ".repeat(LATENCY_WIDTH - length));
const CLIENT_WIDTH = 15;
const METHOD_WIDTH = 7;

/** Printable, without quote and backslash. */
const PLAIN_ASCII = /^[ !#-[\]-~]*$/;
const IPV4_IN_IPV6 = "::ffff:";
const KNOWN_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function textFormat(): LineFormat {
  const stampOf = rememberLast((second: number) => {
    const { date, time } = toLocalSecond(second * 1000);
    return `[REGISTRY] ${date} - ${time} | `;
  });
  const clientOf = rememberLast((address: string) =>
    printableText(toClient(address), CLIENT_LIMIT).padStart(CLIENT_WIDTH),
  );
  const methodOf = rememberKnown(KNOWN_METHODS, (method) => printableText(method, METHOD_LIMIT).padEnd(METHOD_WIDTH));
  return (status, durationMs, address, method, pathAndQuery, atMs) => {
    const stamp = stampOf(Math.floor(atMs / 1000));
    const latency = formatLatency(durationMs);
    const gap = GAPS[latency.length] ?? "";
    const path = quote(cut(pathAndQuery, PATH_LIMIT));
    return `${stamp}${status} | ${gap}${latency} | ${clientOf(address)} | ${methodOf(method)}  ${path}\n`;
  };
}

function jsonFormat(registryName: string | undefined): LineFormat {
  // Whole seconds repeat thousands of times; only the milliseconds are new on each line.
  const stampOf = rememberLast((second: number) => `{"time":"${new Date(second * 1000).toISOString().slice(0, -4)}`);
  const registry = registryName === undefined ? "" : `,"registry":${toSafeJson(registryName)}`;
  const clientOf = rememberLast((address: string) => toSafeJson(cut(toClient(address), CLIENT_LIMIT)));
  const methodOf = rememberKnown(KNOWN_METHODS, (method) => toSafeJson(cut(method, METHOD_LIMIT)));
  return (status, durationMs, address, method, pathAndQuery, atMs) => {
    const second = Math.floor(atMs / 1000);
    const milliseconds = String(Math.floor(atMs - second * 1000)).padStart(3, "0");
    const latencyMs = toNanoseconds(durationMs) / 1e6;
    const path = toSafeJson(cut(pathAndQuery, PATH_LIMIT));
    return (
      `${stampOf(second)}${milliseconds}Z"${registry},"log":"access","status":${status},"latency_ms":${latencyMs}` +
      `,"client":${clientOf(address)},"method":${methodOf(method)},"path":${path}}\n`
    );
  };
}

/** A duration as Go prints it, whole seconds beyond one minute: `0s`, `850ns`, `213.4µs`, `1.5ms`, `2.25s`, `1m3s`, `1h0m5s`. */
export function formatLatency(durationMs: number): string {
  const nanoseconds = toNanoseconds(durationMs);
  if (nanoseconds === 0) return "0s";
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  if (nanoseconds < 60e9) return `${nanoseconds / 1e9}s`;
  const seconds = Math.floor(nanoseconds / 1e9);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds % 60}s` : `${hours}h${minutes % 60}m${seconds % 60}s`;
}

/** 0 for what cannot be a duration: a clock that went back, or no number. */
function toNanoseconds(durationMs: number): number {
  return durationMs > 0 && durationMs < Number.MAX_SAFE_INTEGER / 1e6 ? Math.round(durationMs * 1e6) : 0;
}

function toClient(address: string): string {
  return address.startsWith(IPV4_IN_IPV6) ? address.slice(IPV4_IN_IPV6.length) : address;
}

/** Nearly every request target is plain, and the test is many times cheaper than the quoting. */
function quote(text: string): string {
  return PLAIN_ASCII.test(text) ? `"${text}"` : goQuote(text);
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}...`;
}

function rememberLast<Key, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  let last: { readonly key: Key; readonly value: Value } | undefined;
  return (key) => {
    if (last === undefined || last.key !== key) last = { key, value: compute(key) };
    return last.value;
  };
}

/** Only what we know in advance is kept: clients choose the keys, and would fill the table. */
function rememberKnown<Value>(known: readonly string[], compute: (key: string) => Value): (key: string) => Value {
  const values = new Map(known.map((key) => [key, compute(key)]));
  return (key) => values.get(key) ?? compute(key);
}
