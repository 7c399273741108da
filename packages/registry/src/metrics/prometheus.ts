import { LATENCY_BUCKETS, type RequestMetrics, type RouteMetrics } from "./request-metrics.ts";

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** One metric as the exposition format knows it. Names and help texts of the whole registry stand in `catalogue.ts`. */
export interface Sample {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly values: readonly {
    readonly value: number;
    readonly labels?: Readonly<Record<string, string | number>>;
    readonly metricName?: string;
  }[];
}

/**
 * Writes samples in Prometheus' text form. `prom-client` escapes and formats; it is loaded with the first scrape, because it
 * costs 8 MB that a laptop's registry never needs, and only collects: counting stays with plain numbers.
 */
export async function writeExposition(samples: readonly Sample[]): Promise<string> {
  const { Registry } = await import("prom-client");
  const registry = new Registry();
  for (const sample of samples) {
    const metric = { name: sample.name, get: async () => ({ ...sample, aggregator: "sum" }) };
    registry.registerMetric(metric as unknown as Parameters<typeof registry.registerMetric>[0]);
  }
  return registry.metrics();
}

/** Request counters and latencies per route. */
export function requestSamples(requests: RequestMetrics): Sample[] {
  const routes = requests.all().filter((route) => route.count > 0);
  return [
    {
      name: "mcp_registry_http_requests_total",
      help: "HTTP requests answered, by route and status code",
      type: "counter",
      values: routes.flatMap((route) =>
        [...route.byStatus].map(([status, value]) => ({ value, labels: { ...labelsOf(route), status } })),
      ),
    },
    {
      name: "mcp_registry_http_request_duration_seconds",
      help: "Time from a request's arrival to its answer, in seconds",
      type: "histogram",
      values: routes.flatMap(histogramValues),
    },
  ];
}

const labelsOf = ({ method, path }: RouteMetrics) => ({ method, route: path });

function histogramValues(route: RouteMetrics) {
  const name = "mcp_registry_http_request_duration_seconds";
  const labels = labelsOf(route);
  let cumulative = 0;
  const buckets = route.buckets.map((count, index) => {
    cumulative += count;
    const le = LATENCY_BUCKETS[index] ?? "+Inf";
    return { metricName: `${name}_bucket`, value: cumulative, labels: { le, ...labels } };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, value: route.totalSeconds, labels },
    { metricName: `${name}_count`, value: route.count, labels },
  ];
}
