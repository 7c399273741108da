import type { AgentId, AgentRecord, ResourceVersion } from "@mcp-mesh/registry/domain/agent";
import type { AgentFilter } from "@mcp-mesh/registry/domain/agent-filter";
import { matchesAgent } from "@mcp-mesh/registry/domain/agent-filter";
import { agentListQuery } from "@mcp-mesh/registry/http/list-query";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { listAgents } from "@mcp-mesh/registry/operations/list-agents";
import { recordJson } from "@mcp-mesh/registry/state/agent-json";
import type { LogEntry } from "@mcp-mesh/registry/store/store";
import type { Random } from "./random.ts";
import type { Replica } from "./replica.ts";
import type { Simulation } from "./simulation.ts";

const QUERIES = [
  "",
  "",
  "namespace=team",
  "status=healthy",
  "status=degraded,expired",
  "capability=greeting",
  "capability=summary&fuzzy_match=true",
  "label_selector=tier%3Da",
  "category=text&tags=beta",
  "version_constraint=%3E%3D1.2.0&capability=weather",
] as const;

/** How a mirror reads a list: whole, or page by page. */
export type ListReader = (core: RegistryCore, query: string) => ReturnType<typeof listAgents>;

export const readList: ListReader = (core, query) => {
  const parsed = agentListQuery(query);
  return parsed.ok ? listAgents(core, parsed.value) : parsed;
};

/**
 * A client that lists once and follows the changes from there, at any replica, cut off and resumed anywhere. Knows nothing
 * but what it was told, so whatever a list and the log do not agree about stays wrong in it for ever.
 */
export class Mirror {
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #read: ListReader;
  #query: string;
  #filter: AgentFilter;
  #replica: Replica;
  #position: ResourceVersion | null = null;
  #records = new Map<AgentId, AgentRecord>();
  #isBusy = false;

  constructor(simulation: Simulation, random: Random, read: ListReader) {
    this.#simulation = simulation;
    this.#random = random;
    this.#read = read;
    this.#query = "";
    this.#filter = filterOf("");
    this.#replica = random.pick(simulation.replicas);
  }

  start(): void {
    this.#simulation.after(this.#random.between(0, 10_000), () => this.#step());
  }

  async #step(): Promise<void> {
    const random = this.#random;
    this.#isBusy = true;
    if (random.chance(0.1)) this.#replica = random.pick(this.#simulation.replicas);
    if (this.#position === null || random.chance(0.02)) await this.#listAnew();
    else await this.#catchUp();
    this.#isBusy = false;
    this.#simulation.after(random.between(5, random.chance(0.9) ? 1_500 : 20_000), () => this.#step());
  }

