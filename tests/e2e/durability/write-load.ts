import type { Random } from "../../simulation/random.ts";
import { type ListedAgent, registrationBody, type ShownAgent, shownPart } from "./shown-agent.ts";

/** What one client asked for, and what it was told. */
export interface Write {
  readonly id: string;
  /** What the agent looks like once this is done; null: it is gone. */
  readonly outcome: ShownAgent | null;
  /** From the answer; null for a deletion, which tells none, and where no answer came. */
  readonly version: number | null;
  readonly isAcknowledged: boolean;
}

const WORKERS = 32;
/** Agents that one worker alone changes, so that its last acknowledged write must be what is there. */
const OWN_AGENTS = 4;
/** Agents that all workers register over one another: the versions say in which order. */
const SHARED_AGENTS = 3;
/** Between two writes of a worker: a few hundred writes a second leave a two-core machine room, and a file its size. */
const LONGEST_PAUSE_MS = 60;

const isShared = (id: string): boolean => id.startsWith("shared-");

/** Clients that register, change, move and delete agents, 32 at a time, and remember what they were told. */
export class WriteLoad {
  readonly #random: Random;
  /** By id, what its only writer knows of it; null: gone. */
  readonly #own = new Map<string, ShownAgent | null>();
  /** The newest acknowledged version of each shared agent. */
  readonly #shared = new Map<string, number>();
  #count = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Writes until the registry does not answer any more.
   * @returns every write of this round
   */
  async run(url: string): Promise<Write[]> {
    const writes: Write[] = [];
    await Promise.all(Array.from({ length: WORKERS }, (_, worker) => this.#work(url, worker, writes)));
    return writes;
  }

  async #work(url: string, worker: number, writes: Write[]): Promise<void> {
    for (;;) {
      const write = await this.#write(url, worker);
      writes.push(write);
      if (!write.isAcknowledged) return;
      await Bun.sleep(this.#random.between(0, LONGEST_PAUSE_MS));
    }
  }

  async #write(url: string, worker: number): Promise<Write> {
    if (this.#random.next() < 0.1) return await this.#register(url, `shared-${this.#random.between(1, SHARED_AGENTS)}`);
    const id = `own-${worker}-${this.#random.between(1, OWN_AGENTS)}`;
    const known = this.#own.get(id) ?? null;
    const dice = this.#random.next();
    if (known === null || dice < 0.4) return await this.#register(url, id);
    if (dice < 0.6) return await this.#delete(url, id);
    return await this.#beat(url, id, known);
  }

  async #register(url: string, id: string): Promise<Write> {
    const offers = ["alpha", "beta", "gamma"].filter(() => this.#random.next() < 0.6);
    const outcome: ShownAgent = {
      endpoint: this.#newEndpoint(),
      status: "healthy",
      note: `n${this.#count}`,
      offers: offers.length === 0 ? ["alpha"] : offers,
    };
    const path = "/agents/register_with_metadata";
    return await this.#send(
      id,
      outcome,
      201,
      fetch(url + path, { method: "POST", body: registrationBody(id, outcome) }),
    );
  }

  /** Says something new, so that it is a record change and not a sign of life alone. */
  async #beat(url: string, id: string, known: ShownAgent): Promise<Write> {
    const moves = this.#random.next() < 0.5;
    const endpoint = moves ? this.#newEndpoint() : known.endpoint;
    const status = moves ? known.status : this.#otherStatus(known.status);
    const body = JSON.stringify({ agent_id: id, status, metadata: { endpoint } });
    return await this.#send(
      id,
      { ...known, endpoint, status },
      200,
      fetch(`${url}/heartbeat`, { method: "POST", body }),
    );
  }

  async #delete(url: string, id: string): Promise<Write> {
    return await this.#send(id, null, 204, fetch(`${url}/agents/${id}`, { method: "DELETE" }));
  }

  async #send(id: string, outcome: ShownAgent | null, success: number, answer: Promise<Response>): Promise<Write> {
    let status: number;
    let text: string;
    try {
      const response = await answer;
      ({ status } = response);
      text = await response.text();
    } catch {
      return { id, outcome, version: null, isAcknowledged: false };
    }
    if (status !== success) throw new Error(`a write to ${id} was answered ${status}: ${text}`);
    const version =
      outcome === null ? null : Number((JSON.parse(text) as { resource_version: string }).resource_version);
    if (!isShared(id)) this.#own.set(id, outcome);
    else if (version !== null) this.#shared.set(id, Math.max(version, this.#shared.get(id) ?? 0));
    return { id, outcome, version, isAcknowledged: true };
  }

  /**
   * Compares what is there after a round with what was acknowledged, and takes it over as what is known.
   * @returns one line for each contradiction
   */
  compare(writes: readonly Write[], agents: ReadonlyMap<string, ListedAgent>): string[] {
    const unanswered = writes.filter(({ isAcknowledged }) => !isAcknowledged);
    const own = [...this.#own.keys(), ...unanswered.map(({ id }) => id).filter((id) => !isShared(id))];
    return [
      ...new Set(own.flatMap((id) => this.#compareOwn(id, unanswered, agents.get(id)))),
      ...[...this.#shared.keys()].flatMap((id) => this.#compareShared(id, writes, agents.get(id))),
    ];
  }

  #compareOwn(id: string, unanswered: readonly Write[], found: ListedAgent | undefined): string[] {
    const actual = found === undefined ? null : shownPart(found);
    const possible = [this.#own.get(id) ?? null];
    for (const write of unanswered) if (write.id === id) possible.push(write.outcome);
    this.#own.set(id, actual);
    if (possible.some((state) => Bun.deepEquals(state, actual))) return [];
    return [`${id} is ${JSON.stringify(actual)}, and was acknowledged as (or asked to be) ${JSON.stringify(possible)}`];
  }

  #compareShared(id: string, writes: readonly Write[], found: ListedAgent | undefined): string[] {
    const least = this.#shared.get(id) ?? 0;
    if (found === undefined || found.version < least) {
      return [`${id} is at version ${found?.version}, and version ${least} was acknowledged`];
    }
    this.#shared.set(id, found.version);
    const ofAgent = writes.filter((write) => write.id === id);
    const told = ofAgent.find(({ version }) => version === found.version);
    // No write of this round reached it: it is as an earlier one left it, and was compared then.
    if (told === undefined && found.version === least) return [];
    const possible = told === undefined ? ofAgent.filter(({ isAcknowledged }) => !isAcknowledged) : [told];
    if (possible.some(({ outcome }) => Bun.deepEquals(outcome, shownPart(found)))) return [];
    return [`${id} is ${JSON.stringify(found)}, which nobody asked for`];
  }

  #otherStatus(status: string): string {
    const next = this.#random.pick(["healthy", "degraded", "unhealthy", "offline", "busy"]);
    return next === status ? this.#otherStatus(status) : next;
  }

  #newEndpoint(): string {
    return `http://127.0.0.1:9/${++this.#count}`;
  }
}
