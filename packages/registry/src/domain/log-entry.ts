import type { AgentId, AgentRecord, ResourceVersion } from "./agent.ts";

/** Why something changed; kept in the log and in the audit trail. */
export type Cause =
  | "register"
  | "adopt"
  | "heartbeat"
  | "capabilities"
  | "resolution"
  | "expiry"
  | "unregister"
  | "purge"
  | "update"
  | "drain";

/** One change, as everybody sees it: the same on the replica that made it and on those that follow. */
export interface LogEntry {
  readonly version: ResourceVersion;
  readonly agentId: AgentId;
  readonly old: AgentRecord | null;
  readonly new: AgentRecord | null;
  readonly cause: Cause;
  readonly beatMs: number | null;
  readonly tombstone: boolean;
}
