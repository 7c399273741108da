import type { Result } from "@mcp-mesh/protocol";
import { LRUCache } from "lru-cache";
import type { ResourceVersion } from "../domain/agent.ts";
import type { RegistryCore } from "../operations/core.ts";
import { type Answer, type Body, emptyAnswer, errorAnswer, failureAnswer, jsonAnswer } from "./answer.ts";
import { compress, GZIP_LEVEL } from "./compression.ts";
import {
  type EncodableList,
  encodeAtOnce,
  encodeInTurns,
  encodeToFile,
  estimateLength,
  ITEMS_PER_TURN,
} from "./list-encoding.ts";
import type { Call } from "./router.ts";
import { SPOOLED_MS, type Spool, SpoolFile } from "./spool.ts";

/** Longer lists are not kept but sent from disk. */
const SPOOLED_FROM_BYTES = 8 * 1024 * 1024;
/** When only beats have moved, a kept list may show them this late (spec README, decision 2). */
const LEASE_STALENESS_MS = 1_000;

/** Long lists waiting to be encoded. */
const LONG_LISTS = 8;
const TOO_MANY = errorAnswer(
  "store_unavailable",
  "Too many long lists at once; ask for pages with limit, or try again later",
);

interface Kept {
  /** In memory, or the file it was spooled to. */
  readonly body: Uint8Array<ArrayBuffer> | SpoolFile;
  readonly etag: string;
  readonly head: ResourceVersion;
  readonly leaseChanges: number;
  readonly builtAtMs: number;
  compressed: Body | Promise<Body> | null;
}

export interface ListCacheOptions {
  /** 0 keeps nothing. */
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly spool: Spool;
  /** Lets other requests in during a long encoding. */
  readonly yieldTurn: () => Promise<void>;
}

/**
 * Answers lists. A list is a function of a log position and a query, so a kept body is valid exactly while that position is
 * the newest, and nothing ever has to be cleared (registry-api 5.8).
 */
export class ListAnswers {
  readonly #core: RegistryCore;
  readonly #options: ListCacheOptions;
  readonly #kept: LRUCache<string, Kept>;
  /** Long lists being encoded: a hundred clients that ask at once get one body, and long ones wait for each other. */
  readonly #underway = new Map<string, Promise<Kept>>();
  #lastLong: Promise<unknown> = Promise.resolve();

  constructor(core: RegistryCore, options: ListCacheOptions) {
    this.#core = core;
    this.#options = options;
    this.#kept = new LRUCache({
      max: options.maxEntries,
      maxSize: options.maxBytes,
      // A compressed twin is about a tenth.
      sizeCalculation: ({ body }, target) =>
        (body instanceof SpoolFile ? 0 : Math.ceil(body.byteLength * 1.15)) + target.length * 2 + 200,
    });
  }

  get entries(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  answer(call: Call, list: () => Result<EncodableList>): Answer | Promise<Answer> {
    const kept = this.#kept.get(call.target);
    if (kept !== undefined && this.#isCurrent(kept)) {
      this.#core.counters.cacheHits++;
      return keptAnswer(call, kept);
    }
    this.#core.counters.cacheMisses++;
    const made = list();
    if (!made.ok) return failureAnswer(made.error);
    const etag = `W/"${made.value.version}-${made.value.hash}"`;
    if (matchesEtag(call.request, etag)) return notModified(etag);
    if (made.value.count > ITEMS_PER_TURN) return this.#long(call, made.value, etag);
    const body = encodeAtOnce(made.value, this.#core.clock.nowMs());
    return keptAnswer(call, this.#keep(call, made.value, etag, body));
  }

  async #long(call: Call, list: EncodableList, etag: string): Promise<Answer> {
    const key = `${call.target} ${list.version}`;
    let encoded = this.#underway.get(key);
    if (encoded === undefined) {
      if (this.#options.spool.isFull || this.#underway.size >= LONG_LISTS) return TOO_MANY;
      encoded = this.#lastLong.then(() => this.#encodeLong(call, list, etag)).finally(() => this.#underway.delete(key));
      this.#underway.set(key, encoded);
      this.#lastLong = encoded.catch(() => undefined);
    }
    return keptAnswer(call, await encoded);
  }

  async #encodeLong(call: Call, list: EncodableList, etag: string): Promise<Kept> {
    const { spool, yieldTurn } = this.#options;
    const nowMs = this.#core.clock.nowMs();
    if (estimateLength(list) >= SPOOLED_FROM_BYTES) {
      try {
        const file = spool.create();
        await encodeToFile(list, nowMs, yieldTurn, file);
        return this.#keep(call, list, etag, file);
      } catch (error) {
        // Reads go on without a disk: then the list takes the memory it takes.
        this.#core.log("warn", `A long list could not be written to the temporary folder: ${messageOf(error)}`);
      }
    }
    const parts: Uint8Array<ArrayBuffer>[] = [];
    await encodeInTurns(list, nowMs, yieldTurn, (part) => parts.push(part));
    return this.#keep(call, list, etag, new Uint8Array(Bun.concatArrayBuffers(parts)));
  }

  #isCurrent(kept: Kept): boolean {
    const { state, clock } = this.#core;
    if (kept.head !== state.head) return false;
    const ageMs = clock.monotonicMs() - kept.builtAtMs;
    if (kept.body instanceof SpoolFile && (ageMs > SPOOLED_MS || !kept.body.exists)) return false;
    return ageMs < this.#options.ttlMs && (kept.leaseChanges === state.leaseChanges || ageMs < LEASE_STALENESS_MS);
  }

  #keep(call: Call, list: EncodableList, etag: string, body: Kept["body"]): Kept {
    const { state, clock } = this.#core;
    const kept: Kept = {
      body,
      etag,
      head: list.version,
      leaseChanges: state.leaseChanges,
      builtAtMs: clock.monotonicMs(),
      compressed: null,
    };
    const before = this.#kept.get(call.target)?.body;
    if (before instanceof SpoolFile) this.#options.spool.retire(before);
    if (this.#options.ttlMs > 0 && list.version === state.head) this.#kept.set(call.target, kept);
    else if (body instanceof SpoolFile) this.#options.spool.retire(body);
    return kept;
  }
}

function keptAnswer(call: Call, kept: Kept): Answer {
  if (matchesEtag(call.request, kept.etag)) return notModified(kept.etag);
  const { body, etag } = kept;
  return {
    ...jsonAnswer(200, body instanceof SpoolFile ? body.blob : body, { ETag: etag }),
    gzip: () => {
      kept.compressed ??= body instanceof SpoolFile ? body.compressed(GZIP_LEVEL) : compress(body);
      return kept.compressed;
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Weak comparison, as RFC 9110 asks of If-None-Match. */
function matchesEtag(request: Request, etag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  if (header.trim() === "*") return true;
  const opaque = etag.slice(2);
  return header.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === opaque);
}

const notModified = (etag: string): Answer => emptyAnswer(304, { ETag: etag });
