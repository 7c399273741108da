import { ManualClock } from "@mcp-mesh/registry/clock";
import { MemoryDatabase, openMemoryStore } from "@mcp-mesh/registry/store/memory/memory-store";
import { effort } from "../support/effort.ts";
import { hostileText } from "../support/hostile-text.ts";
import { loaded, type StoreHarness } from "./store-harness.ts";
import { describeStore } from "./store-suite.ts";

function memoryHarness(isShared: boolean, delay?: () => Promise<void>): StoreHarness {
  return {
    isShared,
    isDurable: true,
    text: hostileText,
    runs: effort({ short: 100, long: 5_000 }),
    create: () => {
      const clock = new ManualClock();
      const database = new MemoryDatabase(isShared ? { shared: { clock } } : {});
      const names = new Set<string>();
      return Promise.resolve({
        clock,
        open: async () => {
          const replica = firstFree("replica", names);
          const store = openMemoryStore(database, { replica, clock, ...(delay === undefined ? {} : { delay }) });
          names.add(replica);
          const close = store.close.bind(store);
          store.close = async () => {
            await close();
            names.delete(replica);
          };
          return await loaded(store);
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
  };
}

describeStore("embedded memory", memoryHarness(false));
describeStore("shared memory", memoryHarness(true));
describeStore("slow shared memory", memoryHarness(true, slowly()));

/** `open` counts on it that a replica which comes back has its old name. */
function firstFree(prefix: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) if (!taken.has(`${prefix}-${number}`)) return `${prefix}-${number}`;
}

/** Lets operations that run at once overtake one another. */
function slowly(): () => Promise<void> {
  let turn = 0;
  return async () => {
    for (let wait = (turn++ * 7) % 5; wait > 0; wait--) await Promise.resolve();
  };
}
