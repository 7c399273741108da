import type { Dialect, FleetShape } from "../fleet.ts";
import type { LatencySummary } from "./histogram.ts";

/** What the bench asks of the load generator's process, and what it hears back. */
export type Workload =
  | { readonly kind: "get"; readonly paths: readonly string[] }
  | { readonly kind: "heartbeats"; readonly dialect: Dialect; readonly agents: number; readonly shape: FleetShape }
  | {
      readonly kind: "registrations";
      readonly dialect: Dialect;
      readonly from: number;
      /** Stops after this many; null goes on until the window ends. */
      readonly count: number | null;
      readonly shape: FleetShape;
    };

/**
 * How requests are offered.
 * - closed: each connection sends the next request when the last one is answered; measures throughput.
 * - open: requests are due at a fixed rate whatever the answers do, and latency counts from when each was due, so that a
 *   server that stalls is charged for everybody it kept waiting (no coordinated omission).
 * - one-shot: `requests` in all, in batches of new connections, each used once: what seed 003 does with curl.
 */
export type Pace =
  | { readonly kind: "closed"; readonly connections: number }
  | { readonly kind: "open"; readonly connections: number; readonly ratePerSecond: number }
  | { readonly kind: "one-shot"; readonly requests: number; readonly batch: number };

export interface Stream {
  readonly name: string;
  readonly pace: Pace;
  readonly workload: Workload;
}

export interface LoadRequest {
  readonly id: number;
  readonly port: number;
  /** The server's process, whose CPU time is read at both ends of the window. */
  readonly serverPid: number;
  readonly warmMs: number;
  /** null: until every stream has run out of requests, which a stream at open pace never does. */
  readonly measureMs: number | null;
  readonly streams: readonly Stream[];
}

export interface StreamResult {
  readonly name: string;
  /** Answered with 2xx inside the window. */
  readonly requests: number;
  readonly perSecond: number;
  /** Answered otherwise, or not at all. */
  readonly failures: number;
  /** One sentence about the first failure. */
  readonly firstFailure: string | null;
  /** All body bytes read, those of the warm-up included. */
  readonly bodyBytes: number;
  readonly latency: LatencySummary;
  /** Open pace only: how late the generator itself was in sending what it could have sent. */
  readonly sendDelayP99Ms: number | null;
}

export interface LoadResult {
  readonly id: number;
  readonly windowMs: number;
  readonly streams: readonly StreamResult[];
  /** Share of the window in which the generator's own thread ran or waited for a core; 1 means it could do no more. */
  readonly generatorBusy: number;
  /** CPU time of the server's process over the window, in cores; null where the platform does not tell. */
  readonly serverCores: number | null;
  /** CPU time used by everybody else, in cores; null where the platform does not tell. */
  readonly otherCores: number | null;
}

export type LoadReply =
  | { readonly ok: true; readonly result: LoadResult }
  | { readonly ok: false; readonly id: number; readonly error: string };
