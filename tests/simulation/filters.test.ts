import { describe, expect, test } from "bun:test";
import { ok, type Result } from "@mcp-mesh/protocol";
import { ManualClock } from "@mcp-mesh/registry/clock";
import type { AgentRecord, CapabilityRecord } from "@mcp-mesh/registry/domain/agent";
import { agentListQuery, capabilityListQuery } from "@mcp-mesh/registry/http/list-query";
import type { RegistryCore } from "@mcp-mesh/registry/operations/core";
import { listAgents } from "@mcp-mesh/registry/operations/list-agents";
import { listCapabilities, type OfferedCapability } from "@mcp-mesh/registry/operations/list-capabilities";
import type { Page } from "@mcp-mesh/registry/operations/page";
import { openRegistry } from "@mcp-mesh/registry/registry";
import { recordJson } from "@mcp-mesh/registry/state/agent-json";
import { MemoryDatabase, openMemoryStore } from "@mcp-mesh/registry/store/memory/memory-store";
import fc from "fast-check";
import { agentRecord, capabilityRecord } from "../support/agent-record.ts";
import { effort } from "../support/effort.ts";
import { creation } from "../support/proposed-change.ts";
import { scanAgents, scanCapabilities, type WireAgent } from "./naive-scan.ts";
import * as questions from "./questions.ts";
import { agentQuestion, capabilityQuestion, versionText } from "./questions.ts";
import { REGISTRY_SETTINGS } from "./registry-settings.ts";

/*
 * Whatever combination of filters is asked for, of whatever registry, the answer is that of a naive scan: the same agents
 * and capabilities in the same order, also after changes, also page by page.
 */

const TIME_LIMIT_MS = effort({ short: 60_000, long: 3_500_000 });
const RUNS = effort({ short: 2_000, long: 200_000 });

const some = <T>(items: readonly T[]) => fc.subarray([...items], { maxLength: 3 });
const one = <T>(items: readonly T[]) => fc.constantFrom(...items);

const capability: fc.Arbitrary<CapabilityRecord> = fc
  .record({
    name: one(questions.NAMES),
    version: versionText,
    description: fc.option(one(questions.DESCRIPTIONS)),
    category: fc.option(one(questions.CATEGORIES)),
    stability: one(questions.STABILITIES),
    tags: some(questions.TAGS),
  })
  .map((fields) => capabilityRecord(fields));

/** One life of an agent; its id is given by its place. */
const agent: fc.Arbitrary<Partial<AgentRecord>> = fc.record({
  namespace: one(questions.NAMESPACES),
  status: one(questions.STATUSES),
  labels: some(questions.LABEL_KEYS).chain((keys) =>
    fc
      .array(one(questions.LABEL_VALUES), { minLength: keys.length, maxLength: keys.length })
      .map((values) => Object.fromEntries(keys.map((key, index) => [key, values[index] as string]))),
  ),
  // Few, so that some share one: ties go by id.
  updatedAtMs: fc.integer({ min: 1_749_643_200_000, max: 1_749_643_200_003 }),
  capabilities: fc.uniqueArray(capability, { maxLength: 4, selector: ({ name, version }) => `${name}@${version}` }),
});

interface Change {
  readonly id: string;
  /** null: the agent goes. */
  readonly to: Partial<AgentRecord> | null;
}

const change: fc.Arbitrary<Change> = fc.record({ id: one(questions.IDS), to: fc.option(agent, { freq: 3 }) });
const history = fc.array(change, { maxLength: 16 });

test(
  "agents: any combination of filters answers as a naive scan does",
  async () => {
    const asked = fc.array(agentQuestion, { minLength: 1, maxLength: 8 });
    const property = fc.asyncProperty(history, asked, async (changes, asks) => {
      const core = await registryAfter(changes);
      for (const { question, query } of asks) {
        const wanted = newestFirst(core, scanAgents(wireAgents(core), question));
        const { items, total, version } = agentsOf(core, query);
        expect({ query, ids: items.map(({ id }) => id) }).toEqual({ query, ids: [...wanted] });
        expect([total, version]).toEqual([wanted.length, core.state.head]);
      }
    });
    await fc.assert(property, { numRuns: RUNS });
  },
  TIME_LIMIT_MS,
);

test(
  "capabilities: any combination of filters answers as a naive scan does",
  async () => {
    const asked = fc.array(capabilityQuestion, { minLength: 1, maxLength: 8 });
    const property = fc.asyncProperty(history, asked, async (changes, asks) => {
      const core = await registryAfter(changes);
      for (const { question, query } of asks) {
        const wanted = scanCapabilities(wireAgents(core), question).map((found) => [
          found.agent.id,
          found.capability.id,
        ]);
        const { items, total, version } = capabilitiesOf(core, query);
        const found = items.map((item) => [item.agent.id, item.capability.id]);
        expect({ query, found }).toEqual({ query, found: wanted });
        expect([total, version]).toEqual([wanted.length, core.state.head]);
      }
    });
    await fc.assert(property, { numRuns: RUNS });
  },
  TIME_LIMIT_MS,
);

