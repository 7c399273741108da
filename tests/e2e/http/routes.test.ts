import { expect, test } from "bun:test";
import { systemClock, systemTimers } from "@mcp-mesh/registry/clock";
import { type ApplicationOptions, registryRoutes } from "@mcp-mesh/registry/http/application";
import { BodyReader } from "@mcp-mesh/registry/http/body";
import { ENDPOINTS, endpointsServed } from "@mcp-mesh/registry/http/endpoints";
import { ListAnswers } from "@mcp-mesh/registry/http/list-answers";
import { Spool } from "@mcp-mesh/registry/http/spool";
import { RequestMetrics } from "@mcp-mesh/registry/metrics/request-metrics";
import { startHttpRegistry } from "../../support/http-registry.ts";

const lines = (endpoints: readonly { readonly method: string; readonly path: string }[]): string[] =>
  endpoints.map(({ method, path }) => `${method} ${path}`).sort();

test.each([{}, { ENABLE_METRICS: "false" }, { ENABLE_PROMETHEUS: "false" }])(
  "the routes are those of the table of endpoints, each once, with %j",
  async (environment) => {
    await using registry = await startHttpRegistry({ environment });
    const { core, config } = registry;
    const options: Pick<ApplicationOptions, "core" | "config" | "accessLog" | "residentBytes"> = {
      ...{ core, config, accessLog: null, residentBytes: () => 0 },
    };
    const routes = registryRoutes(options, {
      lists: new ListAnswers(core, {
        ...{
          ttlMs: 0,
          maxEntries: 1,
          maxBytes: 1024,
          spool: new Spool(systemTimers),
          yieldTurn: async () => undefined,
        },
      }),
      bodies: new BodyReader(systemClock),
      requests: new RequestMetrics(),
      server: () => ({ active: 0, isDraining: false }),
    });
    expect(lines(routes)).toEqual(lines(endpointsServed(config)));
    expect(new Set(lines(ENDPOINTS)).size).toBe(ENDPOINTS.length);
  },
);

test("every endpoint of the table answers, and no other method of its path", async () => {
  await using registry = await startHttpRegistry();
  for (const { method, path } of ENDPOINTS) {
    const { status } = await registry.fetch(path.replace("{id}", "nobody"), { method });
    expect({ method, path, isServed: status !== 405 && status < 500 }).toEqual({ method, path, isServed: true });
  }
  const methodsByPath = Map.groupBy(ENDPOINTS, ({ path }) => path);
  for (const [path, endpoints] of methodsByPath) {
    const allowed = endpoints.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    const response = await registry.fetch(path.replace("{id}", "nobody"), { method: "PATCH" });
    expect({ path, allow: response.headers.get("allow")?.split(", ").sort() }).toEqual({
      path,
      allow: [...allowed, "OPTIONS"].sort(),
    });
  }
});
