import type { Result } from "@mcp-mesh/protocol";
import { ok } from "@mcp-mesh/protocol";
import type { ResourceVersion } from "../domain/agent.ts";
import type { SpoolFile } from "./spool.ts";

/** Items encoded before other requests get their turn. */
export const ITEMS_PER_TURN = 1_000;

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

export const asList = <Item>(
  page: {
    readonly items: readonly Item[];
    readonly version: number;
    readonly total: number;
    readonly next: string | null;
  },
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

/** The whole body of a short list. */
export function encodeAtOnce(list: EncodableList, nowMs: number): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(opening(list) + items(list, 0, list.count) + closing(list, nowMs));
}

/** How long the body is going to be, by its first items. */
export function estimateLength(list: EncodableList): number {
  const sample = Math.min(100, list.count);
  return sample === 0 ? 0 : (items(list, 0, sample).length / sample) * list.count;
}

/** Encodes a long list in turns, a part a turn, into whatever takes the parts. */
export async function encodeInTurns(
  list: EncodableList,
  nowMs: number,
  yieldTurn: () => Promise<void>,
  write: (part: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const encoder = new TextEncoder();
  write(encoder.encode(opening(list)));
  for (let from = 0; from < list.count; from += ITEMS_PER_TURN) {
    if (from > 0) await yieldTurn();
    write(encoder.encode(items(list, from, Math.min(list.count, from + ITEMS_PER_TURN))));
  }
  write(encoder.encode(closing(list, nowMs)));
}

/** `encodeInTurns` into a file. Its descriptor is closed whatever happens. */
export async function encodeToFile(
  list: EncodableList,
  nowMs: number,
  yieldTurn: () => Promise<void>,
  file: SpoolFile,
): Promise<void> {
  try {
    await encodeInTurns(list, nowMs, yieldTurn, (part) => file.write(part));
  } finally {
    file.end();
  }
}

const opening = (list: EncodableList): string => `{"${list.key}":[`;

function items(list: EncodableList, from: number, to: number): string {
  let text = "";
  for (let index = from; index < to; index++) text += index === 0 ? list.json(index) : `,${list.json(index)}`;
  return text;
}

function closing(list: EncodableList, nowMs: number): string {
  const page = list.isPage ? `,"total":${list.total}` : "";
  const next = list.next === null ? "" : `,"continue":${JSON.stringify(list.next)}`;
  const timestamp = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return `],"count":${list.count},"timestamp":"${timestamp}","resource_version":"${list.version}"${page}${next}}`;
}
