import type { AgentRecord } from "./agent.ts";
import type { Patience } from "./status.ts";

/** The configured defaults, in seconds: `DEFAULT_TIMEOUT_THRESHOLD` (60) and `DEFAULT_EVICTION_THRESHOLD` (120). */
export interface ThresholdSettings {
  readonly defaultTimeoutThreshold: number;
  readonly defaultEvictionThreshold: number;
}

/** Seconds, as agents send and read them. */
export type Thresholds = Pick<
  AgentRecord,
  "timeoutThreshold" | "evictionThreshold" | "explicitTimeout" | "explicitEviction"
>;

/** Normalised agent types that have thresholds of their own (registry-api 5.5). */
const THRESHOLDS_BY_TYPE: ReadonlyMap<string, { readonly timeout: number; readonly eviction: number }> = new Map([
  ["file-agent", { timeout: 90, eviction: 180 }],
  ["worker", { timeout: 45, eviction: 90 }],
  ["critical", { timeout: 30, eviction: 60 }],
]);

/** Last resort for records of foreign databases that hold no usable thresholds. */
const FALLBACK: ThresholdSettings = {
  defaultTimeoutThreshold: 60,
  defaultEvictionThreshold: 120,
};

/**
 * The thresholds an agent gets: what it asked for, else what its type has, else the configured default (registry-api 5.5).
 *
 * @param agentType normalised
 * @param asked valid seconds, fractions allowed; null where the agent asked for nothing
 */
export function chooseThresholds(
  agentType: string,
  asked: { readonly timeout: number | null; readonly eviction: number | null },
  settings: ThresholdSettings,
): Thresholds {
  const ofType = THRESHOLDS_BY_TYPE.get(agentType);
  return {
    timeoutThreshold: Math.trunc(asked.timeout ?? ofType?.timeout ?? settings.defaultTimeoutThreshold),
    evictionThreshold: Math.trunc(asked.eviction ?? ofType?.eviction ?? settings.defaultEvictionThreshold),
    explicitTimeout: asked.timeout !== null,
    explicitEviction: asked.eviction !== null,
  };
}

/**
 * How long the agent may really be silent. An agent that beats as seldom as its timeout would flap between healthy and
 * degraded on every beat, so a timeout it did not choose itself is at least two of its intervals, and the eviction then at
 * least two of those (registry-api 5.5). The stored and returned numbers stay as they are.
 */
export function patienceOf(agent: Thresholds & Pick<AgentRecord, "agentType" | "healthInterval">): Patience {
  const { timeoutThreshold, evictionThreshold } = usableThresholds(agent);
  const leastTimeout = 2 * agent.healthInterval;
  const isWidened = !agent.explicitTimeout && leastTimeout > timeoutThreshold;
  const timeout = isWidened ? leastTimeout : timeoutThreshold;
  const eviction = isWidened && !agent.explicitEviction ? Math.max(evictionThreshold, 2 * timeout) : evictionThreshold;
  return { timeoutMs: timeout * 1000, evictionMs: eviction * 1000 };
}

/** The stored pair when both are positive, else that of the type (registry-api 5.5): older registries stored zeros. */
function usableThresholds(agent: Thresholds & Pick<AgentRecord, "agentType">) {
  if (agent.timeoutThreshold > 0 && agent.evictionThreshold > 0) return agent;
  return chooseThresholds(agent.agentType, { timeout: null, eviction: null }, FALLBACK);
}

/** What the answer to a registration should warn of, in words that say what to change. Empty when nothing is odd. */
export function thresholdWarnings(
  agent: Thresholds & Pick<AgentRecord, "agentType" | "healthInterval">,
): readonly string[] {
  const { healthInterval, timeoutThreshold, evictionThreshold, explicitTimeout } = agent;
  const warnings: string[] = [];
  if (healthInterval >= timeoutThreshold) {
    const problem = `health_interval (${healthInterval} s) is not shorter than timeout_threshold (${timeoutThreshold} s)`;
    warnings.push(
      explicitTimeout
        ? `${problem}: the agent will be degraded between heartbeats; send a timeout_threshold of at least ${2 * healthInterval}`
        : `${problem}: silence is tolerated for ${patienceOf(agent).timeoutMs / 1000} s instead; send a timeout_threshold to choose`,
    );
  }
  if (evictionThreshold <= timeoutThreshold) {
    warnings.push(
      `eviction_threshold (${evictionThreshold} s) is not longer than timeout_threshold (${timeoutThreshold} s): ` +
        "the agent will expire without being degraded first",
    );
  }
  return warnings;
}
