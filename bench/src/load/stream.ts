import { Connection, type ConnectionEvents } from "./connection.ts";
import { Histogram } from "./histogram.ts";
import type { Pace, Stream, StreamResult } from "./messages.ts";
import { type NextRequest, requestsOf } from "./requests.ts";

/** The part of a run that counts, on the monotonic clock. */
export interface MeasuredWindow {
  opensAtMs: number;
  closesAtMs: number;
}

/** A server that drops connections must end the run, not keep the generator reconnecting. */
const RECONNECT_LIMIT = 100;
const OPEN_PACE_TICK_MS = 1;

/** Offers one stream of requests at its pace and records what comes back. */
export class StreamRunner implements ConnectionEvents {
  readonly finished: Promise<void>;
  readonly #stream: Stream;
  readonly #port: number;
  readonly #window: MeasuredWindow;
  readonly #next: NextRequest;
  readonly #connections = new Set<Connection>();
  readonly #latency = new Histogram();
  readonly #sendDelay = new Histogram();
  readonly #pacer: Pacer;
  #finish: () => void = () => {};
  #failures = 0;
  #firstFailure: string | null = null;
  #reconnects = 0;
  #bodyBytesOfClosed = 0;

  constructor(stream: Stream, port: number, window: MeasuredWindow) {
    this.#stream = stream;
    this.#port = port;
    this.#window = window;
    this.#next = requestsOf(stream.workload);
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#pacer = pacerOf(stream.pace, this);
  }

  start(): void {
    this.#pacer.start();
  }

  openConnection(): void {
    this.#connections.add(new Connection(this.#port, this));
  }

  onOpen(connection: Connection): void {
    this.#pacer.onIdle(connection);
  }

  onResponse(connection: Connection, status: number): void {
    const now = performance.now();
    const at = this.#stream.pace.kind === "open" ? connection.dueAtMs : now;
    if (at >= this.#window.opensAtMs && at < this.#window.closesAtMs) {
      if (status >= 200 && status < 300) this.#latency.record(now - connection.dueAtMs);
      else this.#fail(`status ${status}`);
    }
    this.#pacer.onIdle(connection);
  }

  onBroken(connection: Connection, why: string): void {
    this.#forget(connection);
    if (connection.isWaiting) this.#fail(why);
    this.#reconnects += 1;
    if (this.#reconnects > RECONNECT_LIMIT) {
      this.#fail(`${RECONNECT_LIMIT} connections broke; the last one: ${why}`);
      this.#finish();
    } else this.#pacer.onBroken(connection);
  }

  /** Sends the next request; false when there is none left. */
  send(connection: Connection, dueAtMs: number): boolean {
    const request = this.#next();
    if (request === null) return false;
    connection.send(request, dueAtMs);
    return true;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#window.closesAtMs;
  }

  retire(connection: Connection): void {
    connection.close();
    this.#forget(connection);
  }

