import type { AgentId, AgentRecord } from "@mcp-mesh/registry/domain/agent";
import { patienceOf } from "@mcp-mesh/registry/domain/thresholds";
import type { Committed } from "./chronicle.ts";

/** Times are true and monotonic. */
export interface VigilOptions {
  /** How late a transition may be when nothing disturbs the registry. */
  readonly slackMs: number;
  /** How long after a gap between two beats its transition may still be recorded, although the agent has beaten again. */
  readonly lagMs: number;
}

interface Life {
  /** When signs of life arrived at a registry that answered them with success, in order. */
  readonly acknowledged: number[];
  /** Latest moment at which a registry may have heard of it, answered or not. */
  heardByMs: number;
  bornMs: number;
  /** Last time its record was changed by a sign of life. */
  revivedMs: number;
}

interface Suspicion {
  readonly agentId: AgentId;
  readonly what: string;
  readonly atMs: number;
  readonly limitMs: number;
  readonly bornMs: number;
  readonly revivedMs: number;
}

const SIGNS_OF_LIFE: ReadonlySet<string> = new Set(["register", "adopt", "heartbeat", "resolution"]);

/**
 * Watches over every change of status, knowing what no registry knows: when each beat truly arrived, wherever, and when
 * the registry itself was not there to hear it.
 */
export class Vigil {
  readonly #options: VigilOptions;
  readonly #lives = new Map<AgentId, Life>();
  readonly #suspicions: Suspicion[] = [];
  /** Moments from which everybody has a full timeout: the registry was away until then. */
  readonly #amnesties: number[] = [];
  readonly #troubles: { readonly fromMs: number; untilMs: number }[] = [];
  #disturbances = 0;
  #calmFromMs = 0;
  /** How often time changed a status. */
  transitions = 0;
  /** The latest transition, after its deadline. */
  worstMs = 0;

  constructor(options: VigilOptions) {
    this.#options = options;
  }

  /** An answer said yes to a sign of life that had arrived at `arrivedMs`. */
  acknowledged(id: AgentId, arrivedMs: number): void {
    const { acknowledged } = this.#life(id);
    // Answers overtake one another.
    let index = acknowledged.length;
    while (index > 0 && (acknowledged[index - 1] as number) > arrivedMs) index--;
    acknowledged.splice(index, 0, arrivedMs);
  }

  /** A registry may have heard of the agent as late as this. */
  attempted(id: AgentId, atMs: number): void {
    const life = this.#life(id);
    life.heardByMs = Math.max(life.heardByMs, atMs);
  }

  /**
   * Something has begun to disturb the registry: transitions may wait.
   *
   * @returns to be called when it is over; once nothing disturbs any more, silence counts from no earlier than `recoveryMs`
   *   after the last end
   */
  disturbed(fromMs: number): (untilMs: number, recoveryMs: number) => void {
    const trouble = { fromMs, untilMs: Number.POSITIVE_INFINITY };
    this.#troubles.push(trouble);
    this.#disturbances++;
    return (untilMs, recoveryMs) => {
      trouble.untilMs = untilMs;
      this.#disturbances--;
      this.#calmFromMs = Math.max(this.#calmFromMs, untilMs + recoveryMs);
    };
  }

  /** The registry was away until now: nobody may be blamed for silence before. */
  amnesty(atMs: number): void {
    this.#amnesties.push(atMs);
  }

  committed({ entry, atMs }: Committed): void {
    const { agentId, old, new: record, cause } = entry;
    const life = this.#life(agentId);
    if (old === null) {
      life.bornMs = atMs;
      this.acknowledged(agentId, atMs);
    }
    if (SIGNS_OF_LIFE.has(cause)) {
      life.heardByMs = Math.max(life.heardByMs, atMs);
      if (old?.status !== record?.status || cause === "register") life.revivedMs = atMs;
    } else if (cause === "expiry" && old && record) this.#expired(life, old, record, atMs);
    else if (old && record && old.status !== record.status) {
      throw new Error(`${agentId} went from ${old.status} to ${record.status} by ${cause}`);
    }
  }