test("of these questions some find nothing, some something, and some everything", async () => {
  const answers = { nothing: 0, something: 0, everything: 0 };
  const histories = fc.sample(history, { numRuns: 300, seed: 1 });
  for (const [index, { question }] of fc.sample(agentQuestion, { numRuns: 300, seed: 2 }).entries()) {
    const all = wireAgents(await registryAfter(histories[index] ?? []));
    const found = scanAgents(all, question).length;
    if (all.length > 0) answers[found === 0 ? "nothing" : found === all.length ? "everything" : "something"]++;
  }
  expect(Math.min(...Object.values(answers))).toBeGreaterThan(5);
});

describe("pages, with changes between them, join to the whole list as it was", () => {
  const pauses = fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 6 });
  const limits = fc.integer({ min: 1, max: 5 });

  test(
    "agents",
    async () => {
      const property = fc.asyncProperty(
        history,
        agentQuestion,
        limits,
        pauses,
        async (changes, { query }, limit, between) => {
          const { joined, whole } = await walk(await registryAfter(changes), agentsOf, query, limit, between);
          expect(joined.map(recordJson)).toEqual(whole.map(recordJson));
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    },
    TIME_LIMIT_MS,
  );

  test(
    "capabilities",
    async () => {
      const property = fc.asyncProperty(
        history,
        capabilityQuestion,
        limits,
        pauses,
        async (changes, { query }, limit, between) => {
          const { joined, whole } = await walk(await registryAfter(changes), capabilitiesOf, query, limit, between);
          expect(joined).toEqual([...whole]);
        },
      );
      await fc.assert(property, { numRuns: RUNS });
    },
    TIME_LIMIT_MS,
  );
});

/** Reads a list page by page, changing the registry after each page, and the whole list before all that. */
async function walk<Item>(
  core: RegistryCore,
  read: (core: RegistryCore, query: string) => Page<Item>,
  query: string,
  limit: number,
  between: readonly (readonly Change[])[],
): Promise<{ readonly joined: readonly Item[]; readonly whole: readonly Item[] }> {
  const { items: whole, version } = read(core, query);
  const joined: Item[] = [];
  let page = read(core, `${query}&limit=${limit}`);
  for (let turn = 0; ; turn++) {
    expect([page.version, page.total]).toEqual([version, whole.length]);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    joined.push(...page.items);
    expect(joined.length).toBeLessThanOrEqual(whole.length);
    if (page.next === null) return { joined, whole };
    for (const next of between[turn] ?? []) await apply(core, next);
    page = read(core, `limit=${limit}&continue=${page.next}&${query}`);
  }
}

function agentsOf(core: RegistryCore, query: string): Page<AgentRecord> {
  return answerOf(listAgents(core, answerOf(agentListQuery(query))));
}

function capabilitiesOf(core: RegistryCore, query: string): Page<OfferedCapability> {
  return answerOf(listCapabilities(core, answerOf(capabilityListQuery(query))));
}

function answerOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.message);
}

/** A registry that loaded the first half of a history, and lived through the second. */
async function registryAfter(changes: readonly Change[]): Promise<RegistryCore> {
  const clock = new ManualClock();
  const store = openMemoryStore(new MemoryDatabase(), { replica: "registry", clock });
  const half = Math.floor(changes.length / 2);
  const loaded = new Map(changes.slice(0, half).map(({ id, to }) => [id, to]));
  const stored = [...loaded].flatMap(([id, to]) => (to === null ? [] : [creation(agentRecord({ ...to, id }))]));
  if (stored.length > 0) await store.commit(stored);
  const defer = (run: () => void) => queueMicrotask(run);
  const { core } = await openRegistry({ store, clock, timers: clock, defer, log: () => {}, ...REGISTRY_SETTINGS });
  for (const change of changes.slice(half)) await apply(core, change);
  return core;
}

async function apply({ writer, clock }: RegistryCore, { id, to }: Change): Promise<void> {
  const result = await writer.change(id, (existing) => {
    if (existing === null && to === null) return ok({ change: null, answer: () => null });
    const change = {
      new: to && agentRecord({ ...to, id }),
      cause: existing === null ? ("register" as const) : to === null ? ("unregister" as const) : ("update" as const),
      beatMs: null,
      atMs: clock.nowMs(),
      reason: null,
      tombstone: to === null,
      health: null,
    };
    return ok({ change, answer: () => null });
  });
  answerOf(result);
}

/** All agents as clients see them. */
function wireAgents({ state }: RegistryCore): readonly WireAgent[] {
  return [...state.entries()].map(({ record }) => JSON.parse(`${recordJson(record)}}`) as WireAgent);
}

/** Ids by last change, newest first, ties by id: by the millisecond, of which the wire shows only the second. */
function newestFirst({ state }: RegistryCore, agents: readonly WireAgent[]): readonly string[] {
  const changedMs = (id: string): number => state.get(id)?.record.updatedAtMs ?? 0;
  return agents
    .map(({ id }) => id)
    .sort((a, b) => (changedMs(a) === changedMs(b) ? (a < b ? -1 : 1) : changedMs(b) - changedMs(a)));
}
