import type { RegistrationRequest, Result } from "@mcp-mesh/protocol";
import { fail, ok } from "@mcp-mesh/protocol";
import type { AgentId, AgentRecord, ResourceVersion } from "../domain/agent.ts";
import { healthRow } from "../domain/health-row.ts";
import { buildRegistration, validateRegistration } from "../domain/registration.ts";
import { resolveDependencies } from "../domain/resolution.ts";
import type { RegistryCore } from "./core.ts";
import { conflicts, type ExpectedVersion, VERSION_CONFLICT } from "./expected-version.ts";
import { type ResolvedDependencies, resolvedDependencies } from "./resolved-dependencies.ts";

export interface Registered {
  readonly agentId: AgentId;
  readonly resourceVersion: ResourceVersion;
  readonly isNew: boolean;
  /** Null for an agent that declares no dependencies: the key is then left out of the answer (registry-api 4.5). */
  readonly dependencies: ResolvedDependencies | null;
  readonly warnings: readonly string[];
}

/**
 * Registers an agent, or replaces what it registered before (registry-api 4.5). Answered once durable.
 *
 * @param expected the version the caller saw last; anything else than the current one is a conflict
 */
export async function registerAgent(
  core: RegistryCore,
  request: RegistrationRequest,
  expected: ExpectedVersion,
): Promise<Result<Registered>> {
  const problem = validateRegistration(request.agentId, request.metadata, core.settings.securityEnforcement);
  if (problem !== null) {
    return fail("invalid_request", `Failed to register agent: validation failed: ${problem}`);
  }
  const result = await write(core, request, expected);
  if (!result.ok) {
    if (result.error.code !== "store_unavailable") return result;
    return fail("store_unavailable", `Failed to register agent: ${result.error.message}`, {
      cause: result.error.cause,
    });
  }
  if (result.value.isNew) core.counters.registrations++;
  else core.counters.updates++;
  return result;
}

function write(
  core: RegistryCore,
  request: RegistrationRequest,
  expected: ExpectedVersion,
): Promise<Result<Registered>> {
  const heardAtMs = core.clock.monotonicMs();
  return core.writer.change<Registered>(request.agentId, (existing, directory) => {
    if (conflicts(existing, expected)) return VERSION_CONFLICT;
    const atMs = core.clock.nowMs();
    const { record: built, warnings } = buildRegistration(request, existing, core.settings, atMs);
    const previous = existing?.providers ?? {};
    const { resolved, providers } = resolveDependencies(directory, built.id, built.dependencies, previous);
    const record: AgentRecord = { ...built, providers };
    return ok({
      change: {
        new: record,
        cause: "register",
        beatMs: atMs,
        atMs,
        reason: existing === null ? "registered" : "registered again",
        tombstone: false,
        // Registering again revives: that is a change of status like any other (database, section 7).
        health: existing && existing.status !== record.status ? healthRow(record.id, record.status, atMs, {}) : null,
      },
      answer: ({ version }) => {
        const entry = core.state.get(record.id);
        // A registration is a sign of life like a beat (Go): its time counts from when it arrived.
        if (entry) core.state.renewLease(entry, atMs, heardAtMs);
        const dependencies = resolved.size === 0 ? null : resolvedDependencies(resolved);
        return { agentId: record.id, resourceVersion: version, isNew: existing === null, dependencies, warnings };
      },
    });
  });
}
