import { goQuote, REGISTRATION_LIMITS } from "@mcp-mesh/protocol";

const MAX_PORT = 65_535;

const MAX_QUOTED_URL_LENGTH = 200;

/** Made once: compiling a Unicode class takes 80 us, half of what a whole registration does. */
const CONTROL = /\p{Cc}/u;

export const isHttpEndpoint = (endpoint: string): boolean => /^https?:\/\//.test(endpoint);

export const isStdioEndpoint = (endpoint: string): boolean => endpoint.startsWith("stdio://");

/** How an agent can be reached that has moved to `endpoint`: as before, and over http where it is there now. */
export const transportAt = (endpoint: string, before: readonly string[]): readonly string[] =>
  isHttpEndpoint(endpoint) && !before.includes("http") ? [...before, "http"] : before;

/**
 * What is wrong with a non-empty endpoint, or null. The texts are those of the Go registry, reasons in parentheses after
 * `endpoint must be a valid URL:` those of Go's URL parser (registry-api 2.2). Used for registrations and for the endpoint of
 * a heartbeat (4.7), which is ignored instead of refused.
 */
export function endpointProblem(endpoint: string): string | null {
  if (endpoint.length > REGISTRATION_LIMITS.endpointLength) {
    // It is repeated in every answer that names the agent as a provider.
    return `endpoint cannot exceed ${REGISTRATION_LIMITS.endpointLength} characters`;
  }
  const isStdio = isStdioEndpoint(endpoint);
  if (!isStdio && !isHttpEndpoint(endpoint)) return "endpoint must be a valid HTTP/HTTPS URL or stdio:// protocol";
  const authority = authorityOf(endpoint);
  const reason = textProblem(endpoint) ?? (isStdio ? null : parseProblem(endpoint, authority));
  if (reason !== null) return `endpoint must be a valid URL: parse ${quoted(endpoint)}: ${reason}`;
  return isStdio || hostOf(authority) !== "" ? null : "endpoint must include a valid host";
}

/** User information, host and port: what stands between `//` and the path, query or fragment. */
const authorityOf = (url: string): string => url.slice(url.indexOf("//") + 2).split(/[/?#]/, 1)[0] ?? "";

/** Host with port. */
const hostPortOf = (authority: string): string => authority.slice(authority.lastIndexOf("@") + 1);

const portOf = (hostPort: string): string => hostPort.slice(hostPort.lastIndexOf("]") + 1).match(/:[^:]*$/)?.[0] ?? "";

function hostOf(authority: string): string {
  const hostPort = hostPortOf(authority);
  return hostPort.slice(0, hostPort.length - portOf(hostPort).length);
}

/** What no endpoint may hold, stdio or not: it could not be stored, or would break the line it is logged on. */
function textProblem(url: string): string | null {
  if (CONTROL.test(url)) return "net/url: invalid control character in URL";
  return url.isWellFormed() ? null : "invalid UTF-16";
}

/** The checks of Go's `url.Parse`, in its order, then whatever else the URL standard refuses. */
function parseProblem(url: string, authority: string): string | null {
  const hostPort = hostPortOf(authority);
  if (hostPort.startsWith("[") && !hostPort.includes("]")) return "missing ']' in host";
  const port = portOf(hostPort);
  if (!/^(:\d*)?$/.test(port) || Number(port.slice(1)) > MAX_PORT) return `invalid port ${quoted(port)} after host`;
  const host = hostOf(authority);
  const forbidden = host.match(/[\s"<>\\^`{|}#?/]/)?.[0];
  if (forbidden !== undefined) return `invalid character ${quoted(forbidden)} in host name`;
  // A query is taken as it is, here as in Go.
  const badEscape = url.replace(/\?[^#]*/, "").match(/%(?![0-9a-fA-F]{2}).{0,2}/)?.[0];
  if (badEscape !== undefined) return `invalid URL escape ${quoted(badEscape)}`;
  // Without a host the standard would take the first part of the path for one.
  return host === "" || URL.canParse(url) ? null : "invalid host name";
}

/** Bounded: the text goes back to the caller. */
const quoted = (text: string): string =>
  goQuote(text.length > MAX_QUOTED_URL_LENGTH ? `${text.slice(0, MAX_QUOTED_URL_LENGTH)}...` : text);
