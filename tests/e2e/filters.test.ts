import { describe, expect, test } from "bun:test";
import type { Result } from "@mcp-mesh/protocol";
import { ManualClock } from "@mcp-mesh/registry/clock";
import type { AgentId, AgentRecord, ResourceVersion } from "@mcp-mesh/registry/domain/agent";
import { agentListQuery, capabilityListQuery } from "@mcp-mesh/registry/http/list-query";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { type ListQuery, listAgents } from "@mcp-mesh/registry/operations/list-agents";
import { listCapabilities, type OfferedCapability } from "@mcp-mesh/registry/operations/list-capabilities";
import type { Page } from "@mcp-mesh/registry/operations/page";
import { WalkCache } from "@mcp-mesh/registry/operations/walk-cache";
import { RegistryState } from "@mcp-mesh/registry/state/registry-state";
import fc from "fast-check";
import {
  agentQuery,
  arbitraryHappenings,
  arbitraryHistory,
  arbitraryQuestion,
  arbitrarySpelling,
  capabilityQuery,
  type Happening,
} from "../support/arbitrary-question.ts";
import { effort } from "../support/effort.ts";
import { naiveAgents, naiveCapabilities, type Question } from "../support/naive-filter.ts";

const RUNS = effort({ short: 600, long: 20_000 });
const QUESTIONS_PER_REGISTRY = 8;
const TIME_LIMIT_MS = effort({ short: 60_000, long: 1_800_000 });

/** A registry in memory, and beside it the bare records that a naive scan looks at. */
class Subject {
  readonly records = new Map<AgentId, AgentRecord>();
  readonly core: Pick<RegistryCore, "state" | "walks">;
  #version: ResourceVersion = 0;

  constructor(history: readonly Happening[]) {
    const clock = new ManualClock();
    const state = new RegistryState(
      {
        head: 0,
        floor: 0,
        agents: [],
        tombstones: new Map(),
        recentLog: [],
        recentLogSince: 0,
        lastLeaseId: 0,
        leasedBeats: new Map(),
      },
      {
        patienceOf: () => ({ timeoutMs: 60_000, evictionMs: 120_000 }),
        wallMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs(),
      },
    );
    this.core = { state, walks: new WalkCache(clock) };
    for (const happening of history) this.happen(happening);
  }

  happen(happening: Happening): void {
    const id = happening.kind === "put" ? happening.record.id : happening.id;
    const old = this.records.get(id) ?? null;
    if (happening.kind !== "put" && old === null) return;
    // With gaps, as a store hands them out.
    this.#version += 2;
    const next = this.#after(happening, old);
    if (next === null) this.records.delete(id);
    else this.records.set(id, next);
    this.core.state.apply({
      version: this.#version,
      agentId: id,
      old,
      new: next,
      cause: next === null ? "unregister" : happening.kind === "unseen" ? "resolution" : "register",
      beatMs: null,
      tombstone: next === null,
    });
  }

