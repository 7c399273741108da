import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ManualClock, systemClock, systemTimers } from "@mcp-mesh/registry/clock";
import { type Config, readConfig } from "@mcp-mesh/registry/config/config";
import { serveRegistry } from "@mcp-mesh/registry/http/application";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { openRegistry } from "@mcp-mesh/registry/registry";
import { parseDatabaseUrl } from "@mcp-mesh/registry/store/database-url";
import { openSqliteStore } from "@mcp-mesh/registry/store/sqlite/sqlite-store";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";

export interface HttpRegistryOptions {
  /** As an operator would set it. Unless it says otherwise: any free port of 127.0.0.1, a database in memory. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Drives everything but the sockets and their timers, which stay in real time. Without it: the system's clock. */
  readonly clock?: ManualClock;
  /** Stands between the registry and its store, to make it fail. */
  readonly wrapStore?: (store: RegistryStore) => RegistryStore;
}

export interface LoggedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly text: string;
}

/** A registry in this process, on a real port. */
export interface HttpRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` (the configured host), without a slash. */
  readonly origin: string;
  readonly port: number;
  readonly core: RegistryCore;
  readonly config: Config;
  readonly logged: readonly LoggedLine[];
  /** A request; `path` begins with a slash. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** What a GET of `path` answers, parsed. */
  get(path: string): Promise<JsonResponse>;
  /** A POST of `body` as JSON; a string is sent as it is. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<JsonResponse>;
  /** The first step of a shutdown: everybody is still answered. */
  drain(): void;
  /** Finishes open requests and closes the store, as at shutdown. */
  stop(): Promise<void>;
}

export interface JsonResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Tests look into it freely. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  readonly body: any;
}

/** The life of a tombstone, as `main.ts` has it. */
const TOMBSTONE_MS = 24 * 60 * 60 * 1000;

export async function startHttpRegistry(options: HttpRegistryOptions = {}): Promise<HttpRegistry> {
  const config = configOf(options.environment ?? {});
  const { clock = systemClock, wrapStore = (store) => store } = options;
  const timers = options.clock ?? systemTimers;
  const logged: LoggedLine[] = [];
  const log = (level: LoggedLine["level"], text: string) => void logged.push({ level, text });
  const location = parseDatabaseUrl(config.database.url);
  if (location.kind !== "sqlite") throw new Error("only SQLite is started in this process");
  const store = await openSqliteStore({
    ...location,
    settings: config.database,
    clock,
    timers,
    queryTimeoutMs: config.database.queryTimeoutMs,
    recordsEvents: config.keepsEvents,
    log,
    // Its thread lives in real time, which a manual clock would outrun.
    ...(options.clock === undefined ? {} : { worker: "never" as const }),
  });
  const registry = await openRegistry({
    store: wrapStore(store),
    clock,
    timers,
    settings: {
      adoptsHeartbeats: config.adoptsHeartbeats,
      defaultTimeoutThreshold: config.defaultTimeoutThreshold,
      defaultEvictionThreshold: config.defaultEvictionThreshold,
      securityEnforcement: config.securityContextEnforcement,
      healthCheckIntervalMs: config.healthCheckIntervalMs,
    },
    retention: { ...config.retention, tombstoneMs: TOMBSTONE_MS },
    retentionIntervalMs: config.retention.intervalMs,
    healthSampleMs: config.retention.healthSampleMs,
    defer: (task) => void setImmediate(task),
    log,
  });
  const server = serveRegistry({
    core: registry.core,
    config,
    clock,
    // Sockets live in real time, and so do the limits on them.
    timers: systemTimers,
    tls: null,
    accessLog: null,
    yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
    residentBytes: () => process.memoryUsage.rss(),
  });
  registry.start();

  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= server.stop().then(() => registry.stop());
    return stopped;
  };
  const { host } = config.server;
  const origin = `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  // A connection kept for a registry that has gone would be tried again for the next one on its port.
  const send = (path: string, init?: RequestInit) =>
    fetch(origin + path, { redirect: "manual", keepalive: false, ...init });
  return {
    origin,
    port: server.port,
    core: registry.core,
    config,
    logged,
    fetch: send,
    get: async (path) => parsed(await send(path)),
    post: async (path, body, headers = {}) =>
      parsed(
        await send(path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) }),
      ),
    drain: () => server.drain(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function parsed(response: Response): Promise<JsonResponse> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

function configOf(environment: Readonly<Record<string, string>>): Config {
  const read = readConfig({ HOST: "127.0.0.1", PORT: "auto", DATABASE_URL: ":memory:", ...environment }, {});
  if ("errors" in read) throw new Error(read.errors.join("\n"));
  if (read.warnings.length > 0) throw new Error(read.warnings.join("\n"));
  return read.config;
}

/** A file for a database that outlives one registry of a test; removed with its folder. */
export async function temporaryDatabase(): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-mesh-http-"));
  return {
    path: join(folder, "registry.db"),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