  async #listAnew(): Promise<void> {
    this.#position = null;
    this.#query = this.#random.pick(QUERIES);
    this.#filter = filterOf(this.#query);
    const found = this.#random.chance(0.5)
      ? await this.#listWhole()
      : await this.#listPages(this.#random.between(1, 7));
    if (found === null) return;
    this.#simulation.checkList(this.#filter, found.records, found.version);
    this.#records = new Map(found.records.map((record) => [record.id, record]));
    this.#position = found.version;
  }

  async #listWhole() {
    const page = await this.#ask((core) => this.#read(core, this.#query));
    return page && { records: page.items, version: page.version };
  }

  /** At whichever replica, with pauses in which things change. */
  async #listPages(limit: number) {
    const records: AgentRecord[] = [];
    let next: string | null = null;
    let version: ResourceVersion | null = null;
    for (;;) {
      const query = `${this.#query}&limit=${limit}${next === null ? "" : `&continue=${next}`}`;
      const from = version;
      const page = await this.#ask(async (core) => {
        if (from !== null && core.state.head < from) await core.follower.catchUp().catch(() => undefined);
        return this.#read(core, query);
      });
      if (page === null) return null;
      if (version !== null && page.version !== version)
        throw new Error(`pages of ${version} and ${page.version} in one walk`);
      version = page.version;
      records.push(...page.items);
      if (page.next === null) {
        if (page.total !== records.length) throw new Error(`${records.length} agents on pages of ${page.total}`);
        return { records, version };
      }
      next = page.next;
      await this.#simulation.sleep(this.#random.between(0, 2_000));
      if (this.#random.chance(0.5)) this.#replica = this.#random.pick(this.#simulation.replicas);
    }
  }

  async #catchUp(): Promise<void> {
    const position = this.#position as ResourceVersion;
    const outcome = await this.#replica.request(async ({ state, follower }) => {
      if (state.head < position) await follower.catchUp().catch(() => undefined);
      return { changes: state.log.after(position), isBehind: state.head < position };
    });
    if (outcome.kind === "crashed") throw outcome.error;
    if (outcome.kind !== "answered") this.#replica = this.#random.pick(this.#simulation.replicas);
    else if (outcome.value.changes !== null) this.#apply(outcome.value.changes);
    else if (!outcome.value.isBehind) this.#position = null;
  }

  #apply(changes: readonly LogEntry[]): void {
    for (const { version, agentId, new: record, cause } of changes) {
      if (version <= (this.#position as number)) throw new Error(`change ${version} came after ${this.#position}`);
      this.#position = version;
      if (cause === "resolution") continue;
      if (record !== null && matchesAgent(this.#filter, record)) this.#records.set(agentId, record);
      else this.#records.delete(agentId);
    }
  }

  /** What is wrong with it, compared with `truth`, when `replica` shows everything; null: nothing. */
  differenceAtRest(replica: RegistryCore, truth: Iterable<AgentRecord>): string | null {
    if (this.#isBusy || this.#position === null) return null;
    const changes = replica.state.log.after(this.#position);
    if (changes === null) {
      this.#position = null;
      return null;
    }
    this.#apply(changes);
    return differenceOf(sorted(this.#records.values()), expected(this.#filter, truth));
  }

  /** @returns null when it has to be asked again, at another time or replica */
  async #ask(read: (core: RegistryCore) => ReturnType<ListReader> | Promise<ReturnType<ListReader>>) {
    const outcome = await this.#replica.request(read);
    if (outcome.kind === "crashed") throw outcome.error;
    if (outcome.kind !== "answered") {
      this.#replica = this.#random.pick(this.#simulation.replicas);
      return null;
    }
    const result = outcome.value;
    if (result.ok) return result.value;
    if (result.error.code === "resource_version_gone") return null;
    throw new Error(`${this.#query}: ${result.error.message}`);
  }
}

function filterOf(query: string): AgentFilter {
  const parsed = agentListQuery(query);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value.filter;
}

/** The order of lists, written once more: newest change first, ties by id. */
function sorted(records: Iterable<AgentRecord>): AgentRecord[] {
  return [...records].sort((a, b) =>
    a.updatedAtMs === b.updatedAtMs ? (a.id < b.id ? -1 : 1) : b.updatedAtMs - a.updatedAtMs,
  );
}

/** The matches among the records, as a list has them. */
export function expected(filter: AgentFilter, records: Iterable<AgentRecord>): AgentRecord[] {
  return sorted([...records].filter((record) => matchesAgent(filter, record)));
}

/** The first difference, on the wire and in order; `last_heartbeat` apart. */
export function differenceOf(found: readonly AgentRecord[], wanted: readonly AgentRecord[]): string | null {
  for (let index = 0; index < Math.max(found.length, wanted.length); index++) {
    const [here, there] = [found[index], wanted[index]];
    if (here === there) continue;
    const [shown, meant] = [here && json(here), there && json(there)];
    if (shown !== meant) return `place ${index}: ${shown}\n  instead of ${meant}`;
  }
  return null;
}

function json(record: AgentRecord): string {
  const known = encoded.get(record);
  if (known !== undefined) return known;
  const text = recordJson(record);
  encoded.set(record, text);
  return text;
}

const encoded = new WeakMap<AgentRecord, string>();
