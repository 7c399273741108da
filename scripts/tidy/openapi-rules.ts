import { HTTP_ERRORS } from "@mcp-mesh/protocol";
import { ENDPOINTS } from "@mcp-mesh/registry/http/endpoints";
import type { Rule, WorkTree } from "./work-tree.ts";

const FILE = "packages/registry/src/http/openapi.json";
const ADVICE = "run `npm run openapi`";

interface Document {
  readonly paths: Readonly<Record<string, object>>;
  readonly components: {
    readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, object>> }>>;
  };
}

export const describedRoutes: Rule = {
  name: "routes equal the OpenAPI file",
  problems: (tree) => {
    if (!tree.files.includes(FILE)) return [`${FILE} is missing: ${ADVICE}`];
    const described = Object.entries(documentOf(tree).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = ENDPOINTS.map(({ method, path }) => `${method} ${path}`);
    return differences(served, described).map(([name, trouble]) => `${FILE}: ${name} is ${trouble}; ${ADVICE}`);
  },
};

export const describedErrors: Rule = {
  name: "documented error codes equal the table HTTP_ERRORS",
  problems: (tree) => {
    if (!tree.files.includes(FILE)) return [];
    const { responses } = documentOf(tree).components;
    const codes = differences(Object.keys(HTTP_ERRORS), Object.keys(responses));
    return [
      ...codes.map(([code, trouble]) => `${FILE}: the error ${code} is ${trouble}; ${ADVICE}`),
      ...Object.entries(HTTP_ERRORS)
        .filter(([code, { retryable }]) => code in responses && retryable !== saysRetryAfter(responses[code]))
        .map(([code]) => `${FILE}: the error ${code} and HTTP_ERRORS differ on Retry-After; ${ADVICE}`),
    ];
  },
};

const saysRetryAfter = (response: { readonly headers?: object } | undefined): boolean =>
  "Retry-After" in (response?.headers ?? {});

const documentOf = (tree: WorkTree): Document => JSON.parse(tree.read(FILE)) as Document;

function differences(served: readonly string[], described: readonly string[]): (readonly [string, string])[] {
  return [
    ...served.filter((name) => !described.includes(name)).map((name) => [name, "not described"] as const),
    ...described
      .filter((name) => !served.includes(name))
      .map((name) => [name, "described, but there is none"] as const),
  ];
}
