/** What the registry takes a heartbeat to be, whichever of the three routes it came by. */
export interface HeartbeatRequest {
  readonly agentId: string;
  /** What the agent says of itself; stored as it is. */
  readonly status: string;
  readonly metadata: { readonly [key: string]: unknown };
}

/** A status is shown in every list and counted by value; real ones have at most nine letters. */
export const MAX_STATUS_LENGTH = 63;
