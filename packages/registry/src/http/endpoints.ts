import type { Method } from "./router.ts";

export interface Endpoint {
  readonly method: Method;
  readonly path: string;
  readonly purpose: string;
  /** Under which name `GET /` lists it; those names are read by clients (registry-api 4.1). */
  readonly name?: string;
  /** Configuration that switches it off. */
  readonly switch?: "servesMetrics" | "servesPrometheus";
}

/** Everything the registry serves. The router, the banner, `GET /` and the OpenAPI document are held against this table. */
export const ENDPOINTS: readonly Endpoint[] = [
  { method: "GET", path: "/", purpose: "Service information" },
  { method: "POST", path: "/heartbeat", purpose: "Agent status updates", name: "heartbeat" },
  {
    method: "POST",
    path: "/agents/register_with_metadata",
    purpose: "Agent registration with enhanced metadata",
    name: "register_agent",
  },
  {
    method: "POST",
    path: "/agents/register_capabilities",
    purpose: "Additional capabilities of a registered agent",
    name: "register_capabilities",
  },
  { method: "POST", path: "/agents/register", purpose: "Agent registration as older clients send it" },
  { method: "POST", path: "/agents/heartbeat", purpose: "Agent status updates as older agents send them" },
  { method: "GET", path: "/agents", purpose: "Service discovery with advanced filtering", name: "agents" },
  { method: "GET", path: "/agents/{id}", purpose: "One agent" },
  { method: "DELETE", path: "/agents/{id}", purpose: "Agent removal" },
  { method: "POST", path: "/agents/{id}/health", purpose: "Health report of one agent" },
  { method: "GET", path: "/capabilities", purpose: "Capability discovery with search", name: "capabilities" },
  { method: "GET", path: "/health", purpose: "Health check", name: "health" },
  {
    method: "GET",
    path: "/health/monitoring",
    purpose: "Agent lifecycle and database statistics",
    name: "health_monitoring",
  },
  { method: "GET", path: "/health/{id}", purpose: "Health of one agent", name: "agent_health" },
  { method: "GET", path: "/livez", purpose: "Liveness probe" },
  { method: "GET", path: "/ready", purpose: "Readiness probe" },
  { method: "GET", path: "/metrics", purpose: "Registry metrics as JSON", name: "metrics", switch: "servesMetrics" },
  {
    method: "GET",
    path: "/metrics/prometheus",
    purpose: "Registry metrics for Prometheus",
    name: "prometheus",
    switch: "servesPrometheus",
  },
  { method: "GET", path: "/openapi.json", purpose: "Description of this interface" },
  { method: "GET", path: "/docs", purpose: "The same for people" },
  { method: "GET", path: "/redoc", purpose: "Moved to /docs" },
];

export const describeEndpoint = ({ method, path, purpose }: Endpoint): string => `${method} ${path} - ${purpose}`;

export const endpointsServed = (config: { readonly servesMetrics: boolean; readonly servesPrometheus: boolean }) =>
  ENDPOINTS.filter((endpoint) => endpoint.switch === undefined || config[endpoint.switch]);
