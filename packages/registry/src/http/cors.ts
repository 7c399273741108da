const PREFLIGHT_MAX_AGE_SECONDS = "600";

export interface CorsOptions {
  readonly isEnabled: boolean;
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
}

/** Which headers tell a browser what a page may see (registry-api 4.15). */
export interface Cors {
  /** For every response to a request that carries an Origin. */
  headers(origin: string): Readonly<Record<string, string>>;
  /** For the answer to an OPTIONS request, preflight or not. */
  preflightHeaders(origin: string | null, requestedHeaders: string | null): Readonly<Record<string, string>>;
}

const NOTHING: Readonly<Record<string, string>> = {};

export function createCors(options: CorsOptions): Cors {
  if (!options.isEnabled) return { headers: () => NOTHING, preflightHeaders: () => NOTHING };
  const isOpen = options.allowedOrigins.includes("*");
  const named = new Set(options.allowedOrigins.filter((origin) => origin !== "*"));
  const methods = options.allowedMethods.join(",");
  const headers = options.allowedHeaders.join(",");

  const headersFor = (origin: string): Record<string, string> => {
    // The answer differs by origin also where it is refused: a cache must not mix the two.
    const always = { Vary: "Origin" };
    if (!isOpen && !named.has(origin)) return always;
    return {
      ...always,
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Allow-Methods": methods,
      "Access-Control-Allow-Headers": headers,
      // Never because of `*`: then any page could read with a user's credentials.
      ...(named.has(origin) ? { "Access-Control-Allow-Credentials": "true" } : {}),
    };
  };

  return {
    headers: headersFor,
    preflightHeaders(origin, requestedHeaders) {
      if (origin === null) return NOTHING;
      const answer = headersFor(origin);
      if (answer["Access-Control-Allow-Origin"] === undefined) return answer;
      const mirrored = headers === "*" && requestedHeaders !== null ? requestedHeaders : headers;
      return {
        ...answer,
        "Access-Control-Allow-Headers": mirrored,
        "Access-Control-Max-Age": PREFLIGHT_MAX_AGE_SECONDS,
      };
    },
  };
}
