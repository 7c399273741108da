/** What a request asks for, from its URL, without building a URL object: this runs on every request. */
export interface Target {
  /** Doubled slashes collapsed: an agent whose base URL ends in one sends `//heartbeat` (agents 1.1). Still percent-encoded. */
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
}

export function targetOf(url: string): Target {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return { path: "/", query: "" };
  const mark = url.indexOf("?", start);
  const path = mark === -1 ? url.slice(start) : url.slice(start, mark);
  return {
    path: path.includes("//") ? path.replace(/\/{2,}/g, "/") : path,
    query: mark === -1 ? "" : url.slice(mark + 1),
  };
}

/** A path segment as text; what is not valid percent-encoding stands for itself, and will be found nowhere. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
