/**
 * Every environment variable the registry reads: its default, its bounds, and what `--help` says of it. cli 13 and
 * database 5 and 7 fix names and defaults. `config.ts` turns the values into the configuration.
 */
interface Described {
  readonly help: string;
  /** Other names of the variable, asked in this order when it is not set. */
  readonly aliases?: readonly string[];
}

export interface TextSetting extends Described {
  readonly kind: "text";
  readonly fallback: string;
}

/** A whole number. Outside the bounds it counts as one that cannot be read, unless `invalid` makes it an error. */
export interface NumberSetting extends Described {
  readonly kind: "number";
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  /** The error for a number below `min`; Go refuses to start then, instead of falling back. */
  readonly tooSmall?: (value: number) => string;
}

export interface SwitchSetting extends Described {
  readonly kind: "switch";
  readonly fallback: boolean;
}

/** One word of a list, in any case. Any other word is an error: a typo must not quietly choose for the operator. */
export interface ChoiceSetting extends Described {
  readonly kind: "choice";
  readonly fallback: string;
  readonly choices: readonly string[];
  readonly invalid: (value: string) => string;
}

/** Comma-separated, items trimmed. */
export interface ListSetting extends Described {
  readonly kind: "list";
  readonly fallback: readonly string[];
  /** What an item may consist of; other items are left out with a warning. */
  readonly item: RegExp;
}

/** A number or the word `auto`; checked by `config.ts`, because the flag goes before it. */
export interface PortSetting extends Described {
  readonly kind: "port";
  readonly fallback: number;
}

export type Setting = TextSetting | PortSetting | NumberSetting | SwitchSetting | ChoiceSetting | ListSetting;

/** What a header name or a method may consist of (RFC 9110, token); anything else would break every response. */
const HTTP_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VISIBLE_ASCII = /^[!-~]+$/;

const DAY_S = 86_400;
/** Long enough for anybody, short enough that milliseconds stay exact. */
const TEN_YEARS_S = 3_650 * DAY_S;
const TEN_YEARS_H = 3_650 * 24;
/** SQLite keeps its numbers in 32 bits. */
const INT32_MAX = 2 ** 31 - 1;

export const JOURNAL_MODES = ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF"] as const;
export const SYNCHRONOUS_LEVELS = ["OFF", "NORMAL", "FULL", "EXTRA"] as const;
export const LOG_LEVEL_WORDS = ["debug", "info", "warn", "error", "warning", "critical"] as const;
export const LOG_FORMATS = ["text", "json"] as const;
export const ENFORCEMENTS = ["off", "warn", "strict"] as const;

