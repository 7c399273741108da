import { expect } from "bun:test";
import type { AgentId, AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { CommittedChange, ProposedChange } from "@mcp-mesh/registry/store/store";
import { creation, healthRow } from "../support/proposed-change.ts";
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

const isDeletion = (does: Intent["does"]): boolean => does === "delete" || does === "purge";

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
    const idsBefore = model.capabilityIds();

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
    for (const [index, change] of changes.entries()) this.#checkIds(change, result.results[index], idsBefore);
  }

  toString(): string {
    return `commit(${this.#intents.map(({ who, does, basis }) => `${does} ${who} on ${basis}`).join(", ")})`;
  }

  /** Ids given in the proposal stay; those that were not are new, or an earlier change of the batch has given them. */
  #checkIds(change: ProposedChange, result: CommittedChange | null | undefined, idsBefore: readonly number[]): void {
    if (!result) return;
    const capabilities = change.new?.capabilities ?? [];
    expect(result.capabilityIds).toHaveLength(capabilities.length);
    for (const [index, { id }] of capabilities.entries()) {
      if (id !== 0) expect(result.capabilityIds[index]).toBe(id);
      else if (change.basedOn === null) expect(idsBefore).not.toContain(result.capabilityIds[index]!);
    }
  }

  #propose(model: StoreModel, real: Real): ProposedChange[] {
    const decided = new Map<AgentId, { readonly index: number; readonly isThere: boolean }>();
    return this.#intents.map(({ who, does, record, basis, hasHealth }, index) => {
      const agentId = pick(real.ids, who);
      const stored = model.records.get(agentId) ?? null;
      const earlier = decided.get(agentId);
      const ownBasis = earlier ? (earlier.isThere ? { change: earlier.index } : null) : (stored?.logVersion ?? null);
      const basedOn = {
        current: ownBasis,
        "before the batch": stored?.logVersion ?? null,
        absent: null,
        older: (stored?.logVersion ?? 5) - 1,
      }[basis];
      const isThere = earlier ? earlier.isThere : stored !== null;
      // A deletion of what is not there is no change, whatever it stands on.
      const action = isDeletion(does) && (!isThere || basedOn === null) ? "put" : does;
      decided.set(agentId, { index, isThere: !isDeletion(action) });
      real.beatMs += 1_000;
      return creation(
        { ...record, id: agentId, capabilities: earlier ? record.capabilities : withKnownIds(record, stored, basedOn) },
        {
          old: stored,
          ...(isDeletion(action) ? { new: null } : {}),
          cause: CAUSES[action],
          basedOn,
          beatMs: real.beatMs,
          atMs: real.database.clock?.nowMs() ?? real.beatMs,
          reason: `because of ${agentId}`,
          tombstone: action === "delete",
          health: hasHealth && !isDeletion(action) ? healthRow(agentId, { atMs: real.beatMs }) : null,
        },
      );
    });
  }
}

const CAUSES = {
  put: "register",
  resolve: "resolution",
  adopt: "adopt",
  delete: "unregister",
  purge: "purge",
} as const;

/** As the domain does: what stays registered keeps its id. */
function withKnownIds(
  { capabilities }: AgentRecord,
  stored: AgentRecord | null,
  basedOn: ProposedChange["basedOn"],
): AgentRecord["capabilities"] {
  if (stored === null || basedOn !== stored.logVersion) return capabilities;
  return capabilities.map((capability) => {
    const held = stored.capabilities.find(
      ({ name, version }) => name === capability.name && version === capability.version,
    );
    return { ...capability, id: held?.id ?? 0 };
  });
}
