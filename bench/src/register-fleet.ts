import type { Dialect, FleetShape } from "./fleet.ts";
import type { LoadGenerator } from "./load/load-generator.ts";
import type { StreamResult } from "./load/messages.ts";
import type { ServerProcess } from "./servers/server-process.ts";

/** Agents that never time out while they are only looked at: nothing changes unless the load changes it. */
export const STILL_SHAPE: FleetShape = { leaseSeconds: 7200, hasDependencies: false };

export interface FleetRegistration {
  readonly dialect: Dialect;
  readonly agents: number;
  readonly shape: FleetShape;
  readonly connections: number;
}

/** Registers agents 0..n-1. @throws Error when one registration fails: every figure after it would be of another fleet. */
export async function registerFleet(
  load: LoadGenerator,
  server: ServerProcess,
  { dialect, agents, shape, connections }: FleetRegistration,
): Promise<StreamResult> {
  const { streams } = await load.run(server, {
    warmMs: 0,
    measureMs: null,
    streams: [
      {
        name: "registrations",
        pace: { kind: "closed", connections },
        workload: { kind: "registrations", dialect, from: 0, count: agents, shape },
      },
    ],
  });
  const [result] = streams;
  if (result === undefined || result.failures > 0 || result.requests !== agents) {
    const why = result?.firstFailure ?? "no reason given";
    throw new Error(`${server.name} took ${result?.requests ?? 0} of ${agents} registrations: ${why}`);
  }
  return result;
}
