import type { Result } from "@mcp-mesh/protocol";
import type { AgentRecord } from "../../domain/agent.ts";
import { agentNotFoundText } from "../../operations/agent-not-found.ts";
import type { RegistryCore } from "../../operations/core.ts";
import { type ListQuery, listAgents } from "../../operations/list-agents.ts";
import { listCapabilities, type OfferedCapability } from "../../operations/list-capabilities.ts";
import { beatJson, recordJson, wireCapability } from "../../state/agent-json.ts";
import { type Answer, errorAnswer, jsonAnswer } from "../answer.ts";
import type { ListAnswers } from "../list-answers.ts";
import { asList, type EncodableList } from "../list-encoding.ts";
import { agentListQuery, capabilityListQuery } from "../list-query.ts";
import type { Call, Route } from "../router.ts";

export function listRoutes(core: RegistryCore, lists: ListAnswers): Route[] {
  return [
    { method: "GET", path: "/agents", handle: (call) => lists.answer(call, () => agents(core, call)) },
    { method: "GET", path: "/agents/{id}", handle: (call) => agent(core, call) },
    { method: "GET", path: "/capabilities", handle: (call) => lists.answer(call, () => capabilities(core, call)) },
  ];
}

function agents(core: RegistryCore, { query }: Call): Result<EncodableList> {
  const parsed = agentListQuery(query);
  if (!parsed.ok) return parsed;
  const page = listAgents(core, parsed.value);
  if (!page.ok) return page;
  return asList(page.value, "agents", (record) => agentJson(core, record), identityOf(query, parsed.value));
}

function capabilities(core: RegistryCore, { query }: Call): Result<EncodableList> {
  const parsed = capabilityListQuery(query);
  if (!parsed.ok) return parsed;
  const page = listCapabilities(core, parsed.value);
  if (!page.ok) return page;
  return asList(page.value, "capabilities", offeredJson, identityOf(query, parsed.value));
}

function identityOf(query: string, { hash, page }: ListQuery) {
  const { limit, offset, continueToken } = page;
  const isPage = limit !== null || offset > 0 || continueToken !== null;
  return { isPage, hash: isPage ? `${hash}-${Bun.hash(query).toString(36)}` : hash };
}

/** The encoded agent where this is its current record; one from the past of a page is encoded anew. */
function agentJson(core: RegistryCore, record: AgentRecord): string {
  const entry = core.state.get(record.id);
  if (entry?.record === record) return core.state.json.of(entry);
  return recordJson(record) + beatJson(entry?.beatMs ?? null);
}

function offeredJson({ capability, agent: provider }: OfferedCapability): string {
  return JSON.stringify({
    ...wireCapability(capability),
    agent_id: provider.id,
    agent_name: provider.name,
    agent_namespace: provider.namespace,
    agent_status: provider.status,
    agent_endpoint: provider.endpoint,
  });
}

function agent(core: RegistryCore, { id }: Call): Answer {
  const entry = core.state.get(id);
  if (entry === undefined) return errorAnswer("agent_not_found", agentNotFoundText(id));
  return jsonAnswer(200, core.state.json.of(entry), { ETag: `W/"${entry.record.resourceVersion}"` });
}
