import type { Clock, Timers } from "../clock.ts";
import type { RequestMetrics, RouteMetrics } from "../metrics/request-metrics.ts";
import type { AccessLog } from "./access-log.ts";
import { type Answer, type Body, emptyAnswer, errorAnswer } from "./answer.ts";
import type { BodyReader } from "./body.ts";
import { compress } from "./compression.ts";
import type { Cors } from "./cors.ts";
import type { OriginGuard } from "./origin-guard.ts";
import { type Handler, type Route, Router } from "./router.ts";
import { targetOf } from "./target.ts";

/**
 * A connection is closed when so long nothing was answered on it, or its client did not read. Longer than the 30 s between two
 * beats of an agent, which would else meet the closing, and than a body may take (`body.ts`), so that a slow client hears why.
 * The runtime itself ends a header that is not whole after some ten seconds.
 */
const IDLE_SECONDS = 45;
/** How long open requests may take to finish at shutdown (cli 13). */
const DRAIN_MS = 10_000;
const SENT_CHECK_MS = 20;
/** Below this compressing saves no packet. */
const COMPRESS_FROM_BYTES = 1_024;
/** Larger than any body we take: ours is the error the client sees, with its text, and not the runtime's bare one. */
const RUNTIME_BODY_LIMIT_BYTES = 1024 * 1024 * 1024;

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** Answered before the body was whole: its rest has no reader, so the connection serves nothing more. */
const LEAVES_BODY: ReadonlySet<number> = new Set([408, 413]);

export interface ServerOptions {
  readonly routes: readonly Route[];
  readonly hostnames: readonly string[];
  /** 0 = any free port; then all hostnames share the one that was found. */
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly guard: OriginGuard;
  readonly cors: Cors;
  readonly bodies: BodyReader;
  readonly accessLog: AccessLog | null;
  readonly requests: RequestMetrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onBug: (error: unknown) => void;
  /** Called when the last answer has left. */
  readonly onStopped: () => void;
}

export interface HttpServer {
  readonly port: number;
  /** Requests being answered. */
  readonly active: number;
  readonly isDraining: boolean;
  /** Still answers everybody, but says in `/ready` and at the end of each answer that this is over. */
  drain(): void;
  /** Drains, stops accepting, and waits until open requests are answered and sent, at most ten seconds. */
  stop(): Promise<void>;
}

type BunServer = ReturnType<typeof Bun.serve>;

/** Binds every hostname before anything is announced. @throws Error when a port is taken */
export function serve(options: ServerOptions): HttpServer {
  const service = new RequestService(options);
  const servers: BunServer[] = [];
  try {
    for (const hostname of options.hostnames) servers.push(bind(options, service, hostname, servers[0]?.port));
  } catch (error) {
    for (const server of servers) server.stop(true);
    throw error;
  }
  const cancel = options.timers.every(1_000, () => options.bodies.giveUpSlow());
  return {
    port: servers[0]?.port ?? options.port,
    get active() {
      return service.active;
    },
    get isDraining() {
      return service.isDraining;
    },
    drain() {
      service.isDraining = true;
    },
    async stop() {
      service.isDraining = true;
      const stopped = Promise.all(servers.map((server) => server.stop(false)));
      await allSent(servers, stopped, options.timers);
      // What is left are connections without a whole request, and requests that had their ten seconds.
      for (const server of servers) server.stop(true);
      await stopped;
      cancel();
      options.onStopped();
    },
  };
}

/**
 * Resolves when no request is open any more, at the latest after ten seconds. A request is open until its answer has left:
 * forced to stop as soon as the last answer was made, the runtime would throw that answer away.
 */
