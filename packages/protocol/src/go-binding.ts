/**
 * From the text of a request body to a value, or to the exact `detail` text that the Go registry gives (registry-api 2.1):
 * the first type the decoder could not store, in the order of the text, else one line per required field that is missing.
 * Agents and tests read these texts, so they are built here by hand instead of by the schemas' own messages; that both agree
 * on what is acceptable is proven by `go-binding.test.ts`. By hand also because a heartbeat is the hottest path there is.
 */
import { type HeartbeatRequest, MAX_STATUS_LENGTH } from "./heartbeat.ts";
import { isJsonObject, parseJsonText, type UnknownObject } from "./json-text.ts";
import type { RegistrationRequest } from "./registration.ts";
import { storableText } from "./safe-text.ts";

export type Binding<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly detail: string };

const GO_TYPES = { text: "string", object: "map[string]interface {}" } as const;

interface GoField {
  readonly key: string;
  readonly goName: string;
  readonly type: keyof typeof GO_TYPES;
  readonly isRequired: boolean;
}

interface GoStruct {
  readonly name: string;
  readonly fields: readonly GoField[];
}

const field = (key: string, goName: string, type: GoField["type"], isRequired = false): GoField => ({
  key,
  goName,
  type,
  isRequired,
});

const REGISTRATION: GoStruct = {
  name: "AgentRegistrationRequest",
  fields: [
    field("agent_id", "AgentID", "text", true),
    field("metadata", "Metadata", "object", true),
    field("timestamp", "Timestamp", "text", true),
  ],
};

const HEARTBEAT: GoStruct = {
  name: "HeartbeatRequest",
  fields: [
    field("agent_id", "AgentID", "text", true),
    field("status", "Status", "text"),
    field("metadata", "Metadata", "object"),
  ],
};

// Go serves none of the following three; the texts have the same form so that a client sees one kind of error.
const LEGACY_REGISTRATION: GoStruct = {
  name: "LegacyRegistrationRequest",
  fields: [field("agent_name", "AgentName", "text", true), field("timestamp", "Timestamp", "text", true)],
};

const AGENT_HEARTBEAT: GoStruct = {
  name: "AgentHeartbeatRequest",
  fields: [
    field("agent_name", "AgentName", "text", true),
    field("status", "Status", "text"),
    field("metadata", "Metadata", "object"),
  ],
};

const HEALTH_REPORT: GoStruct = {
  name: "HealthReportRequest",
  fields: [
    field("agent_id", "AgentID", "text"),
    field("status", "Status", "text"),
    field("health_data", "HealthData", "object"),
  ],
};

/** Body of `POST /agents/register_with_metadata`. Only its outer shape; `metadata` is judged by the registry's rules. */
export function parseRegistrationBody(text: string): Binding<RegistrationRequest> {
  const body = bindStruct(REGISTRATION, text);
  if (!body.ok) return body;
  return {
    ok: true,
    value: {
      agentId: textOf(body.value.agent_id),
      metadata: objectOf(body.value.metadata),
      timestamp: textOf(body.value.timestamp),
    },
  };
}

/**
 * Body of `POST /heartbeat`. Some type tests beyond `JSON.parse`, because this runs tens of thousands of times a second:
 * 0.6 us for a Python agent's beat, all but 0.02 us of it in `JSON.parse`; with the compiled schema it was 2.1 us.
 */
export function parseHeartbeatBody(text: string): Binding<HeartbeatRequest> {
  const parsed = parseJsonText(text);
  if (!parsed.ok) return parsed;
  if (isJsonObject(parsed.value)) {
    const { agent_id: agentId, status, metadata } = parsed.value;
    const isOrdinary =
      typeof agentId === "string" &&
      agentId !== "" &&
      (status === "healthy" || status === undefined) &&
      (metadata === undefined || isJsonObject(metadata));
    if (isOrdinary)
      return {
        ok: true,
        value: { agentId, status: "healthy", metadata: metadata ?? {} },
      };
  }
  const problem = bindingProblem(HEARTBEAT, parsed.value);
  if (problem !== null) return { ok: false, detail: problem };
  const body = objectOf(parsed.value);
  return heartbeat(textOf(body.agent_id), body.status, objectOf(body.metadata));
}

/** Body of `POST /agents/register`: the same registration, in the words of an older client (registry-api 4.16). */
export function parseLegacyRegistrationBody(text: string): Binding<RegistrationRequest> {
  const bound = bindStruct(LEGACY_REGISTRATION, text);
  if (!bound.ok) return bound;
  const { agent_name, capabilities, dependencies, security_context, timestamp } = bound.value;
  const agentId = textOf(agent_name);
  return {
    ok: true,
    value: {
      agentId,
      metadata: {
        name: agentId,
        capabilities: Array.isArray(capabilities)
          ? capabilities.map((capability) => (typeof capability === "string" ? { name: capability } : capability))
          : capabilities,
        dependencies,
        security_context,
      },
      timestamp: textOf(timestamp),
    },
  };
}

