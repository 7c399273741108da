import { type ErrorCode, HTTP_ERRORS } from "@mcp-mesh/protocol";
import { ENDPOINTS, type Endpoint } from "@mcp-mesh/registry/http/endpoints";
import { errorResponses, refToError } from "./errors.ts";
import { OPERATIONS, type Operation, TAGS } from "./operations.ts";
import { inlineSchema, type JsonSchema, namedSchemas, refTo, type SchemaName } from "./schemas.ts";

const DESCRIPTION =
  "A passive registry for MCP agents. Agents register and send heartbeats; clients ask who is there and who offers what. The " +
  "registry never calls an agent: what it knows of one, the agent has said, and silence has a deadline.\n\n" +
  "Errors have one form, `detail` and the same text as `error`. What may be tried again carries `Retry-After`. Timestamps are " +
  "UTC, in whole seconds.\n\n" +
  "In a query an empty value counts as absent, lists take commas as well as repetition, and `1`, `yes` and `on` are as good as " +
  "`true`. New fields may come at any time: ignore what you do not know. Every `GET` can be asked with `HEAD`; " +
  "answers are compressed for those who accept gzip.";

/** OpenAPI 3.1, put together from the schemas that validate and the table that routes (registry-api 4.14). */
export function openapiDocument() {
  const documented = new Set(Object.keys(OPERATIONS));
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of ENDPOINTS) {
    const key = `${endpoint.method} ${endpoint.path}`;
    const operation = OPERATIONS[key];
    if (operation === undefined) throw new Error(`${key} is served but not described: add it to OPERATIONS`);
    documented.delete(key);
    paths[endpoint.path] = {
      ...paths[endpoint.path],
      [endpoint.method.toLowerCase()]: operationObject(endpoint, operation),
    };
  }
  if (documented.size > 0) throw new Error(`described but not served: ${[...documented].join(", ")}`);
  return {
    openapi: "3.1.0",
    info: { title: "MCP Mesh Registry Service", version: "1.0.0", description: DESCRIPTION, license: { name: "MIT" } },
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: inOrderOf(Object.keys(OPERATIONS), paths),
    components: { schemas: namedSchemas(), responses: errorResponses() },
  };
}

/** Paths in the order in which a reader wants them, which is that of `OPERATIONS`. */
function inOrderOf(keys: readonly string[], paths: Readonly<Record<string, object>>): Record<string, object> {
  const order = new Set(keys.map((key) => key.slice(key.indexOf(" ") + 1)));
  return Object.fromEntries([...order].map((path) => [path, paths[path] ?? {}]));
}

function operationObject({ method, path, purpose }: Endpoint, operation: Operation): object {
  const { id, tag, description, query, headers = {}, body, answers, errors = [] } = operation;
  const parameters = [...pathParameters(path), ...queryParameters(query), ...headerParameters(headers)];
  const ofBody: ErrorCode[] = method === "POST" ? ["request_timeout", "request_too_large"] : [];
  const all: ErrorCode[] = [...errors, "forbidden", ...ofBody, "internal"];
  return {
    operationId: id,
    tags: [tag],
    summary: purpose,
    description,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentObject(body) } }),
    responses: { ...answersObject(answers), ...errorsObject(all) },
  };
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    description: "Id of the agent as it registered, percent-encoded.",
    schema: { type: "string" },
    example: "greet_from_mcp_mesh",
  }));
}

function queryParameters(query: Operation["query"]): object[] {
  if (query === undefined) return [];
  const properties = inlineSchema(query)["properties"] as Record<string, JsonSchema>;
  return Object.entries(properties).map(([name, { description, examples, "x-alias-of": aliasOf, ...schema }]) => ({
    name,
    in: "query",
    description,
    ...(aliasOf === undefined ? {} : { "x-alias-of": aliasOf }),
    ...(schema["type"] === "array" ? { style: "form", explode: false } : {}),
    schema: examples === undefined || isEmptyArray(examples) ? schema : { ...schema, examples },
  }));
}

const isEmptyArray = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

function headerParameters(headers: Readonly<Record<string, string>>): object[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: "header",
    description,
    schema: { type: "string" },
  }));
}

function answersObject(answers: Operation["answers"]): Record<string, object> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { content, ...answer }]) => [
      status,
      { ...answer, ...(content === undefined ? {} : { content: contentObject(content) }) },
    ]),
  );
}

function contentObject(content: NonNullable<Operation["body"]>): object {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema, ...media }]) => [
      type,
      { schema: typeof schema === "string" ? refTo(schema as SchemaName) : schema, ...media },
    ]),
  );
}

function errorsObject(codes: readonly ErrorCode[]): Record<string, object> {
  return Object.fromEntries(codes.map((code) => [HTTP_ERRORS[code].status, refToError(code)]));
}
