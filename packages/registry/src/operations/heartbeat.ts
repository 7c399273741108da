import type { HeartbeatRequest, Result } from "@mcp-mesh/protocol";
import { fail, ok } from "@mcp-mesh/protocol";
import type { AgentId, AgentRecord, JsonObject } from "../domain/agent.ts";
import { endpointProblem, transportAt } from "../domain/endpoint.ts";
import { healthRow } from "../domain/health-row.ts";
import type { Resolution } from "../domain/resolution.ts";
import { resolveDependencies } from "../domain/resolution.ts";
import { statusAfterBeat } from "../domain/status.ts";
import type { AgentEntry } from "../state/agent-entry.ts";
import { adoptAgent } from "./adopt-agent.ts";
import { agentNotFound } from "./agent-not-found.ts";
import type { RegistryCore } from "./core.ts";
import { type Beaten, resolvedDependencies } from "./resolved-dependencies.ts";

/**
 * A sign of life (registry-api 4.7). On the lease path, when the record is already what this beat gives, it is answered
 * from memory and at once, which is why this does not always return a promise; anything else is a record change.
 */
export function heartbeat(core: RegistryCore, beat: HeartbeatRequest): Result<Beaten> | Promise<Result<Beaten>> {
  if (core.leases.isCutOff) {
    return fail("store_unavailable", "Failed to process heartbeat: this replica cannot reach the database");
  }
  const entry = core.state.get(beat.agentId) ?? registeredAs(core, beat);
  return entry ? beatOf(core, entry, beat) : adopted(core, beat);
}

async function adopted(core: RegistryCore, beat: HeartbeatRequest): Promise<Result<Beaten>> {
  const result = await adoptAgent(core, beat);
  if (!result.ok || result.value !== null) return result as Result<Beaten>;
  const entry = core.state.get(beat.agentId) ?? registeredAs(core, beat);
  return entry ? beatOf(core, entry, beat) : agentNotFound(beat.agentId);
}

function beatOf(
  core: RegistryCore,
  entry: AgentEntry,
  beat: HeartbeatRequest,
): Result<Beaten> | Promise<Result<Beaten>> {
  const { record } = entry;
  const heardAtMs = core.clock.monotonicMs();
  const beatMs = core.clock.nowMs();
  const wasLeaseRunning = core.state.isLeaseRunning(entry, heardAtMs);
  reportRefusedEndpoint(core, record, beat);
  const resolution = resolve(core, record);
  // Renewed whatever becomes of a record change: a store that is away must not cost a living agent its lease.
  core.state.renewLease(entry, beatMs, heardAtMs);
  core.leases.beat(record.id, heardAtMs);
  core.counters.heartbeats++;
  if (wasLeaseRunning && isAsRecorded(record, beat, resolution)) {
    core.sampler.offer(entry, beat.metadata as JsonObject, heardAtMs);
    return ok(beaten(record, resolution));
  }
  return recordBeat(core, record.id, beat, beatMs);
}

/** Existing agents beat under the function's name even when they registered under another (agents 1.4). */
function registeredAs(core: RegistryCore, beat: HeartbeatRequest): AgentEntry | undefined {
  const { agent_name: name } = beat.metadata;
  return typeof name === "string" ? core.state.get(name) : undefined;
}

const NO_DEPENDENCIES: Resolution = { resolved: new Map(), providers: {} };

function resolve(core: RegistryCore, record: AgentRecord): Resolution {
  if (record.dependencies.length === 0) return { ...NO_DEPENDENCIES, providers: record.providers };
  return resolveDependencies(core.directory, record.id, record.dependencies, record.providers);
}

function isAsRecorded(record: AgentRecord, beat: HeartbeatRequest, resolution: Resolution): boolean {
  return (
    record.reportedStatus === beat.status &&
    record.status === statusAfterBeat(record, beat.status) &&
    record.endpoint === endpointAfterBeat(record, beat) &&
    record.providers === resolution.providers
  );
}

/** `metadata.endpoint` replaces the stored one; what is no endpoint is ignored (registry-api 4.7). */
function endpointAfterBeat(record: AgentRecord, beat: HeartbeatRequest): string {
  const endpoint = newEndpoint(record, beat);
  return endpoint !== null && endpointProblem(endpoint) === null ? endpoint : record.endpoint;
}

/** The endpoint a beat brings, good or bad; null when it brings none, or the one we have. */
function newEndpoint(record: AgentRecord, beat: HeartbeatRequest): string | null {
  const { endpoint } = beat.metadata;
  return typeof endpoint === "string" && endpoint !== "" && endpoint !== record.endpoint ? endpoint : null;
}

/** The agent is not told, so its operator has to be. */
function reportRefusedEndpoint(core: RegistryCore, record: AgentRecord, beat: HeartbeatRequest): void {
  const endpoint = newEndpoint(record, beat);
  const problem = endpoint === null ? null : endpointProblem(endpoint);
  if (problem !== null) core.log("warn", `Heartbeat of agent ${record.id}: endpoint ignored: ${problem}`);
}

function beaten(record: AgentRecord, { resolved }: Resolution): Beaten {
  const dependencies = resolved.size === 0 ? null : resolvedDependencies(resolved);
  return { agentId: record.id, resourceVersion: record.resourceVersion, dependencies };
}

async function recordBeat(
  core: RegistryCore,
  id: AgentId,
  beat: HeartbeatRequest,
  beatMs: number,
): Promise<Result<Beaten>> {
  const result = await core.writer.change<Beaten>(id, (record, directory) => {
    if (record === null) return agentNotFound(id);
    const resolution = resolveDependencies(directory, id, record.dependencies, record.providers);
    const answer = (current: AgentRecord | null) => beaten(current ?? record, resolution);
    if (isAsRecorded(record, beat, resolution)) {
      return ok({ change: null, answer: (committed) => answer(committed.record) });
    }
    const status = statusAfterBeat(record, beat.status);
    const endpoint = endpointAfterBeat(record, beat);
    // One decided earlier in this batch has no version to keep yet: its second change is made as one that shows.
    const hasVersion = !Number.isNaN(record.resourceVersion);
    const isOnlyChoice =
      hasVersion && status === record.status && endpoint === record.endpoint && record.reportedStatus === beat.status;
    const changed = {
      ...record,
      status,
      endpoint,
      transport: endpoint === record.endpoint ? record.transport : transportAt(endpoint, record.transport),
      reportedStatus: beat.status,
      providers: resolution.providers,
    };
    return ok({
      change: {
        // A changed choice of provider is nothing a client can see of this agent.
        new: isOnlyChoice ? changed : { ...changed, updatedAtMs: core.clock.nowMs() },
        cause: isOnlyChoice ? "resolution" : "heartbeat",
        beatMs,
        atMs: core.clock.nowMs(),
        reason: describe(record, changed),
        tombstone: false,
        health: status === record.status ? null : healthRow(id, status, beatMs, beat.metadata as JsonObject),
      },
      answer: (committed) => answer(committed.record),
    });
  });
  if (result.ok || result.error.code !== "store_unavailable") return result;
  return fail("store_unavailable", `Failed to process heartbeat: ${result.error.message}`, {
    cause: result.error.cause,
  });
}

function describe(old: AgentRecord, changed: AgentRecord): string {
  if (old.status !== changed.status) return `heartbeat reports ${changed.reportedStatus}; was ${old.status}`;
  if (old.endpoint !== changed.endpoint) return `heartbeat moves the endpoint from ${old.endpoint}`;
  if (old.reportedStatus !== changed.reportedStatus) return `heartbeat reports ${changed.reportedStatus}`;
  return "another provider for a dependency";
}
