import { ManualClock } from "@mcp-mesh/registry/clock";
import { MemoryDatabase, openMemoryStore } from "@mcp-mesh/registry/store/memory/memory-store";
import { effort } from "../support/effort.ts";
import { hostileText } from "../support/hostile-text.ts";
import type { StoreHarness } from "./store-harness.ts";
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
      let opened = 0;
      return Promise.resolve({
        clock,
        open: async () =>
          openMemoryStore(database, {
            replica: `replica-${++opened}`,
            clock,
            ...(delay === undefined ? {} : { delay }),
          }),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
  };
}

describeStore("embedded memory", memoryHarness(false));
describeStore("shared memory", memoryHarness(true));
describeStore("slow shared memory", memoryHarness(true, slowly()));

/** Lets operations that run at once overtake one another. */
function slowly(): () => Promise<void> {
  let turn = 0;
  return async () => {
    for (let wait = (turn++ * 7) % 5; wait > 0; wait--) await Promise.resolve();
  };
}
