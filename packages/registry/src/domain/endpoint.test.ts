import { expect, test } from "bun:test";
import fc from "fast-check";
import { endpointProblem, isHttpEndpoint, isStdioEndpoint, transportAt } from "./endpoint.ts";

test.each([
  "stdio://greet_from_mcp_mesh",
  "stdio://",
  "http://localhost:8080",
  "https://example.com/mcp?x=%zz#top",
  "http://10.0.0.9:8889",
  "http://my_agent:80",
  "http://[::1]:8080/mcp",
  "http://user:secret@host/",
  "http://host:/",
  "http://b\u00fccher.example",
  "http://host/a%20b c",
])("%s is an endpoint", (endpoint) => {
  expect(endpointProblem(endpoint)).toBeNull();
});

const NO_URL = "endpoint must be a valid HTTP/HTTPS URL or stdio:// protocol";
const NO_HOST = "endpoint must include a valid host";

test.each([
  ["ftp://host", NO_URL],
  ["localhost:8080", NO_URL],
  [" http://host", NO_URL],
  ["HTTP://host", NO_URL],
  ["javascript:alert(1)", NO_URL],
  ["http://", NO_HOST],
  ["https:///path", NO_HOST],
  ["http://:8080", NO_HOST],
  ["http://user@/x", NO_HOST],
  ["http://?x", NO_HOST],
  ["http://[::1", "endpoint must be a valid URL: parse \"http://[::1\": missing ']' in host"],
  ["http://host:abc", 'endpoint must be a valid URL: parse "http://host:abc": invalid port ":abc" after host'],
  ["http://host:70000/", 'endpoint must be a valid URL: parse "http://host:70000/": invalid port ":70000" after host'],
  ["http://a b/", 'endpoint must be a valid URL: parse "http://a b/": invalid character " " in host name'],
  ["http://host /", 'endpoint must be a valid URL: parse "http://host /": invalid character " " in host name'],
  ["http://<b>", 'endpoint must be a valid URL: parse "http://<b>": invalid character "<" in host name'],
  ["http://host/%zz", 'endpoint must be a valid URL: parse "http://host/%zz": invalid URL escape "%zz"'],
  ["http://256.256.256.256", 'endpoint must be a valid URL: parse "http://256.256.256.256": invalid host name'],
  [
    "http://host/\n",
    'endpoint must be a valid URL: parse "http://host/\\n": net/url: invalid control character in URL',
  ],
  [
    "stdio://a\u0000",
    'endpoint must be a valid URL: parse "stdio://a\\x00": net/url: invalid control character in URL',
  ],
  ["stdio://a\ud800", 'endpoint must be a valid URL: parse "stdio://a\\ufffd": invalid UTF-16'],
  [`http://${"a".repeat(2048)}`, "endpoint cannot exceed 2048 characters"],
])("%j is refused", (endpoint, problem) => {
  expect(endpointProblem(endpoint)).toBe(problem);
});

test("whatever is sent, the answer is short and printable, and what passes can be called or is stdio", () => {
  const host = fc.string({ unit: "binary", maxLength: 40 });
  const text = fc.oneof(
    fc.webUrl(),
    host,
    host.map((rest) => `http://${rest}`),
    host.map((rest) => `stdio://${rest}`),
    host.map((rest) => `http://host/${rest}`),
  );
  fc.assert(
    fc.property(text, (endpoint) => {
      const problem = endpointProblem(endpoint);
      if (problem === null) {
        expect(isStdioEndpoint(endpoint) || (isHttpEndpoint(endpoint) && URL.canParse(endpoint))).toBe(true);
        expect(endpoint.isWellFormed()).toBe(true);
      } else {
        expect(problem).not.toMatch(/\p{Cc}/u);
        expect(problem.length).toBeLessThan(2000);
      }
    }),
    { numRuns: 500 },
  );
});

test("an agent that has moved to an http endpoint can be reached over http, beside what it named itself", () => {
  expect(transportAt("http://host", ["stdio"])).toEqual(["stdio", "http"]);
  expect(transportAt("https://host", ["sse"])).toEqual(["sse", "http"]);
  expect(transportAt("http://host", ["http"])).toEqual(["http"]);
  expect(transportAt("stdio://a", ["stdio"])).toEqual(["stdio"]);
});
