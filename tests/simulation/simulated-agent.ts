import type { Result } from "@mcp-mesh/protocol";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { heartbeat } from "@mcp-mesh/registry/operations/heartbeat";
import { registerAgent } from "@mcp-mesh/registry/operations/register-agent";
import { registerCapabilities } from "@mcp-mesh/registry/operations/register-capabilities";
import { unregisterAgent } from "@mcp-mesh/registry/operations/unregister-agent";
import type { Random } from "./random.ts";
import type { Replica } from "./replica.ts";
import type { Simulation } from "./simulation.ts";

export const CAPABILITY_NAMES = ["greeting", "weather", "search", "Summary"] as const;
export const NAMESPACES = ["default", "team"] as const;
const STATUSES = ["healthy", "healthy", "healthy", "degraded", "unhealthy", "offline", "busy"] as const;

type Action = "beat" | "report" | "move" | "register" | "offer" | "unregister";

/** The ways an agent spends the time until its next beat. */
type Pace = "steady" | "just in time" | "late" | "silent";

const ACTIONS: Readonly<Record<Action, number>> = {
  beat: 86,
  report: 4,
  move: 3,
  register: 3,
  offer: 2,
  unregister: 2,
};
const PACES: Readonly<Record<Pace, number>> = { steady: 50, "just in time": 36, late: 8, silent: 6 };

/**
 * An agent's life: it registers, beats at whichever replica it gets, is late or silent at times, moves, changes its mind,
 * leaves and comes back. It knows what was acknowledged, and tells the vigil.
 */
export class SimulatedAgent {
  readonly id: string;
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #timeoutS: number;
  readonly #evictionS: number;
  #isWanted = false;
  #status = "healthy";
  #port: number;
  /** When the last acknowledged sign of life arrived. */
  #lastMs = 0;

  constructor(simulation: Simulation, id: string, random: Random) {
    this.#simulation = simulation;
    this.id = id;
    this.#random = random;
    this.#timeoutS = random.between(2, 12);
    this.#evictionS = random.chance(0.9) ? this.#timeoutS + random.between(1, 15) : random.between(1, this.#timeoutS);
    this.#port = random.between(9_000, 9_900);
  }

  start(): void {
    this.#after(this.#random.between(0, 5_000), () => this.#register());
  }

