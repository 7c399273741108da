/** Upper bounds of the latency buckets, in seconds. */
export const LATENCY_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] as const;

/** Requests of one route: counts by status class and a latency histogram. Plain numbers, counted on every request. */
export class RouteMetrics {
  readonly method: string;
  readonly path: string;
  readonly byStatus = new Map<number, number>();
  /** How many took at most the bound of the same index, and no less than the bound before; the last is "longer". */
  readonly buckets = new Array<number>(LATENCY_BUCKETS.length + 1).fill(0);
  totalSeconds = 0;
  count = 0;

  constructor(method: string, path: string) {
    this.method = method;
    this.path = path;
  }

  observe(status: number, durationMs: number): void {
    const seconds = durationMs / 1000;
    let bucket = 0;
    while (bucket < LATENCY_BUCKETS.length && seconds > (LATENCY_BUCKETS[bucket] as number)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    this.totalSeconds += seconds;
    this.count++;
  }
}

export class RequestMetrics {
  readonly #routes = new Map<string, RouteMetrics>();
  /** What matched no route, whatever it asked for: labels must not grow with what strangers send. */
  readonly unmatched = new RouteMetrics("other", "other");

  route(method: string, path: string): RouteMetrics {
    const key = `${method} ${path}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = new RouteMetrics(method, path);
      this.#routes.set(key, route);
    }
    return route;
  }

  all(): RouteMetrics[] {
    return [...this.#routes.values(), this.unmatched];
  }
}
