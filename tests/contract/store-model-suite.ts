import { describe, test } from "bun:test";
import fc from "fast-check";
import { CREATED_AT_MS } from "../support/agent-record.ts";
import { arbitraryAgent } from "../support/arbitrary-agent.ts";
import { loadAll, type StoreHarness } from "./store-harness.ts";
import { StoreModel } from "./store-model.ts";
import { type Command, checkStore, openStores, type Real } from "./store-model-check.ts";
import { AppendBeats, Check, Prune, Restart, SaveBeats, SetClock } from "./store-model-commands.ts";
import { Commit, type Intent } from "./store-model-commit.ts";

/**
 * Any sequence of commits (losers among them), beats, prunes, restarts and jumps of the clock, by any replica, agrees with
 * the naive model: versions strictly increase and never repeat, the log rebuilds the loaded state from any version, and
 * what is loaded is what the model holds.
 */
export function describeModel(harness: StoreHarness): void {
  describe("any history", () => {
    test("agrees with a naive model", async () => {
      const commands = fc.commands(commandArbitraries(harness), { maxCommands: 40, size: "max" });
      const ids = fc.uniqueArray(harness.text.filter(isId), { minLength: 3, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(ids, commands, async (agentIds, sequence) => {
          await using database = await harness.create();
          const stores = await openStores(database, harness);
          const { head } = await loadAll(stores[0]!);
          const real: Real = { database, ids: agentIds, stores, beatMs: CREATED_AT_MS };
          const model = new StoreModel(head);
          await fc.asyncModelRun(() => ({ model, real }), sequence);
          for (const store of real.stores) await checkStore(model, store, 0);
        }),
        { numRuns: harness.runs },
      );
    }, 1_200_000);
  });
}

const isId = (text: string): boolean => text.length > 0;

function commandArbitraries(harness: StoreHarness): fc.Arbitrary<Command>[] {
  const which = fc.nat(99);
  const record = arbitraryAgent(harness.text);
  const intent: fc.Arbitrary<Intent> = fc.record({
    who: which,
    does: fc.oneof(
      { weight: 4, arbitrary: fc.constant("put" as const) },
      {
        weight: 3,
        arbitrary: fc.constantFrom("resolve" as const, "adopt" as const, "delete" as const, "purge" as const),
      },
    ),
    record,
    basis: fc.oneof(
      { weight: 8, arbitrary: fc.constant("current" as const) },
      { weight: 3, arbitrary: fc.constantFrom("before the batch" as const, "absent" as const, "older" as const) },
    ),
    hasHealth: fc.boolean(),
  });
  const commit = fc
    .tuple(which, fc.array(intent, { minLength: 1, maxLength: 5 }))
    .map(([store, intents]) => new Commit(store, intents));
  const beat = fc.tuple(which, fc.array(which, { maxLength: 4 })).map(([store, who]) => new AppendBeats(store, who));
  const save = fc.tuple(which, which).map(([store, row]) => new SaveBeats(store, row));
  const prune = fc
    .record({ store: which, isLater: fc.boolean(), logMax: fc.nat(8), eventsMax: fc.nat(8), healthMax: fc.nat(3) })
    .map((choice) => new Prune(choice));
  const check = fc.tuple(which, which).map(([store, from]) => new Check(store, from));
  const jump = fc.integer({ min: -50, max: 50 }).map((hours) => new SetClock(hours));
  const restart = fc.constant(new Restart(harness));
  const weighted: [number, fc.Arbitrary<Command>][] = [
    [6, commit],
    [2, beat],
    [1, save],
    [1, prune],
    [2, check],
    [1, jump],
    [1, restart],
  ];
  // `fc.commands` draws evenly from its list.
  return weighted.flatMap(([weight, arbitrary]) => Array.from({ length: weight }, () => arbitrary));
}
