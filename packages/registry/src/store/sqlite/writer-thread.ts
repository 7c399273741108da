import type { Timers } from "../../clock.ts";
import type { SqliteSettings } from "./settings.ts";
import type { SqliteWriter } from "./sqlite-writer.ts";
import type { WriterCall, WriterRequest, WriterResponse } from "./writer-worker.ts";

/** A failure of the database, with SQLite's name for it, as it crossed from the Worker. */
export class WriterError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = "WriterError";
    this.code = code;
  }
}

/** The Worker did not answer in time, or died: whether the call took effect is not known. */
export class WriterLostError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WriterLostError";
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly cancelTimeout: () => void;
}

/** Calls a `SqliteWriter` that lives in a Worker. Calls are carried out one after another, in order. */
export class WriterThread {
  readonly #worker: Worker;
  readonly #timers: Timers;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isLost = false;

  constructor(options: {
    readonly path: string;
    readonly settings: SqliteSettings;
    readonly replica: string;
    readonly timers: Timers;
    readonly timeoutMs: number;
  }) {
    this.#timers = options.timers;
    this.#timeoutMs = options.timeoutMs;
    this.#worker = new Worker(new URL("./writer-worker.ts", import.meta.url).href, { smol: true });
    this.#worker.onmessage = ({ data }: MessageEvent<WriterResponse>) => this.#settle(data);
    this.#worker.onerror = (event) => this.#lose(`the writer thread failed: ${event.message}`);
    this.#worker.addEventListener("close", () => this.#lose("the writer thread ended"));
    this.#send({ kind: "open", path: options.path, settings: options.settings, replica: options.replica });
  }

  /** Whether the Worker is gone; nothing will be answered any more. */
  get isLost(): boolean {
    return this.#isLost;
  }

  call<Call extends WriterCall>(
    call: Call,
    ...parameters: Parameters<SqliteWriter[Call]>
  ): Promise<ReturnType<SqliteWriter[Call]>> {
    return this.#request((id) => ({ kind: "call", id, call, parameters })) as Promise<ReturnType<SqliteWriter[Call]>>;
  }

  async close(): Promise<void> {
    await this.#request((id) => ({ kind: "close", id }));
    this.#isLost = true;
    this.#worker.terminate();
  }

  #request(make: (id: number) => WriterRequest): Promise<unknown> {
    if (this.#isLost) return Promise.reject(new WriterLostError("the writer thread is gone"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // A late answer is not lost: the writer reads the log before it writes again.
      const cancelTimeout = this.#timers.after(this.#timeoutMs, () => {
        this.#pending.delete(id);
        reject(new WriterLostError(`the database did not answer within ${this.#timeoutMs / 1000} s`));
      });
      this.#pending.set(id, { resolve, reject, cancelTimeout });
      this.#send(make(id));
    });
  }

  #settle(response: WriterResponse): void {
    const pending = this.#pending.get(response.id);
    if (pending === undefined) return;
    this.#pending.delete(response.id);
    pending.cancelTimeout();
    if (response.ok) pending.resolve(response.value);
    else pending.reject(new WriterError(response.code, response.message));
  }

  #lose(message: string): void {
    this.#isLost = true;
    for (const pending of this.#pending.values()) {
      pending.cancelTimeout();
      pending.reject(new WriterLostError(message));
    }
    this.#pending.clear();
  }

  #send(request: WriterRequest): void {
    this.#worker.postMessage(request);
  }
}
