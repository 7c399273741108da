import type { Result } from "@mcp-mesh/protocol";
import type { AgentRecord } from "@mcp-mesh/registry/domain/agent";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { heartbeat } from "@mcp-mesh/registry/operations/heartbeat";
import { registerAgent } from "@mcp-mesh/registry/operations/register-agent";
import { registerCapabilities } from "@mcp-mesh/registry/operations/register-capabilities";
import { unregisterAgent } from "@mcp-mesh/registry/operations/unregister-agent";
import type { LogEntry } from "@mcp-mesh/registry/store/store";
import type { Answer, Call, Expected, Step } from "./one-id-model.ts";
import type { Random } from "./random.ts";
import type { Outcome } from "./replica.ts";

export const CONTESTED = "contested";

/** Where a race is run: a registry or several, and the time they live in. */
export interface Arena {
  /** A request to any of the registries. */
  request<T>(work: (core: RegistryCore) => T | Promise<T>): Promise<Outcome<T>>;
  sleep(ms: number): Promise<void>;
  /** A registry dies in the middle of everything and starts again, with its wall clock anywhere. */
  crash(): Promise<void>;
  /** The whole log. */
  log(): Promise<readonly LogEntry[]>;
  /** The agents as a registry that starts now would know them. */
  stored(): Promise<readonly AgentRecord[]>;
}

export interface RaceOptions {
  readonly rounds: number;
  /** Requests at one time. */
  readonly callers: number;
  /** Requests of a round arrive within this time. */
  readonly arrivalMs: number;
  /** Whether a registry dies in each round. */
  readonly crashes: boolean;
  /** Whether a beat on the lease path sees the newest version: not on a replica that has yet to hear of it. */
  readonly looksCount: boolean;
}

interface Attempt {
  readonly step: Step;
  /** Unique, and to be found in the log if the attempt had an effect. */
  readonly mark: number;
  readonly beganAt: number;
  endedAt: number;
  /** null: nobody answered. */
  answer: Answer | null;
}

type Kind = Step["kind"] | "flush";

const ODDS: Readonly<Record<Kind, number>> = { register: 55, beat: 15, look: 6, offer: 9, delete: 9, flush: 6 };
const OFFERED_TOGETHER = 8;

/** Runs the race, and returns what everybody was told, in the form the model understands. */
export async function race(arena: Arena, random: Random, options: RaceOptions): Promise<readonly Call[]> {
  const attempts: Attempt[] = [];
  let moment = 0;
  let version: number | null = null;
  for (let round = 0; round < options.rounds; round++) {
    const known: number | null = version;
    const callers = Array.from({ length: options.callers }, async () => {
      const kind = random.weighted(ODDS);
      await arena.sleep(random.between(0, options.arrivalMs));
      if (kind === "flush") {
        await arena.request((core) => core.leases.flush());
        return;
      }
      const attempt: Attempt = {
        step: stepOf(kind, random, known, attempts.length + 1, options.crashes),
        mark: attempts.length + 1,
        beganAt: ++moment,
        endedAt: Number.POSITIVE_INFINITY,
        answer: null,
      };
      attempts.push(attempt);
      const outcome = await arena.request((core) => perform(core, attempt));
      if (outcome.kind === "crashed") throw outcome.error;
      if (outcome.kind !== "answered" || outcome.value === null) {
        if (!options.crashes) throw new Error(`nobody answered ${JSON.stringify(attempt)}`);
        return;
      }
      attempt.answer = outcome.value;
      attempt.endedAt = ++moment;
      if (outcome.value.kind === "version") version = Math.max(version ?? 0, outcome.value.version);
    });
    const crash = options.crashes
      ? arena.sleep(random.between(0, 2 * options.arrivalMs)).then(() => arena.crash())
      : null;
    await Promise.all([...callers, crash]);
  }
  const log = await arena.log();
  const last = log.findLast((entry) => entry.agentId === CONTESTED)?.new ?? null;
  const stored = (await arena.stored()).map(({ logVersion }) => logVersion);
  if (stored.join() !== (last === null ? "" : `${last.logVersion}`)) {
    throw new Error(`the log ends with ${last?.logVersion}, and stored is ${stored}`);
  }
  return attempts.flatMap((attempt) => callOf(attempt, log, options));
}

