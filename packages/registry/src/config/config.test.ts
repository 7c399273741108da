import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Config, readConfig } from "./config.ts";
import type { Flags } from "./flags.ts";
import type { Environment } from "./setting-reader.ts";
import { SETTINGS } from "./settings.ts";

function read(environment: Environment = {}, flags: Flags = {}): { config: Config; warnings: readonly string[] } {
  const result = readConfig(environment, flags);
  if ("errors" in result) throw new Error(result.errors.join("; "));
  return result;
}

function errorsOf(environment: Environment, flags: Flags = {}): readonly string[] {
  const result = readConfig(environment, flags);
  return "errors" in result ? result.errors : [];
}

const DEFAULTS = {
  registryName: "mcp-mesh-registry",
  server: { host: "localhost", port: 8000, tls: null, allowedHosts: [] },
  cors: {
    isEnabled: true,
    allowedOrigins: ["*"],
    allowedMethods: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    allowedHeaders: ["*"],
  },
  database: {
    url: "mcp_mesh_registry.db",
    connectTimeoutMs: 30_000,
    busyTimeoutMs: 5_000,
    journalMode: "WAL",
    synchronous: "NORMAL",
    cacheSizeKib: 10_000,
    foreignKeys: true,
    maxOpenConnections: 20,
    maxIdleConnections: 5,
    connectionLifetimeMs: 300_000,
    queryTimeoutMs: 5_000,
  },
  cache: { isEnabled: true, ttlMs: 30_000, maxEntries: 10_000, maxBytes: 33_554_432 },
  log: { level: "info", format: "text", hasAccessLog: true },
  retention: {
    healthRetentionMs: 86_400_000,
    healthMaxPerAgent: 1_000,
    healthSampleMs: 60_000,
    eventsRetentionMs: 604_800_000,
    eventsMax: 100_000,
    expiredAgentMs: 0,
    intervalMs: 300_000,
  },
  healthCheckIntervalMs: 30_000,
  defaultTimeoutThreshold: 60,
  defaultEvictionThreshold: 120,
  adoptsHeartbeats: true,
  securityContextEnforcement: "warn",
  maxWatchers: 2_000,
  servesMetrics: true,
  servesPrometheus: true,
  keepsEvents: true,
} as const;

