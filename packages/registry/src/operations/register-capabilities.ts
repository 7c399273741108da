import type { Result } from "@mcp-mesh/protocol";
import { fail, ok } from "@mcp-mesh/protocol";
import type { Committed } from "../commit/change-writer.ts";
import type { AgentId, ResourceVersion } from "../domain/agent.ts";
import { mergeCapabilities } from "../domain/capability-merge.ts";
import { agentNotFoundText } from "./agent-not-found.ts";
import type { RegistryCore } from "./core.ts";

/** `refused`: why nothing was stored; this route is never stricter than the stub it replaces (registry-api 4.6). */
export type CapabilitiesRegistered =
  | { readonly updated: number; readonly resourceVersion: ResourceVersion }
  | { readonly refused: string };

/** Merges capabilities by name and version into a registered agent. */
export async function registerCapabilities(
  core: RegistryCore,
  id: AgentId,
  capabilities: readonly unknown[],
): Promise<Result<CapabilitiesRegistered>> {
  const result = await core.writer.change<CapabilitiesRegistered>(id, (record, view) => {
    if (record === null) return ok({ change: null, answer: () => ({ refused: agentNotFoundText(id) }) });
    const atMs = core.clock.nowMs();
    const merge = mergeCapabilities(record, capabilities, atMs);
    if (!merge.ok) return ok({ change: null, answer: () => ({ refused: merge.problem }) });
    // One that was only decided in this batch gets its version with the answer.
    const answer = (committed: Committed) => ({
      updated: merge.updated,
      resourceVersion: (committed.record ?? record).resourceVersion,
    });
    if (merge.updated === 0) return ok({ change: null, answer });
    const change = {
      new: merge.record,
      cause: "capabilities" as const,
      beatMs: view.lastBeatMs(id),
      atMs,
      reason: `${merge.updated} capabilities registered`,
      tombstone: false,
      health: null,
    };
    return ok({ change, answer });
  });
  if (result.ok || result.error.code !== "store_unavailable") return result;
  return fail("store_unavailable", `Failed to register capabilities: ${result.error.message}`, {
    cause: result.error.cause,
  });
}
