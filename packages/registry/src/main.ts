import { readFileSync } from "node:fs";
import { describeFeatures, renderBanner, serverUrl } from "./banner.ts";
import { systemClock, systemTimers } from "./clock.ts";
import { type Config, readConfig } from "./config/config.ts";
import { parseFlags } from "./config/flags.ts";
import { usageText, versionText } from "./config/usage.ts";
import { createAccessLog } from "./http/access-log.ts";
import { serveRegistry } from "./http/application.ts";
import { describeEndpoint, endpointsServed } from "./http/endpoints.ts";
import { createDescriptorOutput } from "./logging/descriptor-output.ts";
import { createLineWriter } from "./logging/line-writer.ts";
import { createLogger, type Logger } from "./logging/log.ts";
import { codePageReleaser } from "./memory/code-pages.ts";
import { startMemoryKeeper } from "./memory/memory-keeper.ts";
import { openRegistry, type Registry } from "./registry.ts";
import { maskDatabaseUrl, parseDatabaseUrl } from "./store/database-url.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";
import { type RegistryStore, StoreOpenError } from "./store/store.ts";

/**
 * The registry as a program: reads flags and environment, opens the store, loads, binds, and runs until a signal. The only
 * file that reads the environment, names an adapter, or brings in time, randomness and timers.
 */

/** A deleted agent comes back only by registering, for this long (spec README, decision 2). */
const TOMBSTONE_MS = 24 * 60 * 60 * 1000;

/**
 * How long everybody is still answered, and told to leave, after the signal. A connection that is closed while its client
 * writes the next request loses that request; a busy client hears `Connection: close` in this time, and writes no more.
 */
const FAREWELL_MS = 100;

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const { after: schedule } = systemTimers;
const stdout = createDescriptorOutput(1, schedule);
const stderr = createLineWriter({ write: createDescriptorOutput(2, schedule), schedule, delayMs: 0 });

async function main(): Promise<void> {
  const invocation = parseFlags(process.argv.slice(2));
  switch (invocation.kind) {
    case "help":
      return await stdout(usageText());
    case "version":
      return await stdout(versionText(`Bun ${Bun.version}`));
    case "bad-usage":
      return await leave(`${invocation.message}\n${usageText()}`, EXIT_USAGE);
  }
  const read = readConfig(process.env, invocation.flags);
  if ("errors" in read) {
    return await leave(
      read.errors.map((error) => `❌ Configuration validation failed: ${error}\n`).join(""),
      EXIT_FAILURE,
    );
  }
  const { config, warnings } = read;
  const log = createLogger({
    format: config.log.format,
    level: config.log.level,
    registryName: config.registryName,
    clock: systemClock,
    write: (line) => stderr.push(line),
  });
  for (const warning of warnings) log.warn(warning);
  await run(config, log);
}

async function run(config: Config, log: Logger): Promise<void> {
  // Beyond a file size limit (`ulimit -f`) a write is to fail and be reported, not to end the process.
  process.on("SIGXFSZ", () => undefined);
  const tls = config.server.tls && readTls(config.server.tls);
  if (tls instanceof Error) return await fatal(log, `❌ Failed to start server: ${tls.message}`);

  log.info(`🗄️  Initializing database: ${maskDatabaseUrl(config.database.url)}`);
  let registry: Registry;
  try {
    registry = await openRegistry({
      store: await openStore(config, log),
      clock: systemClock,
      timers: systemTimers,
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
      log: (level, text) => log[level](text),
    });
  } catch (error) {
    return await fatal(log, `❌ Failed to initialize database: ${messageOf(error)}`, unexpected(error));
  }

  const { host } = config.server;
  log.info(
    `🚀 Starting MCP Mesh Registry Service on ${host}:${config.server.port || "any free port"} (${config.registryName})`,
  );
  const accessLog = config.log.hasAccessLog
    ? createAccessLog({
        format: config.log.format,
        registryName: config.registryName,
        write: stdout,
        schedule,
        onDrop: (lines) => log.warn(`${lines} access log lines were dropped: standard output is not read fast enough`),
      })
    : null;
  let server: ReturnType<typeof serveRegistry>;
  try {
    server = serveRegistry({
      core: registry.core,
      config,
      clock: systemClock,
      timers: systemTimers,
      tls,
      accessLog,
      yieldTurn: () => new Promise((resolve) => setImmediate(resolve)),
      residentBytes: () => process.memoryUsage.rss(),
    });
  } catch (error) {
    await registry.stop();
    return await fatal(log, `❌ Failed to start server: ${bindProblem(error, config)}`);
  }
  registry.start();
  startMemoryKeeper({
    clock: systemClock,
    timers: systemTimers,
    residentBytes: () => process.memoryUsage.rss(),
    agentCount: () => registry.core.state.size,
    isQuiet: () => registry.core.writer.queueLength === 0,
    collectGarbage: () => Bun.gc(true),
    releaseCodePages: codePageReleaser(),
  });
  // Before the banner: whoever reads it may send a signal at once.
  const stopSignal = nextSignal();
  await stdout(
    renderBanner({
      url: serverUrl(host, server.port, tls !== null),
      registryName: config.registryName,
      mcpUrl: null,
      endpoints: endpointsServed(config).map(describeEndpoint),
      features: describeFeatures(config),
    }),
  ).catch(() => undefined);

  const signal = await stopSignal;
  log.info(`🛑 Received signal ${signal}, initiating graceful shutdown...`);
  server.drain();
  await new Promise<void>((resolve) => schedule(FAREWELL_MS, resolve));
  await server.stop();
  try {
    await registry.stop();
  } catch (error) {
    return await fatal(log, `❌ Database not closed cleanly: ${messageOf(error)}`);
  }
  log.info("✅ Registry service stopped");
  await accessLog?.close();
  await stderr.close();
  process.exit(0);
}

async function openStore({ database, keepsEvents }: Config, log: Logger): Promise<RegistryStore> {
  const location = parseDatabaseUrl(database.url);
  if (location.kind === "postgresql") {
    throw new StoreOpenError("this build has no PostgreSQL support; use a SQLite file in DATABASE_URL");
  }
  return await openSqliteStore({
    ...location,
    settings: database,
    clock: systemClock,
    timers: systemTimers,
    queryTimeoutMs: database.queryTimeoutMs,
    recordsEvents: keepsEvents,
    log: (level, text) => log[level](text),
  });
}

function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }): { cert: string; key: string } | Error {
  try {
    return { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  } catch (error) {
    return new Error(`cannot read the certificate or its key: ${messageOf(error)}`);
  }
}

/** The first signal begins the shutdown; a second one ends it at once. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(EXIT_FAILURE);
        isStopping = true;
        resolve(signal);
      });
    }
  });
}

async function fatal(log: Logger, text: string, cause?: unknown): Promise<void> {
  log.error(text, cause);
  await stderr.close();
  process.exit(EXIT_FAILURE);
}

async function leave(text: string, code: number): Promise<void> {
  stderr.push(text);
  await stderr.close();
  process.exit(code);
}

/** The runtime says only that starting failed, for a taken port too. */
function bindProblem(error: unknown, { server: { host, port } }: Config): string {
  const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  return isTaken ? `port ${port} of ${host} is in use; choose another with --port, or --port auto` : messageOf(error);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A stack for what nobody foresaw; an expected failure has said all in its message. */
const unexpected = (error: unknown): unknown => (error instanceof StoreOpenError ? undefined : error);

await main();