  #after(delayMs: number, act: () => Promise<void>): void {
    this.#simulation.after(delayMs, act);
  }

  #next(): void {
    const { clock } = this.#simulation;
    const dueMs = this.#lastMs + this.#paceMs();
    this.#after(Math.max(5, dueMs - clock.monotonicMs()), () => this.#act());
  }

  #paceMs(): number {
    const random = this.#random;
    const timeoutMs = Math.min(this.#timeoutS, this.#evictionS) * 1_000;
    switch (random.weighted(PACES)) {
      case "steady":
        return Math.floor(timeoutMs * (0.3 + 0.6 * random.next()));
      case "just in time":
        return timeoutMs - random.between(1, 300);
      case "late":
        return timeoutMs + random.between(1, 400);
      case "silent":
        return Math.floor(this.#evictionS * 1_000 * (0.5 + 2 * random.next()));
    }
  }

  async #act(): Promise<void> {
    switch (this.#random.weighted(ACTIONS)) {
      case "beat":
        return this.#beat();
      case "report":
        this.#status = this.#random.pick(STATUSES);
        return this.#beat();
      case "move":
        this.#port = this.#random.between(9_000, 9_900);
        return this.#beat({ endpoint: this.#endpoint() });
      case "register":
        return this.#register();
      case "offer":
        await this.#send(this.#anyReplica(), (core) => registerCapabilities(core, this.id, [this.#capability()]));
        return this.#next();
      case "unregister":
        return this.#unregister();
    }
  }

  async #beat(extra: { readonly [key: string]: unknown } = {}): Promise<void> {
    const adoptable = this.#random.chance(0.5)
      ? { agent_name: this.id, capabilities: [this.#random.pick(CAPABILITY_NAMES)] }
      : {};
    const beat = { agentId: this.id, status: this.#status, metadata: { ...adoptable, ...extra } };
    const isHeard = await this.#sign(async (core) => await heartbeat(core, beat));
    if (isHeard === "unknown" && this.#isWanted) return this.#register();
    this.#goOn(isHeard !== "failed");
  }

  async #register(): Promise<void> {
    this.#isWanted = true;
    this.#status = "healthy";
    const random = this.#random;
    const metadata = {
      namespace: random.pick(NAMESPACES),
      endpoint: this.#endpoint(),
      labels: { tier: random.pick(["a", "b"]) },
      capabilities: [this.#capability(), this.#capability()],
      dependencies: random.chance(0.5) ? [random.pick(CAPABILITY_NAMES)] : [],
      timeout_threshold: this.#timeoutS,
      eviction_threshold: this.#evictionS,
    };
    const request = { agentId: this.id, metadata, timestamp: `t${random.between(0, 1e9)}` };
    const isHeard = await this.#sign((core) => registerAgent(core, request, null));
    if (isHeard === "failed") this.#after(random.between(20, 200), () => this.#register());
    else this.#next();
  }

  async #unregister(): Promise<void> {
    this.#isWanted = false;
    await this.#send(this.#anyReplica(), (core) => unregisterAgent(core, this.id, null));
    // A beat of the process that is going down must not bring it back.
    this.#after(this.#random.between(0, 3_000), async () => {
      await this.#sign(async (core) => await heartbeat(core, this.#lastWord()));
      this.#after(this.#random.between(0, 20_000), () => this.#register());
    });
  }

  #lastWord() {
    return { agentId: this.id, status: this.#status, metadata: { agent_name: this.id, capabilities: ["greeting"] } };
  }

  #goOn(isHeard: boolean): void {
    if (isHeard || this.#random.chance(0.1)) this.#next();
    else this.#after(this.#random.between(5, 100), () => this.#beat());
  }

  /** Sends a sign of life somewhere and tells the vigil what became of it. */
  async #sign(
    work: (core: RegistryCore) => Promise<Result<{ readonly resourceVersion: number }>>,
  ): Promise<"heard" | "unknown" | "failed"> {
    const { clock, vigil, isShared } = this.#simulation;
    const sentMs = clock.monotonicMs();
    vigil.attempted(this.id, sentMs);
    const replica = this.#anyReplica();
    const result = await this.#send(replica, work, ({ resourceVersion }) => {
      if (!(resourceVersion > 0)) throw new Error(`${this.id} was answered version ${resourceVersion}`);
      const countsFromMs = isShared ? Math.max(sentMs, replica.givenUpUntilMs) : sentMs;
      vigil.acknowledged(this.id, countsFromMs);
      this.#lastMs = countsFromMs;
    });
    vigil.attempted(this.id, clock.monotonicMs());
    if (result === null) return "failed";
    if (result.ok) return "heard";
    return result.error.code === "agent_not_found" ? "unknown" : "failed";
  }

  /** @returns null when nobody answered */
  async #send<T>(
    replica: Replica,
    work: (core: RegistryCore) => Promise<Result<T>>,
    onSuccess: (value: T) => void = () => {},
  ): Promise<Result<T> | null> {
    const outcome = await replica.request(work);
    if (outcome.kind === "crashed") throw outcome.error;
    if (outcome.kind !== "answered") return null;
    const result = outcome.value;
    if (result.ok) onSuccess(result.value);
    else if (result.error.code === "internal") throw result.error.cause;
    return result;
  }

  #anyReplica(): Replica {
    return this.#random.pick(this.#simulation.replicas);
  }

  #endpoint(): string {
    return `http://10.0.0.1:${this.#port}`;
  }

  #capability() {
    const random = this.#random;
    return {
      name: random.pick(CAPABILITY_NAMES),
      version: random.pick(["1.0.0", "1.2.0", "2.0.0"]),
      tags: random.chance(0.5) ? ["beta"] : [],
      category: random.pick(["text", "data"]),
    };
  }
}