async function allSent(servers: readonly BunServer[], stopped: Promise<unknown>, timers: Timers): Promise<void> {
  const isSent = (): boolean => servers.every((server) => server.pendingRequests === 0);
  if (isSent()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancelCheck = timers.every(SENT_CHECK_MS, () => isSent() && resolve());
  const cancelLimit = timers.after(DRAIN_MS, resolve);
  await Promise.race([stopped, promise]);
  cancelCheck();
  cancelLimit();
}

function bind(options: ServerOptions, service: RequestService, hostname: string, port: number | undefined): BunServer {
  return Bun.serve({
    hostname,
    port: port ?? options.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: RUNTIME_BODY_LIMIT_BYTES,
    // A taken port must be an error: two registries sharing one would each hear half of the beats.
    reusePort: false,
    ...(options.tls === null ? {} : { tls: options.tls }),
    fetch: (request, server) => service.respond(request, server),
    error: (error) => {
      options.onBug(error);
      return toResponse(INTERNAL);
    },
  });
}

const INTERNAL = errorAnswer("internal", "Internal Server Error");
const NOT_FOUND = errorAnswer("route_not_found", "Not Found");

class RequestService {
  active = 0;
  isDraining = false;
  readonly #options: ServerOptions;
  readonly #router: Router;
  readonly #known = new Map<Handler, { readonly metrics: RouteMetrics; readonly failure: string | undefined }>();

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
    for (const { method, path, handle, failure } of options.routes) {
      this.#known.set(handle, { metrics: options.requests.route(method, path), failure });
    }
  }

  respond(request: Request, server: BunServer): Response | Promise<Response> {
    const startMs = this.#options.clock.monotonicMs();
    const { path, query } = targetOf(request.url);
    this.active++;
    let answered: Answer | Promise<Answer>;
    let metrics = this.#options.requests.unmatched;
    const refused = this.#refuse(request);
    if (refused !== null) answered = refused;
    else if (request.method === "OPTIONS") answered = this.#preflight(request);
    else {
      const match = this.#router.match(request.method, path);
      switch (match.kind) {
        case "route": {
          metrics = this.#known.get(match.handle)?.metrics ?? metrics;
          const target = query === "" ? path : `${path}?${query}`;
          answered = this.#call(match.handle, { request, id: match.id, query, target });
          break;
        }
        case "redirect":
          answered = redirect(request.method, query === "" ? match.path : `${match.path}?${query}`);
          break;
        case "method":
          answered = errorAnswer("method_not_allowed", "Method Not Allowed", { headers: { Allow: match.allow } });
          break;
        case "none":
          answered = NOT_FOUND;
      }
    }
    const finish = (answer: Answer) => this.#finish(request, server, answer, metrics, startMs);
    return answered instanceof Promise ? answered.then(finish) : finish(answered);
  }

  #call(handle: Handler, call: Parameters<Handler>[0]): Answer | Promise<Answer> {
    const failed = (bug: unknown): Answer => {
      const failure = this.#known.get(handle)?.failure;
      if (failure === undefined) return { ...INTERNAL, bug };
      return { ...errorAnswer("internal", `${failure}: ${bug instanceof Error ? bug.message : String(bug)}`), bug };
    };
    try {
      const answer = handle(call);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  /** Requests no route may see (spec README, decision 8). */
  #refuse(request: Request): Answer | null {
    const { guard } = this.#options;
    const host = request.headers.get("host");
    if (!guard.allowsHost(host)) {
      return errorAnswer("forbidden", "Host not allowed: use a loopback name, or add it to ALLOWED_HOSTS");
    }
    if (READS.has(request.method)) return null;
    const origin = request.headers.get("origin");
    if (origin === null || guard.allowsChangeFrom(origin, host)) return null;
    return errorAnswer("forbidden", "Origin not allowed to change anything: add it to ALLOWED_ORIGINS");
  }

  #preflight(request: Request): Answer {
    const { headers } = request;
    return emptyAnswer(
      204,
      this.#options.cors.preflightHeaders(headers.get("origin"), headers.get("access-control-request-headers")),
    );
  }

  #finish(
    request: Request,
    server: BunServer,
    answer: Answer,
    metrics: RouteMetrics,
    startMs: number,
  ): Response | Promise<Response> {
    if (answer.bug !== undefined) this.#options.onBug(answer.bug);
    const done = (response: Response): Response => {
      this.active--;
      const { clock, accessLog } = this.#options;
      const durationMs = clock.monotonicMs() - startMs;
      metrics.observe(answer.status, durationMs);
      if (accessLog !== null) {
        const address = server.requestIP(request)?.address ?? "-";
        accessLog.record(answer.status, durationMs, address, request.method, pathAndQuery(request.url), clock.nowMs());
      }
      return response;
    };
    const origin = request.headers.get("origin");
    const extra: Record<string, string> = origin === null ? {} : { ...this.#options.cors.headers(origin) };
    if (this.isDraining || LEAVES_BODY.has(answer.status)) extra.Connection = "close";
    const compressed = wantsGzip(request, answer) ? gzipOf(answer) : null;
    if (compressed === null) return done(toResponse(answer, extra));
    const send = (body: Body) => {
      extra["Content-Encoding"] = "gzip";
      extra.Vary = extra.Vary === undefined ? "Accept-Encoding" : `${extra.Vary}, Accept-Encoding`;
      return done(toResponse({ ...answer, body }, extra));
    };
    return compressed instanceof Promise ? compressed.then(send) : send(compressed);
  }
}

function wantsGzip(request: Request, { body, status }: Answer): boolean {
  if (body === null || status === 304 || lengthOf(body) < COMPRESS_FROM_BYTES) return false;
  const accepted = request.headers.get("accept-encoding");
  return accepted !== null && /(^|[,\s])(gzip|\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(accepted);
}

const lengthOf = (body: Body): number => (body instanceof Blob ? body.size : body.length);

function gzipOf(answer: Answer): Body | Promise<Body> | null {
  if (answer.gzip !== undefined) return answer.gzip();
  const { body } = answer;
  if (body === null || body instanceof Blob) return null;
  return compress(typeof body === "string" ? new TextEncoder().encode(body) : body);
}

/** What the answer says goes before what every response gets: a preflight names the headers it was asked for. */
function toResponse({ status, body, headers }: Answer, extra?: Record<string, string>): Response {
  return new Response(body, { status, headers: { ...extra, ...headers } });
}

/** 301 for reads, else 307, which keeps method and body (registry-api 1). */
function redirect(method: string, location: string): Answer {
  return emptyAnswer(READS.has(method) ? 301 : 307, { Location: location });
}

function pathAndQuery(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}
