import type { HeartbeatRequest, Result } from "@mcp-mesh/protocol";
import { fail, ok, printableText, REGISTRATION_LIMITS } from "@mcp-mesh/protocol";
import { adoptionRequest } from "../domain/adoption.ts";
import { buildRegistration, validateRegistration } from "../domain/registration.ts";
import { resolveDependencies } from "../domain/resolution.ts";
import { StoreUnavailableError } from "../store/store.ts";
import { agentNotFound } from "./agent-not-found.ts";
import type { RegistryCore } from "./core.ts";
import { type Beaten, resolvedDependencies } from "./resolved-dependencies.ts";

/**
 * A beat from an agent nobody knows. Existing agents never register twice, so a registry that lost one takes it back from
 * what its beat says (spec README, decision 5); an agent that was deleted stays away until it registers. Inserts only where
 * nothing is.
 *
 * @returns null when somebody registered it meanwhile: then this is an ordinary beat
 */
export async function adoptAgent(core: RegistryCore, beat: HeartbeatRequest): Promise<Result<Beaten | null>> {
  const unknown = agentNotFound(beat.agentId);
  if (core.store.isShared) {
    // It may have registered with another replica a moment ago.
    const known = await isKnownElsewhere(core, beat);
    if (!known.ok) return known;
    if (known.value) return ok(null);
  }
  if (!core.settings.adoptsHeartbeats) return unknown;
  const nowMs = core.clock.nowMs();
  const request = adoptionRequest(beat, new Date(nowMs).toISOString());
  if (request === null || core.state.tombstones.has(beat.agentId)) return unknown;
  const problem = validateRegistration(request.agentId, request.metadata, core.settings.securityEnforcement);
  if (problem !== null) {
    const id = printableText(beat.agentId, REGISTRATION_LIMITS.agentIdLength);
    core.log("warn", `Heartbeat of unknown agent ${id} not adopted: ${problem}`);
    return unknown;
  }
  const result = await core.writer.change<Beaten | null>(request.agentId, (existing, view) => {
    if (existing !== null) return ok({ change: null, answer: () => null });
    // A tombstone counts until retention removes it, here as in the store: what only one of them had forgotten would be
    // decided and refused again and again.
    if (view.buriedAtMs(request.agentId) !== undefined) return unknown;
    const { record: built } = buildRegistration(request, null, core.settings, nowMs);
    const { resolved, providers } = resolveDependencies(view, built.id, built.dependencies, {});
    const change = {
      new: { ...built, providers },
      cause: "adopt" as const,
      beatMs: nowMs,
      atMs: nowMs,
      reason: "adopted from a heartbeat",
      tombstone: false,
      health: null,
    };
    const dependencies = resolved.size === 0 ? null : resolvedDependencies(resolved);
    return ok({ change, answer: ({ version }) => ({ agentId: built.id, resourceVersion: version, dependencies }) });
  });
  if (!result.ok) {
    if (result.error.code !== "store_unavailable") return result;
    return fail("store_unavailable", `Failed to process heartbeat: ${result.error.message}`, {
      cause: result.error.cause,
    });
  }
  if (result.value === null) return result;
  core.counters.adoptions++;
  core.counters.heartbeats++;
  core.log("info", `Agent ${request.agentId} adopted from its heartbeat`);
  return result;
}

async function isKnownElsewhere(core: RegistryCore, beat: HeartbeatRequest): Promise<Result<boolean>> {
  try {
    await core.follower.catchUp();
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    // Never as if it were unknown: a whole fleet would register anew.
    return unavailable(error.message, error);
  }
  const { agent_name: name } = beat.metadata;
  return ok(
    core.state.get(beat.agentId) !== undefined || (typeof name === "string" && core.state.get(name) !== undefined),
  );
}

const unavailable = (why: string, cause: unknown): Result<never> =>
  fail("store_unavailable", `Failed to process heartbeat: ${why}`, { cause });
