import { type ErrorCode, HTTP_ERRORS } from "@mcp-mesh/protocol";
import { refTo } from "./schemas.ts";

interface ErrorText {
  readonly description: string;
  readonly detail: string;
}

/** What each error means to a client; total, so that a new code without a text does not compile. */
const ERROR_TEXTS: Record<ErrorCode, ErrorText> = {
  invalid_request: {
    description:
      "The request cannot be understood or breaks a rule; `detail` says which. Sending it again changes nothing.",
    detail: "Key: 'HeartbeatRequest.AgentID' Error:Field validation for 'AgentID' failed on the 'required' tag",
  },
  forbidden: {
    description:
      "The `Host` header is no name of this machine, or a web page of another origin tries to change something. The operator " +
      "can allow both.",
    detail: "Origin not allowed to change anything: add it to ALLOWED_ORIGINS",
  },
  agent_not_found: { description: "No such agent.", detail: "Agent nobody not found" },
  route_not_found: { description: "No such path, or switched off by the operator.", detail: "Not Found" },
  method_not_allowed: { description: "The path exists, but not with this method.", detail: "Method Not Allowed" },
  request_timeout: {
    description: "The body did not arrive in time.",
    detail: "Request body not received within 30 s",
  },
  resource_version_conflict: {
    description: "The agent has changed since the version that the request names. Read it again and decide again.",
    detail: "Resource version conflict",
  },
  resource_version_gone: {
    description: "The moment that the `continue` token shows has left the log. Start again without a token.",
    detail: "continue: this list is too old to go on with; start again without a token",
  },
  request_too_large: { description: "The body exceeds 4 MiB.", detail: "Request body too large" },
  internal: { description: "A bug of the registry.", detail: "Internal Server Error" },
  store_unavailable: {
    description:
      "The database does not take the change; it may or may not have been stored, so read before sending it again.",
    detail: "Failed to register agent: database or disk is full",
  },
};

export const RETRY_AFTER = { description: "Seconds to wait before the next attempt.", schema: { type: "integer" } };
const ALLOW = { description: "The methods this path has.", schema: { type: "string" }, example: "GET, HEAD, OPTIONS" };

/** Responses that routes share, under the codes of `HTTP_ERRORS`. */
export function errorResponses(): Record<string, object> {
  return Object.fromEntries(Object.keys(HTTP_ERRORS).map((code) => [code, errorResponse(code as ErrorCode)]));
}

function errorResponse(code: ErrorCode): object {
  const { description, detail } = ERROR_TEXTS[code];
  const headers = {
    ...(HTTP_ERRORS[code].retryable ? { "Retry-After": RETRY_AFTER } : {}),
    ...(code === "method_not_allowed" ? { Allow: ALLOW } : {}),
  };
  return {
    description,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: { "application/json": { schema: refTo("Error"), example: { detail, error: detail } } },
  };
}

export const refToError = (code: ErrorCode): object => ({ $ref: `#/components/responses/${code}` });
