import type { Clock, Timers } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { RequestMetrics } from "../metrics/request-metrics.ts";
import type { RegistryCore } from "../operations/core.ts";
import type { AccessLog } from "./access-log.ts";
import { BodyReader } from "./body.ts";
import { createCors } from "./cors.ts";
import { endpointsServed } from "./endpoints.ts";
import { ListAnswers } from "./list-answers.ts";
import { createOriginGuard, isLoopbackName } from "./origin-guard.ts";
import type { Route } from "./router.ts";
import { agentRoutes } from "./routes/agents.ts";
import { healthRoutes } from "./routes/health.ts";
import { listRoutes } from "./routes/lists.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { serviceRoutes } from "./routes/service.ts";
import { type HttpServer, serve } from "./server.ts";
import { Spool } from "./spool.ts";

export interface ApplicationOptions {
  readonly core: RegistryCore;
  readonly config: Config;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly accessLog: AccessLog | null;
  readonly yieldTurn: () => Promise<void>;
  readonly residentBytes: () => number;
}

/** Puts the REST interface of a registry on its port. @throws Error when the port is taken */
export function serveRegistry(options: ApplicationOptions): HttpServer {
  const { core, config, clock, timers, accessLog } = options;
  const { cache, cors } = config;
  const spool = new Spool(timers);
  const lists = new ListAnswers(core, {
    ttlMs: cache.isEnabled ? cache.ttlMs : 0,
    maxEntries: Math.max(1, cache.maxEntries),
    maxBytes: cache.maxBytes,
    spool,
    yieldTurn: options.yieldTurn,
  });
  const bodies = new BodyReader(clock);
  const requests = new RequestMetrics();
  const routes = registryRoutes(options, { lists, bodies, requests, server: () => server });
  const { host, port, allowedHosts } = config.server;
  const server: HttpServer = serve({
    routes,
    hostnames: hostnamesOf(host),
    port,
    tls: options.tls,
    guard: createOriginGuard({
      isBoundToLoopback: isLoopbackName(host.toLowerCase()),
      allowedHosts,
      allowedOrigins: cors.allowedOrigins,
    }),
    cors: createCors(cors),
    bodies,
    accessLog,
    requests,
    clock,
    timers,
    onStopped: () => spool.close(),
    onBug: (error) => core.log("error", `Bug while answering a request: ${describe(error)}`),
  });
  return server;
}

interface RouteParts {
  readonly lists: ListAnswers;
  readonly bodies: BodyReader;
  readonly requests: RequestMetrics;
  readonly server: () => Pick<HttpServer, "active" | "isDraining">;
}

/** Every route there is with this configuration; a test holds the table of `endpoints.ts` against it. */
export function registryRoutes(
  {
    core,
    config,
    accessLog,
    residentBytes,
  }: Pick<ApplicationOptions, "core" | "config" | "accessLog" | "residentBytes">,
  { lists, bodies, requests, server }: RouteParts,
): Route[] {
  return [
    ...agentRoutes(core, bodies),
    ...listRoutes(core, lists),
    ...healthRoutes(core, () => server().isDraining),
    ...metricsRoutes(core, {
      requests,
      servesMetrics: config.servesMetrics,
      servesPrometheus: config.servesPrometheus,
      processFigures: () => ({
        residentBytes: residentBytes(),
        activeConnections: server().active,
        cacheEntries: lists.entries,
        cacheBytes: lists.bytes,
        droppedAccessLogLines: accessLog?.droppedLines ?? 0,
      }),
    }),
    ...serviceRoutes({
      registryName: config.registryName,
      endpoints: endpointsServed(config),
      cacheTtlSeconds: config.cache.isEnabled ? config.cache.ttlMs / 1000 : 0,
      healthCheckIntervalSeconds: config.healthCheckIntervalMs / 1000,
    }),
  ];
}

/** `localhost` is both loopback addresses where they exist: which one a client tries first is not ours to choose. */
function hostnamesOf(host: string): string[] {
  if (host.toLowerCase() !== "localhost") return [host];
  return hasIpv6Loopback() ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

function hasIpv6Loopback(): boolean {
  try {
    Bun.serve({ hostname: "::1", port: 0, fetch: () => new Response() }).stop(true);
    return true;
  } catch {
    return false;
  }
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
