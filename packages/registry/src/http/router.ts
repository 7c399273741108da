import type { Answer } from "./answer.ts";
import { decodeSegment } from "./target.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  readonly request: Request;
  /** The one `{parameter}` of the path, decoded; empty where the path has none. */
  readonly id: string;
  /** Raw query, without the question mark. */
  readonly query: string;
  /** Path and query as sent: the identity of a cached answer. */
  readonly target: string;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

export interface Route {
  readonly method: Method;
  /** Segments in braces match one segment each; static ones win over them (registry-api 4.16). */
  readonly path: string;
  readonly handle: Handler;
  /** What a bug in it is called in the answer, with the reason behind it; without this `Internal Server Error`. */
  readonly failure?: string;
}

export type Match =
  | { readonly kind: "route"; readonly handle: Handler; readonly id: string }
  | { readonly kind: "redirect"; readonly path: string }
  | { readonly kind: "method"; readonly allow: string }
  | { readonly kind: "none" };

type Methods = Map<string, Handler>;

export class Router {
  readonly #static = new Map<string, Methods>();
  readonly #patterns: { readonly prefix: string; readonly suffix: string; readonly methods: Methods }[] = [];

  constructor(routes: readonly Route[]) {
    for (const { method, path, handle } of routes) {
      const methods = this.#methodsOf(path);
      methods.set(method, handle);
      // HEAD is GET without its body, which the server leaves out.
      if (method === "GET") methods.set("HEAD", handle);
    }
  }

  match(method: string, path: string): Match {
    const methods = this.#static.get(path);
    if (methods !== undefined) return this.#ofMethod(methods, method, "");
    const found = this.#ofPattern(path);
    if (found !== null) return this.#ofMethod(found.methods, method, decodeSegment(found.segment));
    if (path.length > 1 && path.endsWith("/")) {
      const bare = path.slice(0, -1);
      if (this.#static.has(bare) || this.#ofPattern(bare) !== null) return { kind: "redirect", path: bare };
    }
    return { kind: "none" };
  }

  #ofMethod(methods: Methods, method: string, id: string): Match {
    const handle = methods.get(method);
    if (handle !== undefined) return { kind: "route", handle, id };
    return { kind: "method", allow: [...methods.keys(), "OPTIONS"].join(", ") };
  }

  #ofPattern(path: string): { methods: Methods; segment: string } | null {
    for (const { prefix, suffix, methods } of this.#patterns) {
      if (!path.startsWith(prefix) || !path.endsWith(suffix)) continue;
      const segment = path.slice(prefix.length, path.length - suffix.length);
      if (segment !== "" && !segment.includes("/")) return { methods, segment };
    }
    return null;
  }

  #methodsOf(path: string): Methods {
    const open = path.indexOf("{");
    if (open === -1) {
      const methods = this.#static.get(path) ?? new Map();
      this.#static.set(path, methods);
      return methods;
    }
    const prefix = path.slice(0, open);
    const suffix = path.slice(path.indexOf("}") + 1);
    const known = this.#patterns.find((pattern) => pattern.prefix === prefix && pattern.suffix === suffix);
    if (known) return known.methods;
    const methods: Methods = new Map();
    this.#patterns.push({ prefix, suffix, methods });
    return methods;
  }
}
