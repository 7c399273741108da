import { expect, test } from "bun:test";
import { describeFeatures, renderBanner, serverUrl } from "./banner.ts";
import { readConfig } from "./config/config.ts";
import type { Environment } from "./config/setting-reader.ts";

const CONTENT = {
  url: "http://localhost:8000",
  registryName: "lab",
  mcpUrl: null,
  endpoints: ["GET /health - Health check", "POST /heartbeat - Agent status updates"],
  features: ["Response caching (30s TTL)"],
};

test("the banner shows the address, the name, and what is served", () => {
  expect(renderBanner(CONTENT)).toBe(
    `🚀 Starting MCP Mesh Registry Service
📡 Server: http://localhost:8000
📛 Name: lab
📊 Health monitoring: enabled
🏗️  Architecture: Kubernetes API Server pattern
🔄 Mode: PASSIVE (pull-based)
🌐 REST Endpoints:
   GET /health - Health check
   POST /heartbeat - Agent status updates
🚀 Features:
   ✓ Response caching (30s TTL)
------------------------------------------------------------
`,
  );
});

test("the banner names the MCP endpoint where there is one", () => {
  expect(renderBanner({ ...CONTENT, mcpUrl: "http://localhost:8000/mcp" })).toContain(
    "\n🔗 MCP Endpoint: http://localhost:8000/mcp\n",
  );
});

test("a hostile name stays on its line of the banner", () => {
  expect(renderBanner({ ...CONTENT, registryName: "a\n\u001b[2J" })).toContain("📛 Name: a\\u000a\\u001b[2J\n");
});

test("an IPv6 address stands in brackets in a URL", () => {
  expect(serverUrl("localhost", 8000, false)).toBe("http://localhost:8000");
  expect(serverUrl("::1", 8443, true)).toBe("https://[::1]:8443");
});

function features(environment: Environment): readonly string[] {
  const result = readConfig(environment, {});
  return "config" in result ? describeFeatures(result.config) : [];
}

test("features carry the configured numbers, and those that are off are not claimed", () => {
  expect(features({ CACHE_TTL: "7", HEALTH_CHECK_INTERVAL: "3", ALLOWED_ORIGINS: "https://a.example" })).toEqual([
    "Service discovery by capability, version constraint, label selector and fuzzy match",
    "Passive health monitoring (a transition waits 3s at most)",
    "Timeouts per agent type (default 60s, eviction after 120s)",
    "Sticky dependency resolution",
    "Response caching (7s TTL, replaced at once when an agent changes)",
    "Adoption of agents that beat without being registered",
    "Metrics as JSON at /metrics",
    "Prometheus metrics at /metrics/prometheus",
    "Audit trail of registrations and status changes",
    "Cross-origin reads for https://a.example",
  ]);
  const off = ["HEARTBEAT_ADOPTION", "ENABLE_METRICS", "ENABLE_PROMETHEUS", "ENABLE_EVENTS", "ENABLE_CORS"];
  expect(features({ CACHE_TTL: "0", ...Object.fromEntries(off.map((name) => [name, "false"])) })).toHaveLength(4);
});