  #after(happening: Happening, old: AgentRecord | null): AgentRecord | null {
    const version = this.#version;
    if (happening.kind === "put") return { ...happening.record, resourceVersion: version, logVersion: version };
    if (happening.kind === "deleted" || old === null) return null;
    return { ...old, providers: { data: "agent-1" }, logVersion: version };
  }

  agents(query: string): Page<AgentRecord> {
    return unwrapped(listAgents(this.core as RegistryCore, this.#parsed(agentListQuery(query), query)), query);
  }

  capabilities(query: string): Page<OfferedCapability> {
    return unwrapped(
      listCapabilities(this.core as RegistryCore, this.#parsed(capabilityListQuery(query), query)),
      query,
    );
  }

  #parsed(parsed: Result<ListQuery>, query: string): ListQuery {
    return unwrapped(parsed, query);
  }
}

function unwrapped<T>(result: Result<T>, query: string): T {
  if (!result.ok) throw new Error(`${query}: ${JSON.stringify(result.error)}`);
  return result.value;
}

/** Enough to tell every record of a history from every other. */
const agentName = (agent: AgentRecord) => `${agent.id}@${agent.logVersion}`;
const capabilityName = ({ agent, capability }: OfferedCapability) =>
  `${JSON.stringify(capability.name)} of ${agentName(agent)} #${capability.id}`;

const namedAgents = (agents: readonly AgentRecord[]) => agents.map(agentName);
const namedCapabilities = (offered: readonly OfferedCapability[]) => offered.map(capabilityName);

/** Both lists, as the test drives them alike. */
const LISTS = [
  {
    list: "agents",
    write: agentQuery,
    ask(subject: Subject, query: string) {
      const page = subject.agents(query);
      return { ...page, items: namedAgents(page.items) };
    },
    scan: (records: readonly AgentRecord[], asked: Question) => namedAgents(naiveAgents(records, asked)),
  },
  {
    list: "capabilities",
    write: capabilityQuery,
    ask(subject: Subject, query: string) {
      const page = subject.capabilities(query);
      return { ...page, items: namedCapabilities(page.items) };
    },
    scan: (records: readonly AgentRecord[], asked: Question) => namedCapabilities(naiveCapabilities(records, asked)),
  },
];

const registryAndQuestions = arbitraryHistory.chain((history) =>
  fc.record({
    history: fc.constant(history),
    questions: fc.array(fc.record({ asked: arbitraryQuestion(history), spelling: arbitrarySpelling }), {
      minLength: QUESTIONS_PER_REGISTRY,
      maxLength: QUESTIONS_PER_REGISTRY,
    }),
  }),
);

const walk = arbitraryHistory.chain((history) =>
  fc.record({
    history: fc.constant(history),
    asked: arbitraryQuestion(history),
    spelling: arbitrarySpelling,
    limit: fc.integer({ min: 1, max: 12 }),
    meanwhile: fc.array(arbitraryHappenings(70, 4), { minLength: 1, maxLength: 8 }),
  }),
);

describe.each(LISTS)("GET /$list", ({ write, ask, scan }) => {
  test(
    "any filters together answer what a naive scan finds, in the promised order",
    () => {
      let answered = 0;
      let narrowed = 0;
      fc.assert(
        fc.property(registryAndQuestions, ({ history, questions }) => {
          const subject = new Subject(history);
          const records = [...subject.records.values()];
          for (const { asked, spelling } of questions) {
            const query = write(asked, spelling);
            const expected = scan(records, asked);
            const page = ask(subject, query);
            expect({ query, items: page.items }).toEqual({ query, items: expected });
            expect(page).toMatchObject({ total: expected.length, next: null, version: subject.core.state.head });
            if (expected.length > 0) answered++;
            if (expected.length > 0 && expected.length < records.length) narrowed++;
          }
        }),
        { numRuns: RUNS },
      );
      // Of questions to which the answer is nothing or everything, few would be wrong whatever the registry did.
      const questions = RUNS * QUESTIONS_PER_REGISTRY;
      expect(answered / questions).toBeGreaterThan(0.2);
      expect(narrowed / questions).toBeGreaterThan(0.2);
    },
    TIME_LIMIT_MS,
  );

  test(
    "pages of any size make up the list as it was at the first of them, whatever changes meanwhile",
    () => {
      fc.assert(
        fc.property(walk, ({ history, asked, spelling, limit, meanwhile }) => {
          const subject = new Subject(history);
          const expected = scan([...subject.records.values()], asked);
          const version = subject.core.state.head;
          const query = `${write(asked, spelling)}&limit=${limit}`;
          const walked: string[] = [];
          let token: string | null = "";
          for (let number = 0; token !== null; number++) {
            const page: { items: string[]; next: string | null } = ask(subject, `${query}&continue=${token}`);
            expect(page).toMatchObject({ version, total: expected.length });
            expect(page.items.length).toBe(Math.min(limit, expected.length - walked.length));
            walked.push(...page.items);
            token = page.next;
            for (const happening of meanwhile[number % meanwhile.length] ?? []) subject.happen(happening);
          }
          expect({ query, walked }).toEqual({ query, walked: expected });
        }),
        { numRuns: RUNS },
      );
    },
    TIME_LIMIT_MS,
  );
});
