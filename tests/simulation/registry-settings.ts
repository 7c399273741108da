import type { RegistryOptions } from "@mcp-mesh/registry/registry";

const HOUR_MS = 3_600_000;

/** As `main.ts` has them where an operator sets nothing, but pruned every minute. */
export const REGISTRY_SETTINGS: Pick<
  RegistryOptions,
  "settings" | "retention" | "retentionIntervalMs" | "healthSampleMs"
> = {
  settings: {
    adoptsHeartbeats: true,
    defaultTimeoutThreshold: 60,
    defaultEvictionThreshold: 120,
    securityEnforcement: "off",
    healthCheckIntervalMs: 30_000,
  },
  retention: {
    healthRetentionMs: HOUR_MS,
    healthMaxPerAgent: 20,
    eventsRetentionMs: HOUR_MS,
    eventsMax: 500,
    tombstoneMs: 24 * HOUR_MS,
    expiredAgentMs: 0,
  },
  retentionIntervalMs: 60_000,
  healthSampleMs: 60_000,
};