/** @param isUnique whether the log must tell whose change it was */
function stepOf(kind: Step["kind"], random: Random, known: number | null, mark: number, isUnique: boolean): Step {
  const expected = (): Expected => {
    if (known === null || random.chance(0.3)) return null;
    if (random.chance(0.1)) return "any";
    return random.chance(0.1) ? known - 1 : known;
  };
  if (kind === "register" || kind === "delete") return { kind, expected: expected() };
  if (kind === "beat") return { kind, isAdoptable: random.chance(0.5) };
  // What two offer at a time is there already for one of them.
  if (kind === "offer")
    return { kind, capability: isUnique || random.chance(0.5) ? mark : mark - (mark % OFFERED_TOGETHER) };
  return { kind };
}

const endpointOf = (mark: number): string => `http://10.0.0.1:9000/${mark}`;
const versionOffered = (capability: number): string => `2.0.${capability}`;

/** @returns null when the registry does not know itself whether it was done */
async function perform(core: RegistryCore, { step, mark }: Attempt): Promise<Answer | null> {
  switch (step.kind) {
    case "register": {
      const metadata = { endpoint: endpointOf(mark), capabilities: [{ name: "greeting" }] };
      const request = { agentId: CONTESTED, metadata, timestamp: `t${mark}` };
      return answerOf(await registerAgent(core, request, step.expected), versionOf);
    }
    case "beat": {
      const adoptable = step.isAdoptable ? { agent_name: CONTESTED, capabilities: ["greeting"] } : {};
      const metadata = { endpoint: endpointOf(mark), ...adoptable };
      return answerOf(await heartbeat(core, { agentId: CONTESTED, status: "healthy", metadata }), versionOf);
    }
    case "look":
      return answerOf(await heartbeat(core, { agentId: CONTESTED, status: "healthy", metadata: {} }), versionOf);
    case "offer": {
      const offered = [{ name: "greeting", version: versionOffered(step.capability) }];
      return answerOf(await registerCapabilities(core, CONTESTED, offered), (value) =>
        "refused" in value ? { kind: "missing" } : versionOf(value),
      );
    }
    case "delete":
      return answerOf(await unregisterAgent(core, CONTESTED, step.expected), (existed) => ({
        kind: existed ? "deleted" : "missing",
      }));
  }
}

const versionOf = ({ resourceVersion: version }: { readonly resourceVersion: number }): Answer => ({
  kind: "version",
  version,
});

function answerOf<T>(result: Result<T>, read: (value: T) => Answer): Answer | null {
  if (result.ok) return read(result.value);
  switch (result.error.code) {
    case "resource_version_conflict":
      return { kind: "conflict" };
    case "agent_not_found":
      return { kind: "missing" };
    case "store_unavailable":
      return null;
    default:
      throw result.error.cause ?? new Error(result.error.message);
  }
}

/** An attempt nobody answered is what the log tells of it: it has its version there, or had no effect. */
function callOf(
  { step, mark, beganAt, endedAt, answer }: Attempt,
  log: readonly LogEntry[],
  options: RaceOptions,
): Call[] {
  if (step.kind === "look" && (answer === null || !options.looksCount)) return [];
  if (answer !== null) return [{ step, beganAt, endedAt, answer, isDoubtful: false }];
  // Deletions leave no mark.
  if (step.kind === "delete") return [{ step, beganAt, endedAt, answer: { kind: "deleted" }, isDoubtful: true }];
  const entry = log.find(
    (change) => change.new !== null && bears(change.new, step, mark) && !(change.old && bears(change.old, step, mark)),
  );
  return entry
    ? [{ step, beganAt, endedAt, answer: { kind: "version", version: entry.version }, isDoubtful: false }]
    : [];
}

function bears({ endpoint, capabilities }: AgentRecord, step: Step, mark: number): boolean {
  if (step.kind !== "offer") return endpoint === endpointOf(mark);
  return capabilities.some(({ version }) => version === versionOffered(step.capability));
}

/** Two who asked for the same version and both got their way; null: there are none. */
export function twoWinners(calls: readonly Call[]): string | null {
  const winners = new Map<number, Call>();
  for (const call of calls) {
    const { step, answer, isDoubtful } = call;
    if (isDoubtful || !("expected" in step) || typeof step.expected !== "number") continue;
    if (answer.kind !== "version" && answer.kind !== "deleted") continue;
    const other = winners.get(step.expected);
    if (other) return `both changed ${step.expected}: ${JSON.stringify(other)} and ${JSON.stringify(call)}`;
    winners.set(step.expected, call);
  }
  return null;
}
