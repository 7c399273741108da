import { type ErrorCode, HTTP_ERRORS, type RegistryError } from "@mcp-mesh/protocol";

/** What a route answers; the server adds what every response has (CORS, compression, the access log). */
export type Body = string | Uint8Array<ArrayBuffer> | Blob;

export interface Answer {
  readonly status: number;
  readonly body: Body | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The body compressed, where it is kept: compressing a cached list again for every client would cost more than the list. */
  readonly gzip?: () => Body | Promise<Body>;
  /** What went wrong inside, for the log; the client is told no more than that something did. */
  readonly bug?: unknown;
}

const JSON_TYPE = "application/json; charset=utf-8";
const JSON_HEADERS: Readonly<Record<string, string>> = { "Content-Type": JSON_TYPE };
/** Seconds after which a client may try again. */
const RETRY_AFTER = "1";

export const jsonAnswer = (status: number, body: Body, headers?: Readonly<Record<string, string>>): Answer => ({
  status,
  body,
  headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS,
});

export const objectAnswer = (status: number, body: object, headers?: Readonly<Record<string, string>>): Answer =>
  jsonAnswer(status, JSON.stringify(body), headers);

export const emptyAnswer = (status: number, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: null,
  headers,
});

export const textAnswer = (status: number, body: string, type: string): Answer => ({
  status,
  body,
  headers: { "Content-Type": type },
});

/** Every error has the same form: `detail`, and the same text as `error` for clients that look there (spec README, 3). */
export function errorAnswer(
  code: ErrorCode,
  detail: string,
  extra: { readonly headers?: Readonly<Record<string, string>>; readonly body?: object } = {},
): Answer {
  const { status, retryable } = HTTP_ERRORS[code];
  const retry = retryable ? { "Retry-After": RETRY_AFTER } : {};
  return objectAnswer(status, { ...extra.body, detail, error: detail }, { ...retry, ...extra.headers });
}

export function failureAnswer({ code, message, cause }: RegistryError): Answer {
  const answer = errorAnswer(code, message);
  return code === "internal" ? { ...answer, bug: cause ?? new Error(message) } : answer;
}
