import type { AgentRecord } from "../domain/agent.ts";
import type { Patience } from "../domain/status.ts";

/** A place in the lease timer. It outlives what waited there, which must not be kept alive by it for hours. */
export interface Ticket {
  readonly bucket: number;
  /** null: gone, or waiting elsewhere. */
  entry: AgentEntry | null;
}

/** A registered agent as the state holds it: its immutable record, and its lease, which a beat moves in place. */
export interface AgentEntry {
  record: AgentRecord;
  /** Derived from the record; kept because it is asked for on every beat. */
  patience: Patience;
  /** Wall time of the last beat, epoch ms; shown as last_heartbeat. Null: it never beat. */
  beatMs: number | null;
  /** Monotonic time silence is counted from: the last beat, or the registration of an agent that never beat. */
  silentSinceMs: number;
  /** Monotonic time of its last sampled health row. */
  sampledAtMs: number;
  /** Its place in the lease timer; null = none. */
  ticket: Ticket | null;
  /** The record as JSON without its closing beat fields (`agent-json.ts`), once it was needed. */
  json: string | null;
}
