import type { LogFormat, LogLevel } from "../logging/log.ts";
import type { Flags } from "./flags.ts";
import { type Environment, SettingReader } from "./setting-reader.ts";
import type { ENFORCEMENTS, JOURNAL_MODES, LOG_LEVEL_WORDS, SYNCHRONOUS_LEVELS } from "./settings.ts";

/** Everything an operator can choose, read once, frozen. Milliseconds, except where agents' own numbers are meant. */
export interface Config {
  /** `REGISTRY_NAME`. */
  readonly registryName: string;
  readonly server: ServerConfig;
  readonly cors: CorsConfig;
  readonly database: DatabaseConfig;
  readonly cache: CacheConfig;
  readonly log: LogConfig;
  readonly retention: RetentionConfig;
  /** The longest a status transition may wait. */
  readonly healthCheckIntervalMs: number;
  /** Seconds: it is stored with and shown on every agent that names none of its own. */
  readonly defaultTimeoutThreshold: number;
  /** Seconds, as above. */
  readonly defaultEvictionThreshold: number;
  /** Whether a heartbeat of an unknown agent may register it (spec README, decision 5). */
  readonly adoptsHeartbeats: boolean;
  readonly securityContextEnforcement: (typeof ENFORCEMENTS)[number];
  readonly maxWatchers: number;
  /** Whether `GET /metrics` is served. */
  readonly servesMetrics: boolean;
  /** Whether `GET /metrics/prometheus` is served. */
  readonly servesPrometheus: boolean;
  /** Whether the audit trail is kept; the log of changes is independent of it. */
  readonly keepsEvents: boolean;
}

export interface ServerConfig {
  /** A name or address without brackets; `localhost` is both loopback addresses where they exist. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** Lower case. */
  readonly allowedHosts: readonly string[];
}

export interface CorsConfig {
  readonly isEnabled: boolean;
  /** `*`, or origins in lower case without a slash at the end. */
  readonly allowedOrigins: readonly string[];
  /** Upper case. */
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
}

/** database 5. Holds what the SQLite adapter's settings hold, under the same names. */
export interface DatabaseConfig {
  /** As the operator wrote it, password included: mask it before it is shown. */
  readonly url: string;
  readonly connectTimeoutMs: number;
  readonly busyTimeoutMs: number;
  readonly journalMode: (typeof JOURNAL_MODES)[number];
  readonly synchronous: (typeof SYNCHRONOUS_LEVELS)[number];
  readonly cacheSizeKib: number;
  readonly foreignKeys: boolean;
  readonly maxOpenConnections: number;
  readonly maxIdleConnections: number;
  /** 0 = never renewed. */
  readonly connectionLifetimeMs: number;
  readonly queryTimeoutMs: number;
}

export interface CacheConfig {
  /** False also where a lifetime or a size of 0 leaves nothing to keep. */
  readonly isEnabled: boolean;
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly hasAccessLog: boolean;
}

/** database 7; of what can be kept, 0 is for ever. */
export interface RetentionConfig {
  readonly healthRetentionMs: number;
  readonly healthMaxPerAgent: number;
  /** 0 = only the global budget of samples counts. */
  readonly healthSampleMs: number;
  readonly eventsRetentionMs: number;
  readonly eventsMax: number;
  /** 0 = expired agents are never deleted. */
  readonly expiredAgentMs: number;
  readonly intervalMs: number;
}

export type ConfigResult =
  | { readonly config: Config; readonly warnings: readonly string[] }
  | { readonly errors: readonly string[] };

const CACHE_BYTES = 32 * 1024 * 1024;
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/**
 * The configuration: a flag goes before the environment, the environment before the default (cli 13). Pure; `main.ts` hands
 * the environment in.
 *
 * `warnings` name each value that could not be used and what stands for it. `errors` are those of cli 13 with their exact
 * texts, and words that are none of a setting's choices; the registry must not start with one.
 */
export function readConfig(environment: Environment, flags: Flags): ConfigResult {
  const read = new SettingReader(environment);
  const config: Config = {
    registryName: read.text("REGISTRY_NAME"),
    server: readServer(read, flags),
    cors: readCors(read),
    database: readDatabase(read, flags),
    cache: readCache(read),
    log: readLog(read, flags),
    retention: readRetention(read),
    healthCheckIntervalMs: read.number("HEALTH_CHECK_INTERVAL") * SECOND_MS,
    defaultTimeoutThreshold: read.number("DEFAULT_TIMEOUT_THRESHOLD"),
    defaultEvictionThreshold: read.number("DEFAULT_EVICTION_THRESHOLD"),
    adoptsHeartbeats: read.switch("HEARTBEAT_ADOPTION"),
    securityContextEnforcement: read.choice("SECURITY_CONTEXT_ENFORCEMENT"),
    maxWatchers: read.number("MAX_WATCHERS"),
    servesMetrics: read.switch("ENABLE_METRICS"),
    servesPrometheus: read.switch("ENABLE_PROMETHEUS"),
    keepsEvents: read.switch("ENABLE_EVENTS"),
  };
  return read.errors.length > 0 ? { errors: read.errors } : { config: deepFreeze(config), warnings: read.warnings };
}