  finishWhenIdle(): void {
    for (const connection of this.#connections) if (connection.isWaiting) return;
    this.#finish();
  }

  recordSendDelay(delayMs: number): void {
    this.#sendDelay.record(delayMs);
  }

  /** Ends the stream now. What was not answered, or never sent although it was due, counts as failed. */
  stop(): void {
    let unanswered = this.#pacer.stop(this.#window.closesAtMs);
    for (const connection of this.#connections) {
      if (connection.isWaiting && this.#stream.pace.kind === "open") unanswered += 1;
      this.retire(connection);
    }
    if (unanswered > 0) this.#fail("no answer within the time allowed", unanswered);
  }

  result(windowMs: number): StreamResult {
    const latency = this.#latency.summary();
    let bodyBytes = this.#bodyBytesOfClosed;
    for (const connection of this.#connections) bodyBytes += connection.bodyBytes;
    return {
      name: this.#stream.name,
      requests: latency.count,
      perSecond: (latency.count / windowMs) * 1000,
      failures: this.#failures,
      firstFailure: this.#firstFailure,
      bodyBytes,
      latency,
      sendDelayP99Ms: this.#stream.pace.kind === "open" ? this.#sendDelay.percentileMs(0.99) : null,
    };
  }

  #fail(why: string, count = 1): void {
    this.#failures += count;
    this.#firstFailure ??= why;
  }

  #forget(connection: Connection): void {
    if (this.#connections.delete(connection)) this.#bodyBytesOfClosed += connection.bodyBytes;
  }
}

interface Pacer {
  start(): void;
  onIdle(connection: Connection): void;
  onBroken(connection: Connection): void;
  /** Returns how many requests were due before `closesAtMs` and never sent. */
  stop(closesAtMs: number): number;
}

function pacerOf(pace: Pace, stream: StreamRunner): Pacer {
  if (pace.kind === "closed") return closedPacer(pace, stream);
  if (pace.kind === "one-shot") return oneShotPacer(pace, stream);
  return openPacer(pace, stream);
}

function closedPacer(pace: Extract<Pace, { kind: "closed" }>, stream: StreamRunner): Pacer {
  return {
    start() {
      for (let opened = 0; opened < pace.connections; opened += 1) stream.openConnection();
    },
    onIdle(connection) {
      const now = performance.now();
      if (stream.isOver(now) || !stream.send(connection, now)) stream.finishWhenIdle();
    },
    onBroken: () => stream.openConnection(),
    stop: () => 0,
  };
}

function oneShotPacer(pace: Extract<Pace, { kind: "one-shot" }>, stream: StreamRunner): Pacer {
  let opened = 0;
  let closed = 0;
  const used = new WeakSet<Connection>();
  function openBatch(): void {
    for (let size = 0; size < pace.batch && opened < pace.requests; size += 1) {
      opened += 1;
      stream.openConnection();
    }
  }
  function closeOne(): void {
    closed += 1;
    if (closed >= pace.requests) stream.finishWhenIdle();
    else if (closed === opened) openBatch();
  }
  return {
    start: openBatch,
    onIdle(connection) {
      if (!used.has(connection) && stream.send(connection, performance.now())) used.add(connection);
      else {
        stream.retire(connection);
        closeOne();
      }
    },
    onBroken: closeOne,
    stop: () => 0,
  };
}

function openPacer(pace: Extract<Pace, { kind: "open" }>, stream: StreamRunner): Pacer {
  const intervalMs = 1000 / pace.ratePerSecond;
  // First in, first out: every connection stays in use, so that no server closes one as idle.
  const idle: Connection[] = [];
  let startedAtMs = 0;
  let sent = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const dueAtMs = () => startedAtMs + sent * intervalMs;
  function sendDue(isTimely: boolean): void {
    const now = performance.now();
    while (dueAtMs() <= now && !stream.isOver(dueAtMs())) {
      const connection = idle.shift();
      if (connection === undefined) return;
      const due = dueAtMs();
      // With an idle connection at hand only the generator can be late; without one it is the server that is.
      if (isTimely) stream.recordSendDelay(now - due);
      sent += 1;
      stream.send(connection, due);
    }
    if (stream.isOver(dueAtMs())) {
      clearInterval(timer);
      stream.finishWhenIdle();
    }
  }
  return {
    start() {
      for (let opened = 0; opened < pace.connections; opened += 1) stream.openConnection();
      startedAtMs = performance.now();
      timer = setInterval(() => sendDue(idle.length > 0), OPEN_PACE_TICK_MS);
    },
    onIdle(connection) {
      idle.push(connection);
      sendDue(false);
    },
    onBroken(connection) {
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      stream.openConnection();
    },
    stop(closesAtMs) {
      clearInterval(timer);
      return Math.max(0, Math.ceil((closesAtMs - dueAtMs()) / intervalMs));
    },
  };
}
