import { describeFeatures } from "../banner.ts";
import { readConfig } from "./config.ts";
import { SETTINGS, type Setting } from "./settings.ts";

/** The service's version, as both references report it (registry-api 4.1). */
export const SERVICE_VERSION = "1.0.0";

const OPTIONS: readonly (readonly [flag: string, help: string])[] = [
  ["--host HOST", "address to listen on (HOST, localhost)"],
  ["--port PORT", "port to listen on (PORT, 8000); auto = any free one"],
  ["--database-url URL", "where the registry keeps its data (DATABASE_URL, mcp_mesh_registry.db)"],
  ["--log-level LEVEL", "debug, info, warn or error (LOG_LEVEL, info)"],
  ["--cert-file FILE", "serve TLS with this certificate (PEM); needs --key-file"],
  ["--key-file FILE", "private key of the certificate (PEM)"],
  ["--version", "print the version and exit"],
  ["--help, -h", "print this text and exit"],
];

const EXAMPLES: readonly string[] = [
  "mcp-mesh-registry",
  "mcp-mesh-registry --host 0.0.0.0 --port 9000",
  "mcp-mesh-registry --database-url sqlite:////var/lib/mcp-mesh/registry.db",
  "LOG_LEVEL=debug LOG_FORMAT=json mcp-mesh-registry",
];

/** Three lines for `--version` (cli 13). @param runtime for instance `Bun 1.4.5 on linux-x64`. */
export function versionText(runtime: string): string {
  return [
    `MCP Mesh Registry Service v${SERVICE_VERSION}`,
    "TypeScript implementation, compatible with the Python and Go registries",
    `Runtime: ${runtime}`,
    "",
  ].join("\n");
}

/** What `--help` prints to standard output, and a bad flag to standard error. */
export function usageText(): string {
  const defaults = readConfig({}, {});
  const features = "config" in defaults ? describeFeatures(defaults.config) : [];
  return [
    `MCP Mesh Registry Service v${SERVICE_VERSION}: a passive, pull-based service registry for MCP agents`,
    "",
    "Usage: mcp-mesh-registry [options]",
    "",
    "Options (one or two dashes, a space or = before the value; an option goes before the environment):",
    ...columns(OPTIONS),
    "",
    "Examples:",
    ...EXAMPLES.map((example) => `  ${example}`),
    "",
    "Environment (empty = not set; default in brackets):",
    ...columns(Object.entries(SETTINGS).map(([name, setting]) => [name, describe(setting)])),
    "",
    "Features:",
    ...features.map((feature) => `  ✓ ${feature}`),
    "",
  ].join("\n");
}

function describe(setting: Setting): string {
  const aliases = setting.aliases === undefined ? "" : `; also ${setting.aliases.join(", ")}`;
  return `${setting.help} [${String(setting.fallback)}]${aliases}`;
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