function readServer(read: SettingReader, flags: Flags): ServerConfig {
  return {
    host: withoutBrackets(flags.host || read.text("HOST")),
    port: checkPort(read, flags.port || read.port()),
    tls: readTls(read, flags),
    allowedHosts: read.list("ALLOWED_HOSTS").map((host) => host.toLowerCase()),
  };
}

function readTls(read: SettingReader, { certFile, keyFile }: Flags): ServerConfig["tls"] {
  if (certFile && keyFile) return { certFile, keyFile };
  if (certFile || keyFile) read.errors.push("--cert-file and --key-file must be given together");
  return null;
}

/** 0 is no port an operator can mean (Go: startup error); who wants any free one says `auto`. */
function checkPort(read: SettingReader, port: number | "auto"): number {
  if (port === "auto") return 0;
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) read.errors.push(`invalid port: ${port}`);
  return port;
}

function readCors(read: SettingReader): CorsConfig {
  return {
    isEnabled: read.switch("ENABLE_CORS"),
    // Browsers send origins in lower case and without a path, so no other spelling could ever match.
    allowedOrigins: read.list("ALLOWED_ORIGINS").map((origin) => origin.toLowerCase().replace(/\/+$/, "")),
    allowedMethods: read.list("ALLOWED_METHODS").map((method) => method.toUpperCase()),
    allowedHeaders: read.list("ALLOWED_HEADERS"),
  };
}

function readDatabase(read: SettingReader, flags: Flags): DatabaseConfig {
  const maxOpenConnections = read.number("DB_MAX_OPEN_CONNECTIONS");
  return {
    url: flags.databaseUrl || read.text("DATABASE_URL"),
    connectTimeoutMs: read.number("DB_CONNECTION_TIMEOUT") * SECOND_MS,
    busyTimeoutMs: read.number("DB_BUSY_TIMEOUT"),
    journalMode: read.choice("DB_JOURNAL_MODE"),
    synchronous: read.choice("DB_SYNCHRONOUS"),
    cacheSizeKib: read.number("DB_CACHE_SIZE"),
    foreignKeys: read.switch("DB_ENABLE_FOREIGN_KEYS"),
    maxOpenConnections,
    maxIdleConnections: Math.min(read.number("DB_MAX_IDLE_CONNECTIONS"), maxOpenConnections),
    connectionLifetimeMs: read.number("DB_CONN_MAX_LIFETIME") * SECOND_MS,
    queryTimeoutMs: read.number("QUERY_TIMEOUT") * SECOND_MS,
  };
}

function readCache(read: SettingReader): CacheConfig {
  const ttlMs = read.number("CACHE_TTL") * SECOND_MS;
  const maxEntries = read.number("MAX_CACHE_SIZE");
  const isEnabled = read.switch("ENABLE_RESPONSE_CACHE") && ttlMs > 0 && maxEntries > 0;
  return { isEnabled, ttlMs, maxEntries, maxBytes: CACHE_BYTES };
}

function readLog(read: SettingReader, flags: Flags): LogConfig {
  const format = read.choice("LOG_FORMAT");
  return {
    level: toLogLevel(read.choice("LOG_LEVEL", flags.logLevel || undefined)),
    format: !read.isSet("LOG_FORMAT") && isProduction(read) ? "json" : format,
    hasAccessLog: read.switch("ACCESS_LOG"),
  };
}

function readRetention(read: SettingReader): RetentionConfig {
  return {
    healthRetentionMs: read.number("AGENT_HEALTH_RETENTION_HOURS") * HOUR_MS,
    healthMaxPerAgent: read.number("AGENT_HEALTH_MAX_PER_AGENT"),
    healthSampleMs: read.number("AGENT_HEALTH_SAMPLE_SECONDS") * SECOND_MS,
    eventsRetentionMs: read.number("REGISTRY_EVENTS_RETENTION_HOURS") * HOUR_MS,
    eventsMax: read.number("REGISTRY_EVENTS_MAX"),
    expiredAgentMs: read.number("EXPIRED_AGENT_RETENTION") * SECOND_MS,
    intervalMs: read.number("RETENTION_INTERVAL") * SECOND_MS,
  };
}

function isProduction(read: SettingReader): boolean {
  return ["production", "prod"].includes(read.text("ENVIRONMENT").toLowerCase());
}

/** The CLIs pass Python's words on; we have no level above error. */
function toLogLevel(word: (typeof LOG_LEVEL_WORDS)[number]): LogLevel {
  if (word === "warning") return "warn";
  return word === "critical" ? "error" : word;
}

/** `[::1]`, as in URLs, is the address `::1`. */
function withoutBrackets(host: string): string {
  return /^\[(.*)\]$/.exec(host)?.[1] ?? host;
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