/**
 * Body of `POST /agents/heartbeat`. What the oldest agents say beside `metadata` joins it, so that the beat can adopt them
 * as one from `POST /heartbeat` can (registry-api 4.7, 4.16).
 */
export function parseAgentHeartbeatBody(text: string): Binding<HeartbeatRequest> {
  const bound = bindStruct(AGENT_HEARTBEAT, text);
  if (!bound.ok) return bound;
  const { status, metadata, ...facts } = bound.value;
  return heartbeat(textOf(facts.agent_name), status, {
    ...objectOf(metadata),
    ...facts,
  });
}

/** Body of `POST /agents/{id}/health`: a heartbeat of the agent in the path, whose metadata is `health_data`. */
export function parseHealthReportBody(agentId: string, text: string): Binding<HeartbeatRequest> {
  const bound = bindStruct(HEALTH_REPORT, text);
  return bound.ok ? heartbeat(agentId, bound.value.status, objectOf(bound.value.health_data)) : bound;
}

export type CapabilitiesBody =
  | {
      readonly ok: true;
      readonly agentId: string;
      readonly capabilities: readonly unknown[];
    }
  | { readonly ok: false; readonly warning: string };

/** Body of `POST /agents/register_capabilities`. Never an error: Go's stub took any bytes (registry-api 4.6). */
export function parseCapabilitiesBody(text: string): CapabilitiesBody {
  const parsed = parseJsonText(text);
  if (!parsed.ok)
    return {
      ok: false,
      warning: `Nothing stored: the body is not JSON (${parsed.detail})`,
    };
  const body = parsed.value;
  if (!isJsonObject(body))
    return {
      ok: false,
      warning: "Nothing stored: the body is not a JSON object",
    };
  const { agent_id: agentId, capabilities } = body;
  if (typeof agentId !== "string" || agentId === "") {
    return {
      ok: false,
      warning: "Nothing stored: agent_id is missing or not a string",
    };
  }
  if (!Array.isArray(capabilities))
    return {
      ok: false,
      warning: "Nothing stored: capabilities is not an array",
    };
  return { ok: true, agentId, capabilities };
}

function heartbeat(agentId: string, status: unknown, metadata: UnknownObject): Binding<HeartbeatRequest> {
  const reported = storableText(textOf(status));
  if (reported.length > MAX_STATUS_LENGTH) {
    return {
      ok: false,
      detail: `status cannot exceed ${MAX_STATUS_LENGTH} characters`,
    };
  }
  return {
    ok: true,
    value: {
      agentId,
      status: reported === "" ? "healthy" : reported,
      metadata,
    },
  };
}

function bindStruct(struct: GoStruct, text: string): Binding<UnknownObject> {
  const parsed = parseJsonText(text);
  if (!parsed.ok) return parsed;
  const problem = bindingProblem(struct, parsed.value);
  if (problem !== null) return { ok: false, detail: problem };
  return { ok: true, value: objectOf(parsed.value) };
}

/** Go's text for a body that does not fit its struct, or null. JSON `null` stores nothing, so it only lacks what is required. */
function bindingProblem(struct: GoStruct, body: unknown): string | null {
  if (body !== null && !isJsonObject(body)) {
    return `json: cannot unmarshal ${jsonTypeName(body)} into Go value of type registry.${struct.name}`;
  }
  return typeProblem(struct, body ?? {}) ?? missingFields(struct, body ?? {});
}

/** The decoder goes on after a value it cannot store and reports the first. */
function typeProblem(struct: GoStruct, body: UnknownObject): string | null {
  for (const key of Object.keys(body)) {
    const known = struct.fields.find((candidate) => candidate.key === key);
    if (known === undefined || fits(known.type, body[key])) continue;
    return `json: cannot unmarshal ${jsonTypeName(body[key])} into Go struct field ${struct.name}.${key} of type ${GO_TYPES[known.type]}`;
  }
  return null;
}

function missingFields(struct: GoStruct, body: UnknownObject): string | null {
  const lines = struct.fields
    .filter(({ isRequired, key }) => isRequired && (body[key] === undefined || body[key] === null || body[key] === ""))
    .map(
      ({ goName }) =>
        `Key: '${struct.name}.${goName}' Error:Field validation for '${goName}' failed on the 'required' tag`,
    );
  return lines.length === 0 ? null : lines.join("\n");
}

function fits(type: GoField["type"], value: unknown): boolean {
  return value === null || (type === "text" ? typeof value === "string" : isJsonObject(value));
}

function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const objectOf = (value: unknown): UnknownObject => (isJsonObject(value) ? value : {});