  /** @throws when a transition is overdue. */
  check(current: Iterable<AgentRecord>, nowMs: number): void {
    if (this.#disturbances > 0 || nowMs < this.#calmFromMs) return;
    for (const record of current) {
      const life = this.#life(record.id);
      const silentMs = nowMs - Math.max(life.heardByMs, this.#calmFromMs) - this.#options.slackMs;
      const { timeoutMs, evictionMs } = patienceOf(record);
      const isLate = silentMs > evictionMs ? record.status !== "expired" : silentMs > timeoutMs && mayDegrade(record);
      if (isLate)
        throw new Error(
          `${record.id} is still ${record.status} at ${nowMs}, ${silentMs} ms silent beyond what is tolerated`,
        );
    }
  }

  /**
   * Judges the transitions before a moment: as late as that everybody who had asked before has an answer.
   * @throws when an agent was blamed that had beaten in time
   */
  judge(beforeMs: number): void {
    while ((this.#suspicions[0]?.atMs ?? Number.POSITIVE_INFINITY) < beforeMs) {
      const suspicion = this.#suspicions.shift() as Suspicion;
      if (!this.#isJustified(suspicion)) {
        const signs = this.#life(suspicion.agentId)
          .acknowledged.filter((atMs) => atMs <= suspicion.atMs)
          .slice(-4);
        throw new Error(
          `${suspicion.what} at ${suspicion.atMs}, limit ${suspicion.limitMs} ms, signs of life at ${signs}`,
        );
      }
    }
  }

  #expired(life: Life, old: AgentRecord, record: AgentRecord, atMs: number): void {
    const what = `${old.id} went from ${old.status} to ${record.status} by silence`;
    const isWorse =
      record.status === "expired" ? old.status !== "expired" : record.status === "degraded" && mayDegrade(old);
    if (!isWorse) throw new Error(what);
    const { timeoutMs, evictionMs } = patienceOf(old);
    const limitMs = record.status === "expired" ? evictionMs : timeoutMs;
    this.transitions++;
    const lateMs = this.#disturbances > 0 ? 0 : atMs - Math.max(life.heardByMs, this.#calmFromMs) - limitMs;
    this.worstMs = Math.max(this.worstMs, lateMs);
    if (lateMs > this.#options.slackMs) throw new Error(`${what} ${lateMs} ms late`);
    const { bornMs, revivedMs } = life;
    this.#suspicions.push({ agentId: old.id, what, atMs, limitMs, bornMs, revivedMs });
  }

  /** By a silence longer than the limit that ended just now, or that only the transition itself ends. */
  #isJustified({ agentId, atMs, limitMs, bornMs, revivedMs }: Suspicion): boolean {
    const amnesties = this.#amnesties.filter((ms) => ms >= bornMs && ms <= atMs);
    const signs = [...this.#life(agentId).acknowledged.filter((ms) => ms >= bornMs && ms <= atMs), ...amnesties];
    signs.sort((a, b) => a - b);
    return signs.some((sign, index) => {
      const endMs = signs[index + 1] ?? atMs;
      return endMs - sign > limitMs && endMs > revivedMs && this.#isInTime(endMs, atMs);
    });
  }

  /** Whether what was due at `dueMs` may still be recorded at `atMs`: soon after, or as soon as the registry could. */
  #isInTime(dueMs: number, atMs: number): boolean {
    const { lagMs } = this.#options;
    if (dueMs >= atMs - lagMs) return true;
    return this.#troubles.some(({ fromMs, untilMs }) => fromMs <= dueMs + lagMs && untilMs >= atMs - lagMs);
  }

  #life(id: AgentId): Life {
    let life = this.#lives.get(id);
    if (!life) {
      life = { acknowledged: [], heardByMs: 0, bornMs: 0, revivedMs: 0 };
      this.#lives.set(id, life);
    }
    return life;
  }
}

/** Degraded is worse than what it says of itself now, and it did not say that it is down. */
function mayDegrade({ status, reportedStatus }: AgentRecord): boolean {
  if (status === "expired" || status === "degraded" || status === "pending") return false;
  return reportedStatus !== "offline" && reportedStatus !== "unhealthy";
}
