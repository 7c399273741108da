import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HTTP_ERRORS } from "@mcp-mesh/protocol";
import { agentQuerySchema, capabilityQuerySchema } from "@mcp-mesh/protocol/schemas/list-queries";
import { LIFECYCLE_STATUSES } from "@mcp-mesh/registry/domain/agent";
import { agentListQuery, capabilityListQuery } from "@mcp-mesh/registry/http/list-query";
import { OPENAPI_FILE, openapiText } from "./openapi.ts";
import { ROOT } from "./run-process.ts";

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, { readonly headers?: object }>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description: string }[];
}

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly enum?: readonly string[];
}

const document = JSON.parse(openapiText()) as Document;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

test("the committed file is what the generator gives: run `npm run openapi` after a change", () => {
  expect(readFileSync(join(ROOT, OPENAPI_FILE), "utf8")).toBe(openapiText());
});

test("it has the version, title and interface version that clients of the Python registry know", () => {
  expect(document.openapi).toBe("3.1.0");
  expect(document.info).toMatchObject({ title: "MCP Mesh Registry Service", version: "1.0.0" });
});

test("every route has an id of its own, a known tag, and describes its parameters", () => {
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const tags = document.tags.map(({ name }) => name);
  for (const operation of operations) {
    expect(tags).toContain(operation.tags[0]!);
    for (const { description } of operation.parameters ?? []) expect(description).not.toBe("");
  }
});

test("every schema and every field has a description, and none is left unused", () => {
  const text = JSON.stringify(document);
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    expect([name, schema.description]).toEqual([name, expect.stringMatching(/\S/)]);
    expect([name, text.includes(`"#/components/schemas/${name}"`)]).toEqual([name, true]);
    for (const [field, property] of Object.entries(schema.properties ?? {})) {
      // A fixed text says all itself, and a named schema has a description of its own.
      if (!("const" in property || "$ref" in property))
        expect([name, field, property.description]).toEqual([name, field, expect.any(String)]);
    }
  }
});

test("it holds every error code, with Retry-After where the table says so", () => {
  const { responses } = document.components;
  expect(Object.keys(responses)).toEqual(Object.keys(HTTP_ERRORS));
  for (const [code, { retryable }] of Object.entries(HTTP_ERRORS)) {
    expect([code, "Retry-After" in (responses[code]?.headers ?? {})]).toEqual([code, retryable]);
  }
});

test("the life of an agent has the same words here and in the domain", () => {
  expect(document.components.schemas["Agent"]?.properties?.["lifecycle_status"]?.enum).toEqual([...LIFECYCLE_STATUSES]);
});

describe("the query parameters", () => {
  const spies: { mockRestore(): void }[] = [];
  afterEach(() => {
    for (const spy of spies.splice(0)) spy.mockRestore();
  });

  /** The names that a parser asks its query for. */
  function namesRead(parse: (query: string) => unknown): string[] {
    const names = new Set<string>();
    const { prototype } = URLSearchParams;
    const { get, getAll } = prototype;
    spies.push(
      spyOn(prototype, "get").mockImplementation(function (this: URLSearchParams, name) {
        names.add(name);
        return get.call(this, name);
      }),
      spyOn(prototype, "getAll").mockImplementation(function (this: URLSearchParams, name) {
        names.add(name);
        return getAll.call(this, name);
      }),
    );
    parse("");
    return [...names].sort();
  }

  const documented = (path: string) =>
    document.paths[path]?.["get"]?.parameters?.filter((parameter) => parameter.in === "query").map(({ name }) => name);

  test.each([
    ["/agents", agentQuerySchema, agentListQuery],
    ["/capabilities", capabilityQuerySchema, capabilityListQuery],
  ] as const)("of %s are those that the registry reads", (path, schema, parse) => {
    expect(Object.keys(schema.shape).sort()).toEqual(namesRead(parse));
    expect(documented(path)).toEqual(Object.keys(schema.shape));
  });
});
