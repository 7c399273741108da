import type { Clock } from "../clock.ts";
import type { ChangeWriter } from "../commit/change-writer.ts";
import type { HealthSampler } from "../commit/health-sampler.ts";
import type { LeaseFlusher } from "../commit/lease-flusher.ts";
import type { LogFollower } from "../commit/log-follower.ts";
import type { StoreHealth } from "../commit/store-health.ts";
import type { RegistrationSettings } from "../domain/registration.ts";
import type { ProviderDirectory } from "../domain/resolution.ts";
import type { RegistryCounters } from "../metrics/counters.ts";
import type { RegistryState } from "../state/registry-state.ts";
import type { RegistryStore } from "../store/store.ts";
import type { WalkCache } from "./walk-cache.ts";

/** What an operation works with; put together by `registry.ts`. */
export interface RegistryCore {
  readonly state: RegistryState;
  readonly store: RegistryStore;
  /** Memory as resolution reads it. */
  readonly directory: ProviderDirectory;
  readonly writer: ChangeWriter;
  readonly follower: LogFollower;
  readonly leases: LeaseFlusher;
  readonly sampler: HealthSampler;
  readonly health: StoreHealth;
  readonly clock: Clock;
  readonly counters: RegistryCounters;
  readonly walks: WalkCache;
  readonly settings: RegistrySettings;
  /** Monotonic time of the start: an uptime must not jump with the wall clock. */
  readonly startedAtMs: number;
  readonly log: (level: "debug" | "info" | "warn" | "error", text: string) => void;
}

/** The part of the configuration that the rules read. */
export interface RegistrySettings extends RegistrationSettings {
  readonly adoptsHeartbeats: boolean;
  readonly healthCheckIntervalMs: number;
}