describe("configuration", () => {
  test("has the documented defaults, without a warning", () => {
    expect(read()).toEqual({ config: DEFAULTS, warnings: [] });
  });

  test("an empty or blank variable is not set", () => {
    const empty = Object.fromEntries(Object.keys(SETTINGS).map((name, index) => [name, index % 2 === 0 ? "" : "  "]));
    expect(read(empty)).toEqual({ config: DEFAULTS, warnings: [] });
  });

  test("reads every variable", () => {
    const { config, warnings } = read({
      HOST: "0.0.0.0",
      PORT: "9000",
      ALLOWED_HOSTS: "Registry.local, mesh:8000",
      DATABASE_URL: "postgres://user:pass@localhost/mcp_mesh",
      DB_CONNECTION_TIMEOUT: "1",
      DB_BUSY_TIMEOUT: "2",
      DB_JOURNAL_MODE: "delete",
      DB_SYNCHRONOUS: "full",
      DB_CACHE_SIZE: "3",
      DB_ENABLE_FOREIGN_KEYS: "false",
      DB_MAX_OPEN_CONNECTIONS: "4",
      DB_MAX_IDLE_CONNECTIONS: "3",
      DB_CONN_MAX_LIFETIME: "0",
      QUERY_TIMEOUT: "6",
      REGISTRY_NAME: "lab",
      ENVIRONMENT: "Prod",
      HEALTH_CHECK_INTERVAL: "7",
      DEFAULT_TIMEOUT_THRESHOLD: "8",
      DEFAULT_EVICTION_THRESHOLD: "9",
      HEARTBEAT_ADOPTION: "off",
      SECURITY_CONTEXT_ENFORCEMENT: "STRICT",
      MAX_WATCHERS: "10",
      ENABLE_RESPONSE_CACHE: "no",
      CACHE_TTL: "11",
      MAX_CACHE_SIZE: "12",
      ENABLE_CORS: "F",
      ALLOWED_ORIGINS: " https://A.example/ ,http://localhost:3000,,",
      ALLOWED_METHODS: "get, post",
      ALLOWED_HEADERS: "Content-Type, X-Trace",
      LOG_LEVEL: "DEBUG",
      LOG_FORMAT: "Text",
      ACCESS_LOG: "0",
      ENABLE_METRICS: "false",
      ENABLE_PROMETHEUS: "FALSE",
      ENABLE_EVENTS: "n",
      AGENT_HEALTH_RETENTION_HOURS: "0",
      AGENT_HEALTH_MAX_PER_AGENT: "13",
      AGENT_HEALTH_SAMPLE_SECONDS: "14",
      REGISTRY_EVENTS_RETENTION_HOURS: "15",
      REGISTRY_EVENTS_MAX: "16",
      EXPIRED_AGENT_RETENTION: "17",
      RETENTION_INTERVAL: "18",
    });
    expect(warnings).toEqual([]);
    expect(config).toEqual({
      registryName: "lab",
      server: { host: "0.0.0.0", port: 9000, tls: null, allowedHosts: ["registry.local", "mesh:8000"] },
      cors: {
        isEnabled: false,
        allowedOrigins: ["https://a.example", "http://localhost:3000"],
        allowedMethods: ["GET", "POST"],
        allowedHeaders: ["Content-Type", "X-Trace"],
      },
      database: {
        url: "postgres://user:pass@localhost/mcp_mesh",
        connectTimeoutMs: 1_000,
        busyTimeoutMs: 2,
        journalMode: "DELETE",
        synchronous: "FULL",
        cacheSizeKib: 3,
        foreignKeys: false,
        maxOpenConnections: 4,
        maxIdleConnections: 3,
        connectionLifetimeMs: 0,
        queryTimeoutMs: 6_000,
      },
      cache: { isEnabled: false, ttlMs: 11_000, maxEntries: 12, maxBytes: 33_554_432 },
      log: { level: "debug", format: "text", hasAccessLog: false },
      retention: {
        healthRetentionMs: 0,
        healthMaxPerAgent: 13,
        healthSampleMs: 14_000,
        eventsRetentionMs: 54_000_000,
        eventsMax: 16,
        expiredAgentMs: 17_000,
        intervalMs: 18_000,
      },
      healthCheckIntervalMs: 7_000,
      defaultTimeoutThreshold: 8,
      defaultEvictionThreshold: 9,
      adoptsHeartbeats: false,
      securityContextEnforcement: "strict",
      maxWatchers: 10,
      servesMetrics: false,
      servesPrometheus: false,
      keepsEvents: false,
    });
  });

  test("a flag goes before the environment", () => {
    const environment = { HOST: "env.example", PORT: "9000", DATABASE_URL: "env.db", LOG_LEVEL: "debug" };
    const flags = { host: "flag.example", port: 9001, databaseUrl: "flag.db", logLevel: "error" };
    const { server, database, log } = read(environment, flags).config;
    expect([server.host, server.port, database.url, log.level]).toEqual(["flag.example", 9001, "flag.db", "error"]);
  });

  test("a flag that is empty or 0 leaves the environment's value", () => {
    const { server } = read({ HOST: "env.example", PORT: "9000" }, { host: "", port: 0 }).config;
    expect([server.host, server.port]).toEqual(["env.example", 9000]);
  });

  test("a flag's port stands whatever PORT says", () => {
    expect(read({ PORT: "70000" }, { port: 9001 }).config.server.port).toBe(9001);
  });

  test("auto asks for any free port", () => {
    expect(read({ PORT: "auto" }).config.server.port).toBe(0);
    expect(read({ PORT: "9000" }, { port: "auto" }).config.server.port).toBe(0);
  });

  test("takes the database from three variables, in order", () => {
    const all = { DATABASE_URL: "a.db", MCP_MESH_DATABASE_URL: "sqlite:///b.db", MCP_MESH_DB_PATH: "c.db" };
    expect(read(all).config.database.url).toBe("a.db");
    expect(read({ ...all, DATABASE_URL: "" }).config.database.url).toBe("sqlite:///b.db");
    expect(read({ MCP_MESH_DB_PATH: "c.db" }).config.database.url).toBe("c.db");
  });

  test("takes the pool's size under either name, and keeps no more idle connections than may be open", () => {
    expect(read({ DATABASE_POOL_SIZE: "7" }).config.database.maxOpenConnections).toBe(7);
    const both = read({ DATABASE_POOL_SIZE: "7", DB_MAX_OPEN_CONNECTIONS: "3" }).config.database;
    expect([both.maxOpenConnections, both.maxIdleConnections]).toEqual([3, 3]);
  });

  test("logs JSON in production, unless told otherwise", () => {
    expect(read({ ENVIRONMENT: "production" }).config.log.format).toBe("json");
    expect(read({ ENVIRONMENT: "production", LOG_FORMAT: "text" }).config.log.format).toBe("text");
    expect(read({ ENVIRONMENT: "staging" }).config.log.format).toBe("text");
  });

  test("accepts Python's names for log levels", () => {
    expect(read({ LOG_LEVEL: "WARNING" }).config.log.level).toBe("warn");
    expect(read({}, { logLevel: "critical" }).config.log.level).toBe("error");
  });

  test("a lifetime or a size of 0 turns the cache off", () => {
    expect(read({ CACHE_TTL: "0" }).config.cache.isEnabled).toBe(false);
    expect(read({ MAX_CACHE_SIZE: "0" }).config.cache.isEnabled).toBe(false);
  });

  test("reads an IPv6 address in brackets", () => {
    expect(read({ HOST: "[::1]" }).config.server.host).toBe("::1");
  });

  test("takes a certificate only together with its key", () => {
    expect(read({}, { certFile: "c.pem", keyFile: "k.pem" }).config.server.tls).toEqual({
      certFile: "c.pem",
      keyFile: "k.pem",
    });
    expect(errorsOf({}, { keyFile: "k.pem" })).toEqual(["--cert-file and --key-file must be given together"]);
  });

  test("cannot be changed afterwards", () => {
    const { config } = read();
    for (const part of [config, config.server, config.cors.allowedOrigins, config.retention]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe("values that cannot be used", () => {
  test("fall back to the default with a warning that names variable, value and default", () => {
    const { config, warnings } = read({
      PORT: "80a0",
      QUERY_TIMEOUT: "5s",
      DB_CACHE_SIZE: "-1",
      MAX_WATCHERS: "1e3",
      RETENTION_INTERVAL: "99999999999999999999",
      HEALTH_CHECK_INTERVAL: "1000000",
      DATABASE_POOL_SIZE: "NaN",
      ENABLE_CORS: "maybe\u001b[2J\n",
    });
    expect(config).toEqual(DEFAULTS);
    expect(warnings).toEqual([
      'PORT: "80a0" is not a whole number; using the default 8000',
      'ENABLE_CORS: "maybe\\u001b[2J" is not a boolean (use true or false); using the default true',
      'DATABASE_POOL_SIZE: "NaN" is not a whole number; using the default 20',
      'DB_CACHE_SIZE: "-1" is not between 0 and 2147483647; using the default 10000',
      'QUERY_TIMEOUT: "5s" is not a whole number; using the default 5',
      'RETENTION_INTERVAL: "99999999999999999999" is not a whole number; using the default 300',
      'HEALTH_CHECK_INTERVAL: "1000000" is not between 1 and 86400; using the default 30',
      'MAX_WATCHERS: "1e3" is not a whole number; using the default 2000',
    ]);
  });

  test("a list item that would break every response is left out", () => {
    const { config, warnings } = read({ ALLOWED_HEADERS: "X-One, X Two, X-Three\r\nX-Four", ALLOWED_ORIGINS: "höst" });
    expect(config.cors.allowedHeaders).toEqual(["X-One"]);
    expect(config.cors.allowedOrigins).toEqual([]);
    expect(warnings).toEqual([
      'ALLOWED_ORIGINS: "höst" has characters that are not allowed there; left out',
      'ALLOWED_HEADERS: "X Two" has characters that are not allowed there; left out',
      'ALLOWED_HEADERS: "X-Three\\u000d\\u000aX-Four" has characters that are not allowed there; left out',
    ]);
  });

  test("a fraction of zeros is still a whole number, any other is none", () => {
    expect(read({ QUERY_TIMEOUT: "6.0" }).config.database.queryTimeoutMs).toBe(6_000);
    expect(read({ QUERY_TIMEOUT: "6.5" }).warnings).toEqual([
      'QUERY_TIMEOUT: "6.5" is not a whole number; using the default 5',
    ]);
  });

  test("a line end behind a number does not matter", () => {
    expect(read({ PORT: "9000\r\n", CACHE_TTL: " 5 " })).toMatchObject({
      config: { server: { port: 9000 }, cache: { ttlMs: 5_000 } },
      warnings: [],
    });
  });

  test("Go's errors, word for word", () => {
    expect(errorsOf({ PORT: "0" })).toEqual(["invalid port: 0"]);
    expect(errorsOf({ PORT: "65536" })).toEqual(["invalid port: 65536"]);
    expect(errorsOf({}, { port: -1 })).toEqual(["invalid port: -1"]);
    expect(errorsOf({ HEALTH_CHECK_INTERVAL: "0" })).toEqual(["health check interval must be positive: 0"]);
    expect(errorsOf({ CACHE_TTL: "-5" })).toEqual(["cache TTL must be non-negative: -5"]);
    expect(errorsOf({ LOG_LEVEL: "verbose" })).toEqual(["invalid log level: verbose"]);
    expect(errorsOf({}, { logLevel: "Loud" })).toEqual(["invalid log level: Loud"]);
  });

  test("a word that is none of the choices is an error, and all errors are told at once", () => {
    expect(
      errorsOf({
        PORT: "70000",
        DB_JOURNAL_MODE: "WAL; DROP TABLE agents",
        DB_SYNCHRONOUS: "sometimes",
        LOG_FORMAT: "xml",
        SECURITY_CONTEXT_ENFORCEMENT: "stirct",
      }),
    ).toEqual([
      "invalid port: 70000",
      "invalid journal mode: WAL; DROP TABLE agents (use one of DELETE, TRUNCATE, PERSIST, MEMORY, WAL, OFF)",
      "invalid synchronous level: sometimes (use one of OFF, NORMAL, FULL, EXTRA)",
      "invalid log format: xml (use one of text, json)",
      "invalid security context enforcement: stirct (use one of off, warn, strict)",
    ]);
  });

  test("whatever the environment holds, there is a usable configuration or an error", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.integer().map(String),
      fc.constantFrom("", "0", "-1", "1e9", "0x10", "NaN", "Infinity", "9007199254740993", "true", "__proto__"),
    );
    const environment = fc.dictionary(fc.constantFrom(...Object.keys(SETTINGS)), value);
    fc.assert(
      fc.property(environment, (variables) => {
        const result = readConfig(variables, {});
        if ("errors" in result) {
          expect(result.errors.length).toBeGreaterThan(0);
          return;
        }
        for (const number of numbersIn(result.config)) {
          expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
        }
        expect(result.config.healthCheckIntervalMs).toBeWithin(1_000, 86_400_001);
        expect(result.config.server.port).toBeWithin(0, 65_536);
      }),
    );
  });
});

function numbersIn(value: object): number[] {
  return Object.values(value).flatMap((part: unknown) => {
    if (typeof part === "number") return [part];
    return typeof part === "object" && part !== null ? numbersIn(part) : [];
  });
}

test("every setting makes a difference", () => {
  const other = (name: keyof typeof SETTINGS): string => {
    const setting = SETTINGS[name];
    if (setting.kind === "switch") return "false";
    if (setting.kind === "number" || setting.kind === "port") return "3";
    return (
      { ENVIRONMENT: "production", DB_JOURNAL_MODE: "OFF", DB_SYNCHRONOUS: "OFF", LOG_LEVEL: "error" }[
        name as string
      ] ??
      { LOG_FORMAT: "json", SECURITY_CONTEXT_ENFORCEMENT: "off" }[name as string] ??
      "x"
    );
  };
  for (const name of Object.keys(SETTINGS) as (keyof typeof SETTINGS)[]) {
    expect({ name, config: read({ [name]: other(name) }).config }).not.toEqual({ name, config: DEFAULTS });
  }
});
