import type { LoadReply, LoadRequest, LoadResult, Stream } from "./messages.ts";

/** What a server must tell for load to be put on it. */
export interface Target {
  readonly port: number;
  readonly pid: number;
}

export interface LoadPlan {
  readonly warmMs: number;
  /** null: until every stream has run out of requests. */
  readonly measureMs: number | null;
  readonly streams: readonly Stream[];
}

/** Runs that stop by themselves may take as long as seeding a large fleet into a slow registry does. */
const UNBOUNDED_RUN_LIMIT_MS = 600_000;
const GRACE_MS = 30_000;

/** The load generator, in a process of its own so that it does not share a core's time with what it measures. */
export class LoadGenerator implements AsyncDisposable {
  readonly #waiting = new Map<number, PromiseWithResolvers<LoadResult>>();
  readonly #child: Bun.Subprocess;
  #lastId = 0;

  constructor() {
    this.#child = Bun.spawn([process.execPath, `${import.meta.dir}/generator.ts`], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "json",
      ipc: (message: LoadReply) => this.#receive(message),
      onExit: (_child, code, signal) => this.#failAll(new Error(`the load generator ended (${signal ?? code})`)),
    });
  }

  /** @throws Error when the generator ends or does not answer in time. Failed requests are in the result instead. */
  async run(target: Target, plan: LoadPlan): Promise<LoadResult> {
    this.#lastId += 1;
    const id = this.#lastId;
    const waiting = Promise.withResolvers<LoadResult>();
    this.#waiting.set(id, waiting);
    const request: LoadRequest = { id, port: target.port, serverPid: target.pid, ...plan };
    this.#child.send(request);
    const limitMs = plan.measureMs === null ? UNBOUNDED_RUN_LIMIT_MS : plan.warmMs + plan.measureMs + GRACE_MS;
    const timer = setTimeout(
      () => waiting.reject(new Error(`no result from the load generator in ${limitMs} ms`)),
      limitMs,
    );
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }

  #receive(reply: LoadReply): void {
    const waiting = this.#waiting.get(reply.ok ? reply.result.id : reply.id);
    if (reply.ok) waiting?.resolve(reply.result);
    else waiting?.reject(new Error(`load generator: ${reply.error}`));
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
  }
}
