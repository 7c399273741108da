import { z } from "zod";
import { MAX_STATUS_LENGTH } from "../heartbeat.ts";

const status = z
  .string()
  .max(MAX_STATUS_LENGTH)
  .nullish()
  .describe(
    "What the agent says of itself: `healthy` (also when absent, null or empty), `degraded`, `unhealthy`, `unknown`, " +
      "`offline`; any other text is stored as it is. It stays until the next heartbeat or a timeout.",
  );

const metadata = z
  .record(z.string(), z.unknown())
  .nullish()
  .describe(
    "Measurements and facts about the agent. `endpoint`, when a non-empty string, replaces the registered endpoint. " +
      "`agent_name` with a non-empty `capabilities` list lets an unknown agent be adopted. The rest is kept as its latest " +
      "metrics.",
  );

/** Body of `POST /heartbeat` (registry-api 4.7). */
export const heartbeatBodySchema = z
  .object({
    agent_id: z.string().min(1).describe("Id under which the agent registered, verbatim."),
    status,
    metadata,
  })
  .describe("A sign of life. Unknown fields are ignored.");

/** Body of `POST /agents/heartbeat`, the path of the oldest agents (registry-api 4.16). */
export const agentHeartbeatBodySchema = z
  .object({
    agent_name: z.string().min(1).describe("Id under which the agent registered, verbatim."),
    status,
    capabilities: z.unknown().optional().describe("Names of the agent's capabilities; used for adoption."),
    timestamp: z.unknown().optional().describe("When the agent sent this; not interpreted."),
    checks: z.unknown().optional().describe("Results of the agent's own checks."),
    errors: z.unknown().optional().describe("Errors since the last heartbeat."),
    uptime_seconds: z.unknown().optional().describe("How long the agent has been running."),
    version: z.unknown().optional().describe("The agent's version; used for adoption."),
    metadata,
  })
  .describe("A sign of life as the oldest agents send it. Unknown fields are ignored.");

/** Body of `POST /agents/{id}/health` (registry-api 4.16). The id in the path is the one that counts. */
export const healthReportBodySchema = z
  .object({
    agent_id: z.string().nullish().describe("Ignored: the id in the path counts."),
    status,
    health_data: metadata,
    timestamp: z.unknown().optional().describe("When the agent sent this; not interpreted."),
  })
  .describe("A health report: a heartbeat whose metadata is `health_data`.");
