import { type Answer, emptyAnswer, jsonAnswer, objectAnswer, textAnswer } from "../answer.ts";
import { docsPage } from "../docs-page.ts";
import { describeEndpoint, type Endpoint } from "../endpoints.ts";
import openapi from "../openapi.json";
import type { Route } from "../router.ts";

export interface ServiceOptions {
  readonly registryName: string;
  readonly endpoints: readonly Endpoint[];
  readonly cacheTtlSeconds: number;
  readonly healthCheckIntervalSeconds: number;
}

/** What the service says of itself (registry-api 4.1, 4.14). */
export function serviceRoutes(options: ServiceOptions): Route[] {
  const information = serviceInformation(options);
  return [
    { method: "GET", path: "/", handle: () => information },
    { method: "GET", path: "/openapi.json", handle: () => jsonAnswer(200, JSON.stringify(openapi)) },
    { method: "GET", path: "/docs", handle: () => textAnswer(200, docsPage(), "text/html; charset=utf-8") },
    { method: "GET", path: "/redoc", handle: () => emptyAnswer(301, { Location: "/docs" }) },
  ];
}

function serviceInformation(options: ServiceOptions): Answer {
  const named = options.endpoints.filter((endpoint) => endpoint.name !== undefined);
  return objectAnswer(200, {
    service: "MCP Mesh Registry Service",
    version: "1.0.0",
    architecture: "Kubernetes API Server pattern (PASSIVE pull-based)",
    description: "Enhanced service registry for MCP agent mesh with advanced discovery capabilities",
    name: options.registryName,
    endpoints: Object.fromEntries(named.map((endpoint) => [endpoint.name, describeEndpoint(endpoint)])),
    features: {
      caching: `Response caching with ${options.cacheTtlSeconds} second TTL, replaced at once when an agent changes`,
      fuzzy_matching: "Fuzzy string matching for capability search",
      version_constraints: "Semantic version constraints (>=1.0.0, ~1.2.0, ^1.0.0)",
      validation: "Comprehensive input validation",
      label_selectors: "Kubernetes-style label selectors",
      health_monitoring: `Passive health monitoring, a transition waits ${options.healthCheckIntervalSeconds} seconds at most`,
      configurable_timeouts: "Timeout and eviction thresholds per agent and agent type",
      automatic_eviction: "Expired agents leave discovery and resolution by themselves",
      prometheus_metrics: "Metrics as JSON and for Prometheus",
    },
  });
}
