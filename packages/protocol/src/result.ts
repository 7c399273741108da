/** Expected failures are values; only bugs are thrown (style, section 5). */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: RegistryError };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export const fail = (code: ErrorCode, message: string, details: Partial<RegistryError> = {}): Result<never> => ({
  ok: false,
  error: { code, message, ...details },
});

export interface RegistryError {
  readonly code: ErrorCode;
  /** For the caller; says what is wrong and, where it helps, what to do. */
  readonly message: string;
  /** For the log only, never sent. */
  readonly cause?: unknown;
}

/** Every way a request can fail, and what it is over HTTP. A code without a row does not compile. */
export const HTTP_ERRORS = {
  invalid_request: { status: 400, retryable: false },
  forbidden: { status: 403, retryable: false },
  agent_not_found: { status: 404, retryable: false },
  route_not_found: { status: 404, retryable: false },
  method_not_allowed: { status: 405, retryable: false },
  request_timeout: { status: 408, retryable: true },
  resource_version_conflict: { status: 409, retryable: false },
  resource_version_gone: { status: 410, retryable: false },
  request_too_large: { status: 413, retryable: false },
  internal: { status: 500, retryable: false },
  store_unavailable: { status: 503, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

export type ErrorCode = keyof typeof HTTP_ERRORS;
