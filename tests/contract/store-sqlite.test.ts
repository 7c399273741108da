import { join } from "node:path";
import { ManualClock, systemTimers } from "@mcp-mesh/registry/clock";
import { DEFAULT_SQLITE_SETTINGS } from "@mcp-mesh/registry/store/sqlite/settings";
import { openSqliteStore, type SqliteStoreOptions } from "@mcp-mesh/registry/store/sqlite/sqlite-store";
import type { RegistryStore } from "@mcp-mesh/registry/store/store";
import { effort } from "../support/effort.ts";
import { storableHostileText } from "../support/hostile-text.ts";
import { scratchFolder } from "../support/scratch-folder.ts";
import { loaded, type StoreHarness } from "./store-harness.ts";
import { describeStore } from "./store-suite.ts";

type Mode = "file" | "memory";

function sqliteHarness(
  mode: Mode,
  worker: NonNullable<SqliteStoreOptions["worker"]>,
  settings: Partial<SqliteStoreOptions["settings"]> = {},
): StoreHarness {
  return {
    isShared: false,
    isDurable: mode === "file",
    text: storableHostileText,
    runs: effort({ short: worker === "always" ? 8 : 25, long: 1_000 }),
    create: async () => {
      const folder = mode === "file" ? scratchFolder() : null;
      const clock = new ManualClock();
      const opened = new Set<RegistryStore>();
      return {
        clock,
        open: async () => {
          const store = await openSqliteStore({
            path: folder === null ? ":memory:" : join(folder.path, "registry.db"),
            // A second store is refused at once instead of after half a minute.
            settings: { ...DEFAULT_SQLITE_SETTINGS, connectTimeoutMs: 0, ...settings },
            clock,
            timers: systemTimers,
            log: (level, text) => {
              if (level !== "info") throw new Error(`${level}: ${text}`);
            },
            queryTimeoutMs: 30_000,
            recordsEvents: true,
            worker,
          });
          opened.add(store);
          const close = store.close.bind(store);
          store.close = () => {
            opened.delete(store);
            return close();
          };
          return await loaded(store);
        },
        [Symbol.asyncDispose]: async () => {
          for (const store of opened) await store.close();
          folder?.[Symbol.dispose]();
        },
      };
    },
  };
}

describeStore("sqlite file", sqliteHarness("file", "never"));
describeStore("sqlite file written by a Worker", sqliteHarness("file", "always"));
describeStore("sqlite without foreign keys", sqliteHarness("memory", "never", { foreignKeys: false }));
describeStore("sqlite in memory", sqliteHarness("memory", "auto"));
