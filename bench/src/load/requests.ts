import { heartbeatBody, referenceBody, registrationBody } from "../fleet.ts";
import type { Workload } from "./messages.ts";

/** Hands out the bytes of one request after another; null when there are no more. */
export type NextRequest = () => Uint8Array | null;

/** Encoding up to this many bodies once, before the window, leaves the generator only the sending. */
const ENCODED_AHEAD_LIMIT = 5_000;

const get = (path: string): Buffer => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n`);

function post(path: string, body: string): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function cycle(count: number, requestAt: (index: number) => Buffer): NextRequest {
  const encoded = count <= ENCODED_AHEAD_LIMIT ? Array.from({ length: count }, (_, index) => requestAt(index)) : null;
  let index = -1;
  return () => {
    index = (index + 1) % count;
    return encoded?.[index] ?? requestAt(index);
  };
}

export function requestsOf(workload: Workload): NextRequest {
  if (workload.kind === "get") {
    const { paths } = workload;
    return cycle(paths.length, (index) => get(paths[index] ?? "/"));
  }
  const { shape, dialect } = workload;
  const heartbeatAt = (index: number) =>
    post("/heartbeat", dialect === "ours" ? heartbeatBody(index, shape) : referenceBody(index, shape));
  if (workload.kind === "heartbeats") return cycle(workload.agents, heartbeatAt);
  let index = workload.from - 1;
  const end = workload.count === null ? Number.POSITIVE_INFINITY : workload.from + workload.count;
  return () => {
    if (index + 1 >= end) return null;
    index += 1;
    // The published executable has no other registration than a first beat.
    return dialect === "ours"
      ? post("/agents/register_with_metadata", registrationBody(index, shape))
      : heartbeatAt(index);
  };
}
