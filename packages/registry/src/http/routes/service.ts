import { type Answer, emptyAnswer, jsonAnswer, objectAnswer } from "../answer.ts";
import { docsPage } from "../docs-page.ts";
import { describeEndpoint, type Endpoint } from "../endpoints.ts";
import openapi from "../openapi.json" with { type: "text" };
import type { Route } from "../router.ts";

export interface ServiceOptions {
  readonly registryName: string;
  /** Those that this registry serves. */
  readonly endpoints: readonly Endpoint[];
  /** 0 = lists are not cached. */
  readonly cacheTtlSeconds: number;
  readonly healthCheckIntervalSeconds: number;
}

/** What the service says of itself (registry-api 4.1, 4.14). */
export function serviceRoutes(options: ServiceOptions): Route[] {
  const information = serviceInformation(options);
  // The compiler takes every JSON module for its value; at run time the attribute makes it its text, which is what we send.
  const description = jsonAnswer(200, openapi as unknown as string);
  const { html, headers } = docsPage();
  const page: Answer = { status: 200, body: html, headers };
  return [
    { method: "GET", path: "/", handle: () => information },
    { method: "GET", path: "/openapi.json", handle: () => description },
    { method: "GET", path: "/docs", handle: () => page },
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
    features: features(options),
  });
}

/** Each as it is configured here, the switched off ones too: clients look for the names (registry-api 4.1). */
function features({ endpoints, cacheTtlSeconds, healthCheckIntervalSeconds }: ServiceOptions) {
  const servesPrometheus = endpoints.some(({ path }) => path === "/metrics/prometheus");
  return {
    caching:
      cacheTtlSeconds > 0
        ? `List answers are kept for ${cacheTtlSeconds} seconds at most, and replaced at once when an agent changes`
        : "Switched off: every list answer is made anew",
    fuzzy_matching: "Capability names that contain the query or are at least 70 % alike (fuzzy_match=true)",
    version_constraints: "Semantic version constraints (>=1.0.0,<2.0.0, ~1.2.0, ^1.0.0)",
    validation: "Comprehensive input validation",
    label_selectors: "Equality and set requirements (label_selector), and the whole Kubernetes grammar (labelSelector)",
    health_monitoring: `Passive: heartbeats and their absence; a change of status waits ${healthCheckIntervalSeconds} seconds at most`,
    configurable_timeouts: "Timeout and eviction thresholds per agent and agent type",
    automatic_eviction:
      "Expired agents leave dependency resolution, stay listed, and come back with their next heartbeat",
    prometheus_metrics: servesPrometheus ? "GET /metrics/prometheus" : "Switched off",
  };
}
