import type { Result } from "@mcp-mesh/protocol";
import { fail, ok } from "@mcp-mesh/protocol";
import type { ResourceVersion } from "../domain/agent.ts";

/** Which part of a list is wanted. Without a limit: everything. */
export interface PageRequest {
  readonly limit: number | null;
  readonly offset: number;
  readonly continueToken: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Log position that this page, and all others of its walk, show. */
  readonly version: ResourceVersion;
  /** How many there are on all pages. */
  readonly total: number;
  /** Token for the next page; null on the last. */
  readonly next: string | null;
}

/** Where the next page begins: after this item of this list at this log position. */
interface Position {
  readonly version: ResourceVersion;
  readonly listHash: string;
  readonly lastKey: readonly (string | number)[];
}

/**
 * Cuts one page. All pages of a walk show one log position, whatever has changed meanwhile.
 *
 * @param list what is walked; `at` gives it in order at a log position, or null when that has left the log
 * @param head the newest log position, where a walk begins
 */
export function cutPage<Item>(
  list: {
    readonly hash: string;
    readonly at: (version: ResourceVersion) => readonly Item[] | null;
    readonly keyOf: (item: Item) => readonly (string | number)[];
    /** Whether the item with this key comes after `item`. */
    readonly isBefore: (item: Item, key: readonly (string | number)[]) => boolean;
  },
  request: PageRequest,
  head: ResourceVersion,
): Result<Page<Item>> {
  const position = request.continueToken === null ? null : readToken(request.continueToken);
  if (request.continueToken !== null && (position === null || position.listHash !== list.hash)) {
    return fail("invalid_request", "continue: not a token of this list; send it with the query that returned it");
  }
  const version = position?.version ?? head;
  const items = list.at(version);
  if (items === null) {
    return fail("resource_version_gone", "continue: this list is too old to go on with; start again without a token");
  }
  const start = position === null ? request.offset : countUpTo(items, position.lastKey, list.isBefore);
  const end = request.limit === null ? items.length : Math.min(items.length, start + request.limit);
  const page = start === 0 && end === items.length ? items : items.slice(start, end);
  const last = page.at(-1);
  const next =
    end < items.length && last !== undefined
      ? writeToken({ version, listHash: list.hash, lastKey: list.keyOf(last) })
      : null;
  return ok({ items: page, version, total: items.length, next });
}

/** How many items come before or at the key; the items are in order. */
function countUpTo<Item>(
  items: readonly Item[],
  key: readonly (string | number)[],
  isBefore: (item: Item, key: readonly (string | number)[]) => boolean,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(items[middle] as Item, key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const writeToken = ({ version, listHash, lastKey }: Position): string =>
  Buffer.from(JSON.stringify([version, listHash, ...lastKey])).toString("base64url");

function readToken(token: string): Position | null {
  try {
    const fields: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (!Array.isArray(fields)) return null;
    const [version, listHash, ...lastKey] = fields;
    const isKey = lastKey.length > 0 && lastKey.every((part) => typeof part === "string" || typeof part === "number");
    if (!Number.isSafeInteger(version) || typeof listHash !== "string" || !isKey) return null;
    return { version, listHash, lastKey };
  } catch {
    return null;
  }
}
