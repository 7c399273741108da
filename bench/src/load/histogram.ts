/**
 * Latencies in log-linear buckets: exact below 256 microseconds, at most 0.8 % wide above. A fixed array, so that
 * recording costs the load generator the same for one request as for ten million.
 */
const EXACT_BELOW = 256;
const BUCKETS_PER_OCTAVE = 128;
const LARGEST_US = 2 ** 31 - 1;

function bucketOf(us: number): number {
  if (us < EXACT_BELOW) return us;
  const shift = 24 - Math.clz32(us);
  return EXACT_BELOW + (shift - 1) * BUCKETS_PER_OCTAVE + ((us >>> shift) - BUCKETS_PER_OCTAVE);
}

function upperEdgeOf(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket;
  const octave = Math.floor((bucket - EXACT_BELOW) / BUCKETS_PER_OCTAVE);
  const step = (bucket - EXACT_BELOW) % BUCKETS_PER_OCTAVE;
  return (BUCKETS_PER_OCTAVE + step + 1) * 2 ** (octave + 1) - 1;
}

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export class Histogram {
  readonly #counts = new Uint32Array(bucketOf(LARGEST_US) + 1);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  record(ms: number): void {
    const us = Math.min(Math.max(Math.round(ms * 1000), 0), LARGEST_US);
    const bucket = bucketOf(us);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** The smallest bucket edge in milliseconds that `share` (0..1) of all values do not exceed; 0 when empty. */
  percentileMs(share: number): number {
    const wanted = Math.ceil(this.#count * share);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= wanted && seen > 0) return Math.min(upperEdgeOf(bucket) / 1000, this.#maxMs);
    }
    return 0;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      p50Ms: this.percentileMs(0.5),
      p90Ms: this.percentileMs(0.9),
      p99Ms: this.percentileMs(0.99),
      p999Ms: this.percentileMs(0.999),
      maxMs: this.#maxMs,
    };
  }
}
