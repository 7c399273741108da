import type { Database } from "bun:sqlite";
import { isJsonObject, type UnknownObject } from "@mcp-mesh/protocol";
import { storableTextOrNull, storableTexts } from "../../../domain/json-value.ts";
import { readJsonColumn } from "./json-column.ts";

/**
 * What no table of the Python registry holds, but its events do: each carries the whole agent as it was registered
 * (database, section 2).
 */
export interface AgentSnapshot {
  readonly agentType: string | null;
  /** Seconds. */
  readonly timeoutThreshold: number | null;
  readonly evictionThreshold: number | null;
  readonly capabilities: ReadonlyMap<string, CapabilitySnapshot>;
}

export interface CapabilitySnapshot {
  readonly category: string | null;
  readonly stability: string | null;
  readonly tags: readonly string[];
  readonly compatibilityVersions: readonly string[];
}

/** Events that carry something else, or nothing readable, are passed over; beyond so many we stop looking. */
const MAX_EVENTS_TRIED = 20;

/** The newest snapshot of an agent that can be read. */
export function newestSnapshot(db: Database, agentId: string): AgentSnapshot | null {
  const previousEvent = db.query<{ id: number; data: unknown }, [string, number]>(
    "SELECT id, data FROM registry_events WHERE agent_id = ? AND id < ? AND data IS NOT NULL ORDER BY id DESC LIMIT 1",
  );
  let event = previousEvent.get(agentId, Number.MAX_SAFE_INTEGER);
  for (let tried = 0; event !== null && tried < MAX_EVENTS_TRIED; tried++) {
    const snapshot = readSnapshot(event.data);
    if (snapshot !== null) return snapshot;
    event = previousEvent.get(agentId, event.id);
  }
  return null;
}

/** @param data registry_events.data; null is returned for anything that is not a whole agent. */
export function readSnapshot(data: unknown): AgentSnapshot | null {
  const column = readJsonColumn(data);
  if (column.kind !== "value" || !isJsonObject(column.value)) return null;
  const agent: UnknownObject = column.value;
  const isAgent = Array.isArray(agent["capabilities"]) || typeof agent["agent_type"] === "string";
  if (!isAgent) return null;
  return {
    agentType: storableTextOrNull(agent["agent_type"]),
    timeoutThreshold: seconds(agent["timeout_threshold"]),
    evictionThreshold: seconds(agent["eviction_threshold"]),
    capabilities: readCapabilities(agent["capabilities"]),
  };
}

function readCapabilities(value: unknown): ReadonlyMap<string, CapabilitySnapshot> {
  const items = Array.isArray(value) ? value.filter(isJsonObject) : [];
  return new Map(
    items.flatMap((item) => (typeof item["name"] === "string" ? [[item["name"], readCapability(item)] as const] : [])),
  );
}

const readCapability = (item: UnknownObject): CapabilitySnapshot => ({
  category: storableTextOrNull(item["category"]),
  stability: storableTextOrNull(item["stability"]),
  tags: storableTexts(item["tags"]),
  compatibilityVersions: storableTexts(item["compatibility_versions"]),
});

const seconds = (value: unknown): number | null =>
  typeof value === "number" && value >= 1 && Number.isFinite(value) ? Math.trunc(value) : null;
