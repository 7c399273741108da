import { expect } from "bun:test";
import type { AgentId, AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { LogEntry, ProposedChange } from "@mcp-mesh/registry/store/store";
import { healthRow } from "../support/proposed-change.ts";
import type { StoreModel } from "./store-model.ts";
import { type Command, pick, type Real } from "./store-model-check.ts";

/** What somebody wants of an agent, and how old the picture is that he decided on. */
export interface Intent {
  readonly who: number;
  readonly does: "put" | "resolve" | "adopt" | "delete" | "purge";
  readonly record: AgentRecord;
  readonly basis: "current" | "before the batch" | "absent" | "older";
  readonly hasHealth: boolean;
}

export class Commit implements Command {
  readonly #store: number;
  readonly #intents: readonly Intent[];

  constructor(store: number, intents: readonly Intent[]) {
    this.#store = store;
    this.#intents = intents;
  }

  check(): boolean {
    return true;
  }

  async run(model: StoreModel, real: Real): Promise<void> {
    const changes = this.#propose(model, real);
    const expected = model.winners(changes);
    const headBefore = model.head;

    const result = await pick(real.stores, this.#store).commit(changes);

    expect(result.results.map((one) => one !== null)).toEqual(expected);
    expect(result.previousHead).toBe(headBefore);
    const versions = result.results.filter((one) => one !== null).map(({ version }) => version);
    for (const [index, version] of versions.entries()) {
      expect(Number.isSafeInteger(version)).toBe(true);
      expect(version).toBeGreaterThan(versions[index - 1] ?? headBefore);
    }
    if (real.database.clock && versions[0] !== undefined && expected[0]) {
      expect(versions[0]).toBe(Math.max(real.database.clock.nowMs(), headBefore + 1));
    }
    model.apply(changes, result);
    const ids = model.capabilityIds();
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => id > 0)).toBe(true);
    for (const entry of model.history(headBefore)) checkIdentity(entry);
  }

  toString(): string {
    return `commit(${this.#intents.map(({ who, does, basis }) => `${does} ${who} on ${basis}`).join(", ")})`;
  }

  #propose(model: StoreModel, real: Real): ProposedChange[] {
    const decided = new Map<AgentId, Picture>();
    return this.#intents.map((intent, index) => {
      const agentId = pick(real.ids, intent.who);
      const stored = model.records.get(agentId) ?? null;
      const before: Picture = { old: stored, basedOn: stored?.logVersion ?? null };
      const { old, basedOn } = {
        current: decided.get(agentId) ?? before,
        "before the batch": before,
        absent: { old: null, basedOn: null },
        older: outdated(stored ?? intent.record),
      }[intent.basis];
      const action = possibleAction(intent.does, old);
      const next = nextRecord(action, agentId, old, intent.record);
      const undecided = next && { ...next, resourceVersion: Number.NaN, logVersion: Number.NaN };
      decided.set(agentId, { old: undecided, basedOn: next === null ? null : { change: index } });
      real.beatMs += 1_000;
      return {
        agentId,
        old,
        new: next,
        cause: CAUSES[action],
        basedOn,
        beatMs: real.beatMs,
        atMs: real.database.clock?.nowMs() ?? real.beatMs,
        reason: `because of ${agentId}`,
        tombstone: action === "delete",
        health: intent.hasHealth && next !== null ? healthRow(agentId, { atMs: real.beatMs }) : null,
      };
    });
  }
}

/** What stays registered keeps its id. */
function checkIdentity({ old, new: record }: LogEntry): void {
  for (const { name, version, id } of old?.capabilities ?? []) {
    const kept = record?.capabilities.find((one) => one.name === name && one.version === version);
    if (kept) expect(kept.id).toBe(id);
  }
}

/** What a decision was made on. */
type Picture = Pick<ProposedChange, "old" | "basedOn">;

function outdated(record: AgentRecord): Picture {
  const logVersion = record.logVersion - 1;
  return { old: { ...record, logVersion }, basedOn: logVersion };
}

/** Only what is there can be deleted or choose its providers anew, and only what is not there is adopted. */
function possibleAction(does: Intent["does"], old: AgentRecord | null): Intent["does"] {
  if (does === "adopt") return old === null ? "adopt" : "put";
  return old === null ? "put" : does;
}

function nextRecord(
  action: Intent["does"],
  id: AgentId,
  old: AgentRecord | null,
  wished: AgentRecord,
): AgentRecord | null {
  if (action === "delete" || action === "purge") return null;
  if (action === "resolve" && old !== null) return { ...old, providers: wished.providers };
  const capabilities = wished.capabilities.map((capability) => {
    const held = old?.capabilities.find((one) => one.name === capability.name && one.version === capability.version);
    // As the domain does: what stays registered keeps its id.
    return { ...capability, id: held?.id ?? 0 };
  });
  return { ...wished, id, capabilities };
}

const CAUSES = {
  put: "register",
  resolve: "resolution",
  adopt: "adopt",
  delete: "unregister",
  purge: "purge",
} as const;
