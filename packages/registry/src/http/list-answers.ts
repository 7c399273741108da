import type { Result } from "@mcp-mesh/protocol";
import { ok } from "@mcp-mesh/protocol";
import { LRUCache } from "lru-cache";
import type { ResourceVersion } from "../domain/agent.ts";
import type { RegistryCore } from "../operations/core.ts";
import { type Answer, emptyAnswer, failureAnswer, jsonAnswer } from "./answer.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Call } from "./router.ts";

const CACHE_BYTES = 32 * 1024 * 1024;
/** When only beats have moved, a kept list may show them this late (spec README, decision 2). */
const LEASE_STALENESS_MS = 1_000;
/** Above this compressing takes longer than the event loop may be held. */
const SYNC_GZIP_BYTES = 256 * 1024;
/** Half the time of the default level, and a tenth larger. */
const GZIP_LEVEL = 4;
/** Items encoded before other requests get their turn. */
const ITEMS_PER_TURN = 1_000;

/** A list as an operation gives it, with the text of each item made only when it is needed. */
export interface EncodableList {
  /** Name of the array in the body. */
  readonly key: "agents" | "capabilities";
  readonly count: number;
  readonly json: (index: number) => string;
  readonly version: ResourceVersion;
  /** Equal for equal queries, page and all. */
  readonly hash: string;
  readonly isPage: boolean;
  readonly total: number;
  readonly next: string | null;
}

interface Kept {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly head: ResourceVersion;
  readonly leaseChanges: number;
  readonly builtAtMs: number;
  compressed: Uint8Array<ArrayBuffer> | null;
}

export interface ListCacheOptions {
  /** 0 keeps nothing. */
  readonly ttlMs: number;
  readonly maxEntries: number;
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
  /** Lists being encoded: a hundred clients that ask at once for 150 MB get one body, and long ones wait for each other. */
  readonly #underway = new Map<string, Promise<Answer>>();
  #longEncodings: Promise<unknown> = Promise.resolve();

  constructor(core: RegistryCore, options: ListCacheOptions) {
    this.#core = core;
    this.#options = options;
    this.#kept = new LRUCache({
      max: options.maxEntries,
      maxSize: CACHE_BYTES,
      // A compressed twin is about a tenth.
      sizeCalculation: ({ body }, target) => Math.ceil(body.byteLength * 1.15) + target.length * 2 + 200,
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
      return this.#serve(call, kept);
    }
    this.#core.counters.cacheMisses++;
    const made = list();
    if (!made.ok) return failureAnswer(made.error);
    const etag = `W/"${made.value.version}-${made.value.hash}"`;
    if (matchesEtag(call.request, etag)) return notModified(etag);
    if (made.value.count > ITEMS_PER_TURN) return this.#long(call, made.value, etag);
    const entry = this.#keep(call, made.value, etag, encodeAtOnce(made.value, this.#stamp()));
    return this.#serve(call, entry);
  }

  #long(call: Call, list: EncodableList, etag: string): Promise<Answer> {
    const key = `${call.target} ${list.version}`;
    const underway = this.#underway.get(key);
    if (underway !== undefined) return underway;
    const answer = this.#longEncodings
      .then(() => encodeInTurns(list, this.#stamp(), this.#options.yieldTurn))
      .then((body) => this.#serve(call, this.#keep(call, list, etag, body)))
      .finally(() => this.#underway.delete(key));
    this.#underway.set(key, answer);
    this.#longEncodings = answer.catch(() => undefined);
    return answer;
  }

  #isCurrent(kept: Kept): boolean {
    const { state, clock } = this.#core;
    if (kept.head !== state.head) return false;
    const ageMs = clock.monotonicMs() - kept.builtAtMs;
    return ageMs < this.#options.ttlMs && (kept.leaseChanges === state.leaseChanges || ageMs < LEASE_STALENESS_MS);
  }

  #keep(call: Call, list: EncodableList, etag: string, body: Uint8Array<ArrayBuffer>): Kept {
    const { state, clock } = this.#core;
    const kept: Kept = {
      body,
      etag,
      head: list.version,
      leaseChanges: state.leaseChanges,
      builtAtMs: clock.monotonicMs(),
      compressed: null,
    };
    if (this.#options.ttlMs > 0 && list.version === state.head) this.#kept.set(call.target, kept);
    return kept;
  }

  #serve(call: Call, kept: Kept): Answer {
    if (matchesEtag(call.request, kept.etag)) return notModified(kept.etag);
    return {
      ...jsonAnswer(200, kept.body, { ETag: kept.etag }),
      gzip: () => {
        if (kept.compressed !== null) return kept.compressed;
        return compress(kept.body, (compressed) => {
          kept.compressed = compressed;
        });
      },
    };
  }

  #stamp(): number {
    return this.#core.clock.nowMs();
  }
}

