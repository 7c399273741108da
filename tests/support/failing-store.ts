import { type RegistryStore, StoreUnavailableError } from "@mcp-mesh/registry/store/store";

/** What a full disk or a lost database refuses. */
const WRITES: ReadonlySet<PropertyKey> = new Set<keyof RegistryStore>([
  ...(["commit", "appendLeases", "saveHeartbeats", "recordHealth", "prune", "probe", "describe"] as const),
]);

export interface StoreSwitch {
  /** For `startHttpRegistry`. */
  readonly wrap: (store: RegistryStore) => RegistryStore;
  /** From now on every write fails for this reason; null: they succeed again. */
  fail(reason: string | null): void;
}

/** A store whose writes can be made to fail, and to succeed again. */
export function storeSwitch(): StoreSwitch {
  let reason: string | null = null;
  return {
    wrap: (store) =>
      new Proxy(store, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key, target);
          if (typeof value !== "function") return value;
          if (!WRITES.has(key)) return value.bind(target);
          return async (...given: unknown[]) => {
            if (reason !== null) throw new StoreUnavailableError(reason);
            return Reflect.apply(value, target, given);
          };
        },
      }),
    fail(why) {
      reason = why;
    },
  };
}
