import type { LabelSelector, Result } from "@mcp-mesh/protocol";
import {
  fail,
  ok,
  parseBooleanParameter,
  parseLabelSelector,
  parseListParameter,
  parseVersionConstraint,
} from "@mcp-mesh/protocol";
import type { AgentFilter, CapabilityFilter, NameFilter } from "../domain/agent-filter.ts";
import { statusesMeant } from "../domain/agent-filter.ts";
import type { ListQuery } from "../operations/list-agents.ts";
import type { PageRequest } from "../operations/page.ts";

/** What `/capabilities` shows when no status is asked for: an agent registered over MCP is pending until it beats (4.9). */
const DEFAULT_CAPABILITY_STATUSES: ReadonlySet<string> = new Set(["healthy", "pending"]);

/** Parameters of `GET /agents` (registry-api 4.8). Unknown ones are ignored, empty ones count as absent. */
export function agentListQuery(query: string): Result<ListQuery> {
  const read = new QueryReader(query);
  const fuzzy = read.boolean("fuzzy_match");
  const name = read.text("capability");
  const names = name === null ? read.list("capabilities") : [name];
  const includesDeprecated = read.boolean("include_deprecated");
  const filter: AgentFilter = {
    agentId: null,
    namespace: read.text("namespace"),
    statuses: read.statuses("status"),
    labels: read.labels(),
    capability: capabilityFilter({
      name: names.length === 0 ? null : { mode: fuzzy ? "fuzzy" : "exact", names },
      category: read.text("capability_category", "category"),
      stability: read.text("capability_stability", "stability"),
      tags: read.set("capability_tags", "tags"),
      version: read.version(),
      descriptionContains: null,
      // Agents of every kind are listed unless the caller says otherwise (4.8).
      hidesDeprecated: includesDeprecated === false,
    }),
  };
  return read.finish("agents", filter);
}

/** Parameters of `GET /capabilities` (registry-api 4.9). */
export function capabilityListQuery(query: string): Result<ListQuery> {
  const read = new QueryReader(query);
  const name = read.text("name", "capability_name");
  const fuzzy = read.boolean("fuzzy_match");
  const stability = read.text("stability", "capability_stability");
  const includesDeprecated = read.boolean("include_deprecated");
  const filter: AgentFilter = {
    agentId: read.text("agent_id"),
    namespace: read.text("agent_namespace", "namespace"),
    statuses: read.capabilityStatuses(),
    labels: read.labels(),
    capability: capabilityFilter({
      name: name === null ? null : { mode: fuzzy ? "fuzzy" : "fold", names: [name] },
      category: read.text("category", "capability_category"),
      stability,
      tags: read.set("tags", "capability_tags"),
      version: read.version(),
      descriptionContains: read.text("description_contains"),
      hidesDeprecated: includesDeprecated !== true && stability !== "deprecated",
    }),
  };
  return read.finish("capabilities", filter);
}

function capabilityFilter(filter: CapabilityFilter & { readonly name: NameFilter | null }): CapabilityFilter | null {
  const asksNothing = Object.values(filter).every((criterion) => criterion === null || criterion === false);
  return asksNothing ? null : filter;
}

/** Reads parameters one by one and remembers the first thing that is wrong. */
class QueryReader {
  readonly #parameters: URLSearchParams;
  #problem: string | null = null;

  constructor(query: string) {
    this.#parameters = new URLSearchParams(query);
  }

  /** The first value under the first of these names that has one; an empty value is none (registry-api 1). */
  text(...names: readonly string[]): string | null {
    for (const name of names) {
      const value = this.#parameters.getAll(name).find((given) => given !== "");
      if (value !== undefined) return value;
    }
    return null;
  }

  list(name: string): string[] {
    return parseListParameter(this.#parameters.getAll(name));
  }

  set(...names: readonly string[]): ReadonlySet<string> | null {
    const items = names.flatMap((name) => this.list(name));
    return items.length === 0 ? null : new Set(items);
  }

  boolean(name: string): boolean | null {
    const parsed = parseBooleanParameter(this.text(name));
    if (parsed.ok) return parsed.value ?? null;
    this.#fail(parsed.detail);
    return null;
  }

  statuses(name: string): ReadonlySet<string> | null {
    const asked = this.list(name);
    return asked.length === 0 ? null : statusesMeant(asked);
  }

  capabilityStatuses(): ReadonlySet<string> | null {
    const asked = [...this.list("agent_status"), ...this.list("status")];
    if (asked.length === 0) return DEFAULT_CAPABILITY_STATUSES;
    return asked.includes("any") || asked.includes("*") ? null : statusesMeant(asked);
  }

  /** Both grammars; where both are sent, both must hold (registry-api 5.4). */
  labels(): LabelSelector {
    return [...this.#selector("label_selector"), ...this.#selector("labelSelector")];
  }

  version() {
    const text = this.text("version_constraint");
    return text === null ? null : parseVersionConstraint(text);
  }

  finish(list: "agents" | "capabilities", filter: AgentFilter): Result<ListQuery> {
    const page = this.#page();
    if (this.#problem !== null) return fail("invalid_request", this.#problem);
    return ok({ filter, page, hash: this.#hash(list) });
  }

  #selector(grammar: "label_selector" | "labelSelector"): LabelSelector {
    const text = this.text(grammar);
    if (text === null) return [];
    const parsed = parseLabelSelector(text, grammar);
    if (parsed.ok) return parsed.selector;
    this.#fail(parsed.detail);
    return [];
  }

  #page(): PageRequest {
    const limit = this.#wholeNumber("limit", 1);
    const offset = this.#wholeNumber("offset", 0);
    const continueToken = this.text("continue");
    if (continueToken !== null && offset !== null) {
      this.#fail("offset cannot be combined with continue; the token says where to go on");
    }
    return { limit, offset: offset ?? 0, continueToken };
  }

  #wholeNumber(name: string, least: number): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least) return number;
    this.#fail(`${name} must be a whole number of at least ${least}`);
    return null;
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
  }

  /** Equal for queries that ask the same of one list, in whatever order, whichever page they want. */
  #hash(list: string): string {
    const asked = [...this.#parameters].filter(([name]) => !PAGE_PARAMETERS.has(name));
    return Bun.hash(JSON.stringify([list, ...asked.sort(byName)])).toString(36);
  }
}

const PAGE_PARAMETERS: ReadonlySet<string> = new Set(["limit", "offset", "continue"]);

/** Values of one name keep their order: of a repeated parameter the first value counts. */
const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  a === b ? 0 : a < b ? -1 : 1;
