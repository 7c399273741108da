import { expect, test } from "bun:test";
import { ENDPOINTS } from "../endpoints.ts";
import { type ServiceOptions, serviceRoutes } from "./service.ts";

async function features(options: Partial<ServiceOptions>): Promise<Record<string, string>> {
  const [root] = serviceRoutes({
    registryName: "mesh",
    endpoints: ENDPOINTS,
    cacheTtlSeconds: 12,
    healthCheckIntervalSeconds: 7,
    ...options,
  });
  const request = new Request("http://localhost/");
  const answer = await root?.handle({ request, id: "", query: "", target: "/" });
  return JSON.parse(String(answer?.body)).features;
}

test("the features say what is configured", async () => {
  expect(await features({})).toMatchObject({
    caching: "List answers are kept for 12 seconds at most, and replaced at once when an agent changes",
    health_monitoring: "Passive: heartbeats and their absence; a change of status waits 7 seconds at most",
    prometheus_metrics: "GET /metrics/prometheus",
  });
});

test("the features say what is switched off", async () => {
  const endpoints = ENDPOINTS.filter(({ path }) => !path.startsWith("/metrics"));
  expect(await features({ cacheTtlSeconds: 0, endpoints })).toMatchObject({
    caching: "Switched off: every list answer is made anew",
    prometheus_metrics: "Switched off",
  });
});
