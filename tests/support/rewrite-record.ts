import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { HttpRegistry } from "./http-registry.ts";

/** Puts a record into a running registry that REST alone cannot make: that of `id` with some fields changed. */
export async function rewriteRecord(registry: HttpRegistry, id: string, fields: Partial<AgentRecord>): Promise<void> {
  const { writer, state, clock } = registry.core;
  const result = await writer.change(fields.id ?? id, () => {
    const entry = state.get(id);
    if (entry === undefined) throw new Error(`${id} is not registered`);
    const change = {
      new: { ...entry.record, ...fields },
      cause: "update" as const,
      beatMs: fields.reportedStatus === null ? null : entry.beatMs,
      atMs: clock.nowMs(),
      reason: null,
      tombstone: false,
      health: null,
    };
    return { ok: true, value: { change, answer: () => null } };
  });
  if (!result.ok) throw new Error(result.error.message);
}
