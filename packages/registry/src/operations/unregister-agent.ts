import type { Result } from "@mcp-mesh/protocol";
import { fail, ok } from "@mcp-mesh/protocol";
import type { AgentId } from "../domain/agent.ts";
import type { RegistryCore } from "./core.ts";
import { conflicts, type ExpectedVersion, VERSION_CONFLICT } from "./expected-version.ts";

/**
 * Deletes an agent and leaves a tombstone, so that only an explicit registration brings it back (registry-api 4.16).
 *
 * @returns whether it existed
 */
export async function unregisterAgent(
  core: RegistryCore,
  id: AgentId,
  expected: ExpectedVersion,
): Promise<Result<boolean>> {
  const result = await core.writer.change<boolean>(id, (record) => {
    // Gone is what was asked for, whichever version it had: a client may repeat a deletion whose answer was lost.
    if (record === null) return ok({ change: null, answer: () => false });
    if (conflicts(record, expected)) return VERSION_CONFLICT;
    const change = {
      new: null,
      cause: "unregister" as const,
      beatMs: core.state.get(id)?.beatMs ?? null,
      atMs: core.clock.nowMs(),
      reason: "unregistered",
      tombstone: true,
      health: null,
    };
    return ok({ change, answer: () => true });
  });
  if (!result.ok && result.error.code === "store_unavailable") {
    return fail("store_unavailable", `Failed to unregister agent: ${result.error.message}`, {
      cause: result.error.cause,
    });
  }
  if (result.ok && result.value) {
    core.counters.unregistrations++;
    core.leases.forget(id);
  }
  return result;
}