export function compress(
  body: Uint8Array<ArrayBuffer>,
  keep: (compressed: Uint8Array<ArrayBuffer>) => void = () => undefined,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  if (body.byteLength <= SYNC_GZIP_BYTES) {
    const compressed = Bun.gzipSync(body, { level: GZIP_LEVEL });
    keep(compressed);
    return compressed;
  }
  return compressAside(body).then((compressed) => {
    keep(compressed);
    return compressed;
  });
}

/** On another thread. node:zlib costs 10 MB when it is loaded, which a registry of short lists never needs. */
async function compressAside(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { gzip } = await import("node:zlib");
  return new Promise((resolve, reject) => {
    gzip(body, { level: GZIP_LEVEL }, (error, result) => (error ? reject(error) : resolve(new Uint8Array(result))));
  });
}

/** Weak comparison, as RFC 9110 asks of If-None-Match. */
function matchesEtag(request: Request, etag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  if (header.trim() === "*") return true;
  const opaque = etag.slice(2);
  return header.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === opaque);
}

const notModified = (etag: string): Answer => emptyAnswer(304, { ETag: etag });

function head(list: EncodableList): string {
  return `{"${list.key}":[`;
}

function tail(list: EncodableList, nowMs: number): string {
  const page = list.isPage ? `,"total":${list.total}` : "";
  const next = list.next === null ? "" : `,"continue":${JSON.stringify(list.next)}`;
  const timestamp = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return `],"count":${list.count},"timestamp":"${timestamp}","resource_version":"${list.version}"${page}${next}}`;
}

function encodeAtOnce(list: EncodableList, nowMs: number): Uint8Array<ArrayBuffer> {
  let text = head(list);
  for (let index = 0; index < list.count; index++) text += index === 0 ? list.json(index) : `,${list.json(index)}`;
  return new TextEncoder().encode(text + tail(list, nowMs));
}

async function encodeInTurns(
  list: EncodableList,
  nowMs: number,
  yieldTurn: () => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>> {
  const sample = Math.min(100, list.count);
  let sampleLength = 0;
  for (let index = 0; index < sample; index++) sampleLength += list.json(index).length;
  const writer = new ByteWriter(Math.ceil((sampleLength / sample) * list.count * 1.05) + 1024);
  writer.write(head(list));
  for (let index = 0; index < list.count; index++) {
    if (index % ITEMS_PER_TURN === ITEMS_PER_TURN - 1) await yieldTurn();
    if (index > 0) writer.write(",");
    writer.write(list.json(index));
  }
  writer.write(tail(list, nowMs));
  return writer.finish();
}

export const asList = <Item>(
  page: { readonly items: readonly Item[]; readonly version: number; readonly total: number; readonly next: string | null },
  key: EncodableList["key"],
  json: (item: Item) => string,
  identity: { readonly hash: string; readonly isPage: boolean },
): Result<EncodableList> =>
  ok({
    key,
    count: page.items.length,
    json: (index) => json(page.items[index] as Item),
    version: page.version,
    total: page.total,
    next: page.next,
    ...identity,
  });

