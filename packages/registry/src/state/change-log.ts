import type { ResourceVersion } from "../domain/agent.ts";
import type { LogEntry } from "../domain/log-entry.ts";

const RING_BYTES = 32 * 1024 * 1024;

/**
 * The newest part of the log in memory, bounded by bytes. It holds every change after `since`; what is older has to be
 * listed again (410). Versions are not consecutive, so "does it contain N?" is a search and not arithmetic.
 */
export class ChangeLog {
  #entries: (Held | undefined)[] = [];
  #start = 0;
  #bytes = 0;
  #since: ResourceVersion;
  readonly #limitBytes: number;

  constructor(since: ResourceVersion, limitBytes = RING_BYTES) {
    this.#since = since;
    this.#limitBytes = limitBytes;
  }

  /** Every change after this version is here. */
  get since(): ResourceVersion {
    return this.#since;
  }

  get size(): number {
    return this.#entries.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(entry: LogEntry): void {
    const bytes = entryBytes(entry);
    this.#entries.push({ entry, bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#limitBytes && this.size > 1) this.#dropOldest();
  }

  /** The changes after `version`, oldest first, or null when some of them have left the ring or were never given out. */
  after(version: ResourceVersion): readonly LogEntry[] | null {
    if (version < this.#since) return null;
    const from = this.#indexAfter(version);
    const isKnown = version === this.#since || this.#entries[from - 1]?.entry.version === version;
    return isKnown ? this.#entries.slice(from).map((held) => (held as Held).entry) : null;
  }

  #indexAfter(version: ResourceVersion): number {
    let low = this.#start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Held).entry.version <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropOldest(): void {
    const oldest = this.#entries[this.#start] as Held;
    this.#since = oldest.entry.version;
    this.#bytes -= oldest.bytes;
    this.#entries[this.#start] = undefined;
    this.#start++;
    // Shifting an array costs its length; doing so once in a while keeps appending cheap and memory bounded.
    if (this.#start > 1024 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }
}

interface Held {
  readonly entry: LogEntry;
  readonly bytes: number;
}

/**
 * What an entry keeps alive: the previous record is held by nobody else. Its JSON is measured and not guessed, for a record
 * may be as long as a request body.
 */
function entryBytes(entry: LogEntry): number {
  return 256 + (entry.old === null ? 0 : 2 * JSON.stringify(entry.old).length);
}
