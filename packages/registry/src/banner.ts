import { printableText } from "@mcp-mesh/protocol";
import type { Config } from "./config/config.ts";

export interface BannerContent {
  /** Where the registry listens, once it does: `http://localhost:8000`. */
  readonly url: string;
  /** `REGISTRY_NAME`. */
  readonly registryName: string;
  /** `<url>/mcp`, or null where that endpoint is not served. */
  readonly mcpUrl: string | null;
  /** `METHOD path - purpose`, one for each endpoint that is really served. */
  readonly endpoints: readonly string[];
  readonly features: readonly string[];
}

const LINE_LIMIT = 500;

/** What the registry prints to standard output once it listens (cli 13), line breaks included. */
export function renderBanner(content: BannerContent): string {
  const lines = [
    "🚀 Starting MCP Mesh Registry Service",
    `📡 Server: ${content.url}`,
    `📛 Name: ${content.registryName}`,
    ...(content.mcpUrl === null ? [] : [`🔗 MCP Endpoint: ${content.mcpUrl}`]),
    "📊 Health monitoring: enabled",
    "🏗️  Architecture: Kubernetes API Server pattern",
    "🔄 Mode: PASSIVE (pull-based)",
    "🌐 REST Endpoints:",
    ...content.endpoints.map((endpoint) => `   ${endpoint}`),
    "🚀 Features:",
    ...content.features.map((feature) => `   ✓ ${feature}`),
    "-".repeat(60),
  ];
  return lines.map((line) => `${printableText(line, LINE_LIMIT)}\n`).join("");
}

/** The URL for people and clients: an IPv6 address stands in brackets. */
export function serverUrl(host: string, port: number, isTls: boolean): string {
  return `${isTls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What this configuration makes the registry do, one line each. */
export function describeFeatures(config: Config): readonly string[] {
  const { cache, cors, server } = config;
  const optional: readonly (readonly [isOn: boolean, text: string])[] = [
    [cache.isEnabled, `Response caching (${seconds(cache.ttlMs)} TTL, replaced at once when an agent changes)`],
    [config.adoptsHeartbeats, "Adoption of agents that beat without being registered"],
    [config.servesMetrics, "Metrics as JSON at /metrics"],
    [config.servesPrometheus, "Prometheus metrics at /metrics/prometheus"],
    [config.keepsEvents, "Audit trail of registrations and status changes"],
    [cors.isEnabled, `Cross-origin reads for ${cors.allowedOrigins.join(", ") || "nobody"}`],
    [server.tls !== null, "TLS"],
  ];
  return [
    "Service discovery by capability, version constraint, label selector and fuzzy match",
    `Passive health monitoring (a transition waits ${seconds(config.healthCheckIntervalMs)} at most)`,
    `Timeouts per agent type (default ${config.defaultTimeoutThreshold}s, eviction after ${config.defaultEvictionThreshold}s)`,
    "Sticky dependency resolution",
    ...optional.filter(([isOn]) => isOn).map(([, text]) => text),
  ];
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}