export const SETTINGS = {
  HOST: text("localhost", "address to listen on; localhost is both loopback addresses"),
  PORT: { kind: "port", fallback: 8_000, help: "port to listen on, 1 to 65535, or auto for any free one" },
  ALLOWED_HOSTS: list([], VISIBLE_ASCII, "further names to answer to when listening on a loopback address"),

  DATABASE_URL: {
    ...text("mcp_mesh_registry.db", "file name, sqlite:///file, :memory: or postgresql://user:password@host/name"),
    aliases: ["MCP_MESH_DATABASE_URL", "MCP_MESH_DB_PATH"],
  },
  DB_CONNECTION_TIMEOUT: number(30, 0, 3_600, "seconds to wait for the database at start"),
  DB_BUSY_TIMEOUT: number(5_000, 0, 600_000, "milliseconds to wait for a lock of another process"),
  DB_JOURNAL_MODE: choice("WAL", JOURNAL_MODES, listing("journal mode", JOURNAL_MODES), "SQLite's journal mode"),
  DB_SYNCHRONOUS: choice(
    "NORMAL",
    SYNCHRONOUS_LEVELS,
    listing("synchronous level", SYNCHRONOUS_LEVELS),
    "SQLite's synchronous level; FULL also survives a power cut",
  ),
  DB_CACHE_SIZE: number(10_000, 0, INT32_MAX, "KiB of SQLite's page cache"),
  DB_ENABLE_FOREIGN_KEYS: switched(true, "let SQLite enforce foreign keys"),
  DB_MAX_OPEN_CONNECTIONS: {
    ...number(20, 1, 1_000, "most connections to PostgreSQL"),
    aliases: ["DATABASE_POOL_SIZE"],
  },
  DB_MAX_IDLE_CONNECTIONS: number(5, 0, 1_000, "connections to PostgreSQL that are kept while idle"),
  DB_CONN_MAX_LIFETIME: number(300, 0, TEN_YEARS_S, "seconds until a connection to PostgreSQL is renewed; 0 = never"),
  QUERY_TIMEOUT: number(5, 1, 3_600, "seconds until a database call counts as failed"),

  REGISTRY_NAME: text("mcp-mesh-registry", "name shown in GET /, banner and logs"),
  ENVIRONMENT: text("development", "production (or prod) makes the log JSON by default"),
  HEALTH_CHECK_INTERVAL: {
    ...number(30, 1, DAY_S, "seconds a status transition may wait at most"),
    tooSmall: (value: number) => `health check interval must be positive: ${value}`,
  },
  DEFAULT_TIMEOUT_THRESHOLD: number(60, 1, TEN_YEARS_S, "seconds of silence until an agent is degraded"),
  DEFAULT_EVICTION_THRESHOLD: number(120, 1, TEN_YEARS_S, "seconds of silence until an agent is expired"),
  HEARTBEAT_ADOPTION: switched(true, "register unknown agents from what their heartbeats carry"),
  SECURITY_CONTEXT_ENFORCEMENT: choice(
    "warn",
    ENFORCEMENTS,
    listing("security context enforcement", ENFORCEMENTS),
    "off, warn or strict: what a high_security agent without its capabilities meets",
  ),
  MAX_WATCHERS: number(2_000, 0, 1_000_000, "watch streams at one time"),

  ENABLE_RESPONSE_CACHE: switched(true, "keep encoded lists"),
  CACHE_TTL: {
    ...number(30, 0, TEN_YEARS_S, "seconds a list is kept; 0 = not at all"),
    tooSmall: (value: number) => `cache TTL must be non-negative: ${value}`,
  },
  MAX_CACHE_SIZE: number(10_000, 0, 10_000_000, "lists kept, in at most 32 MiB; 0 = none"),

  ENABLE_CORS: switched(true, "answer to web pages of other origins"),
  ALLOWED_ORIGINS: list(["*"], VISIBLE_ASCII, "origins; * opens reads to all, writes need the origin's name"),
  ALLOWED_METHODS: list(
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
    HTTP_TOKEN,
    "methods allowed to other origins",
  ),
  ALLOWED_HEADERS: list(["*"], HTTP_TOKEN, "request headers allowed to other origins; * = any"),

  LOG_LEVEL: choice("info", LOG_LEVEL_WORDS, (value) => `invalid log level: ${value}`, "debug, info, warn or error"),
  LOG_FORMAT: choice("text", LOG_FORMATS, listing("log format", LOG_FORMATS), "text or json"),
  ACCESS_LOG: switched(true, "write a line for every request to standard output"),
  ENABLE_METRICS: switched(true, "serve GET /metrics"),
  ENABLE_PROMETHEUS: switched(true, "serve GET /metrics/prometheus"),
  ENABLE_EVENTS: switched(true, "keep the audit trail in the database"),

  AGENT_HEALTH_RETENTION_HOURS: number(24, 0, TEN_YEARS_H, "hours health rows are kept; 0 = for ever"),
  AGENT_HEALTH_MAX_PER_AGENT: number(1_000, 1, INT32_MAX, "most health rows of one agent"),
  AGENT_HEALTH_SAMPLE_SECONDS: number(60, 0, TEN_YEARS_S, "least seconds between two health samples of one agent"),
  REGISTRY_EVENTS_RETENTION_HOURS: number(168, 0, TEN_YEARS_H, "hours audit events are kept; 0 = for ever"),
  REGISTRY_EVENTS_MAX: number(100_000, 1, INT32_MAX, "most audit events kept"),
  EXPIRED_AGENT_RETENTION: number(0, 0, TEN_YEARS_S, "seconds until an expired agent is deleted; 0 = never"),
  RETENTION_INTERVAL: number(300, 1, DAY_S, "seconds between two rounds of pruning"),
} as const satisfies { readonly [variable: string]: Setting };

export type SettingName = keyof typeof SETTINGS;

/** The names of all settings of one kind. */
export type NameOf<Kind extends Setting["kind"]> = {
  [Name in SettingName]: (typeof SETTINGS)[Name]["kind"] extends Kind ? Name : never;
}[SettingName];

function text(fallback: string, help: string) {
  return { kind: "text", fallback, help } as const;
}

function number(fallback: number, min: number, max: number, help: string) {
  return { kind: "number", fallback, min, max, help } as const;
}

function switched(fallback: boolean, help: string) {
  return { kind: "switch", fallback, help } as const;
}

function choice<Choice extends string>(
  fallback: Choice,
  choices: readonly Choice[],
  invalid: (value: string) => string,
  help: string,
) {
  return { kind: "choice", fallback, choices, invalid, help } as const;
}

function list(fallback: readonly string[], item: RegExp, help: string) {
  return { kind: "list", fallback, item, help } as const;
}

function listing(what: string, choices: readonly string[]): (value: string) => string {
  return (value) => `invalid ${what}: ${value} (use one of ${choices.join(", ")})`;
}
