import {
  type Binding,
  type HeartbeatRequest,
  parseAgentHeartbeatBody,
  parseCapabilitiesBody,
  parseHealthReportBody,
  parseHeartbeatBody,
  parseLegacyRegistrationBody,
  parseRegistrationBody,
  type RegistrationRequest,
  type Result,
} from "@mcp-mesh/protocol";
import type { RegistryCore } from "../../operations/core.ts";
import type { ExpectedVersion } from "../../operations/expected-version.ts";
import { heartbeat } from "../../operations/heartbeat.ts";
import { registerAgent } from "../../operations/register-agent.ts";
import { registerCapabilities } from "../../operations/register-capabilities.ts";
import type { Beaten } from "../../operations/resolved-dependencies.ts";
import { unregisterAgent } from "../../operations/unregister-agent.ts";
import { formatTimestamp } from "../../state/timestamp.ts";
import { type Answer, emptyAnswer, errorAnswer, failureAnswer, jsonAnswer, objectAnswer } from "../answer.ts";
import type { BodyReader } from "../body.ts";
import type { Call, Route } from "../router.ts";

/** What agents send of themselves. */
export function agentRoutes(core: RegistryCore, bodies: BodyReader): Route[] {
  const post = (path: string, handle: (text: string, call: Call) => Answer | Promise<Answer>): Route => ({
    method: "POST",
    path,
    handle: async (call) => {
      const body = await bodies.read(call.request);
      return body.ok ? handle(body.value, call) : failureAnswer(body.error);
    },
  });
  return [
    post("/agents/register_with_metadata", (text, call) => register(core, parseRegistrationBody(text), call)),
    post("/agents/register", (text, call) => register(core, parseLegacyRegistrationBody(text), call)),
    post("/agents/register_capabilities", (text) => capabilities(core, text)),
    post("/heartbeat", (text) => beat(core, parseHeartbeatBody(text))),
    post("/agents/heartbeat", (text) => beat(core, parseAgentHeartbeatBody(text))),
    post("/agents/{id}/health", (text, { id }) => beat(core, parseHealthReportBody(id, text))),
    { method: "DELETE", path: "/agents/{id}", handle: (call) => unregister(core, call) },
  ];
}

async function register(core: RegistryCore, body: Binding<RegistrationRequest>, { request }: Call): Promise<Answer> {
  if (!body.ok) return errorAnswer("invalid_request", body.detail);
  const expected = expectedVersion(request, body.value.metadata.resource_version);
  const result = await registerAgent(core, body.value, expected);
  if (!result.ok) return failureAnswer(result.error);
  const { agentId, resourceVersion, dependencies, warnings } = result.value;
  return objectAnswer(201, {
    status: "success",
    agent_id: agentId,
    resource_version: String(resourceVersion),
    timestamp: formatTimestamp(core.clock.nowMs()),
    message: "Agent registered successfully",
    ...(dependencies === null ? {} : { dependencies_resolved: dependencies }),
    ...(warnings.length === 0 ? {} : { warnings }),
  });
}

function beat(core: RegistryCore, body: Binding<HeartbeatRequest>): Answer | Promise<Answer> {
  if (!body.ok) return errorAnswer("invalid_request", body.detail);
  const result = heartbeat(core, body.value);
  return result instanceof Promise ? result.then((late) => beatAnswer(core, late)) : beatAnswer(core, result);
}

/** Written by hand: this is the hottest answer, and its fields are few and known. */
function beatAnswer(core: RegistryCore, result: Result<Beaten>): Answer {
  if (!result.ok) return failureAnswer(result.error);
  const { agentId, resourceVersion, dependencies } = result.value;
  const resolved = dependencies === null ? "" : `,"dependencies_resolved":${JSON.stringify(dependencies)}`;
  return jsonAnswer(
    200,
    `{"status":"success","timestamp":"${formatTimestamp(core.clock.nowMs())}","message":"Heartbeat recorded","agent_id":${JSON.stringify(agentId)},"resource_version":"${resourceVersion}"${resolved}}`,
  );
}

/** The texts of Go's stub, which every shipped client was written against (registry-api 4.6). */
const NOTHING_STORED = {
  status: "success",
  message: "Enhanced capability registration acknowledged (feature in development)",
};

async function capabilities(core: RegistryCore, text: string): Promise<Answer> {
  const body = parseCapabilitiesBody(text);
  if (!body.ok) return objectAnswer(200, { ...NOTHING_STORED, warning: body.warning });
  const result = await registerCapabilities(core, body.agentId, body.capabilities);
  if (!result.ok) return failureAnswer(result.error);
  if ("refused" in result.value) {
    return objectAnswer(200, { ...NOTHING_STORED, warning: `Nothing stored: ${result.value.refused}` });
  }
  const { updated, resourceVersion } = result.value;
  return objectAnswer(200, {
    status: "success",
    message: "Enhanced capabilities registered",
    agent_id: body.agentId,
    resource_version: String(resourceVersion),
    updated,
  });
}

async function unregister(core: RegistryCore, { request, id }: Call): Promise<Answer> {
  const result = await unregisterAgent(core, id, expectedVersion(request, undefined));
  return result.ok ? emptyAnswer(204) : failureAnswer(result.error);
}

/** `If-Match`, else `resource_version` in the metadata (registry-api 5.9). What is no version is nobody's current one. */
function expectedVersion(request: Request, inBody: unknown): ExpectedVersion {
  const header = request.headers.get("if-match");
  const given = header ?? (typeof inBody === "string" || typeof inBody === "number" ? String(inBody) : null);
  if (given === null || given === "") return null;
  if (given.trim() === "*") return "any";
  const digits = given.trim().match(/^(?:W\/)?"?(\d{1,16})"?$/)?.[1];
  return digits === undefined ? Number.NaN : Number(digits);
}
