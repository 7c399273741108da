import type { Result } from "@mcp-mesh/protocol";
import { fail, ok } from "@mcp-mesh/protocol";
import type { Clock } from "../clock.ts";

export const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
/** A body must have arrived whole within this time: an idle timeout alone lets a byte every few seconds last for ever. */
const BODY_TIME_MS = 30_000;

const TOO_LARGE = fail("request_too_large", "Request body too large");
const TOO_SLOW = fail("request_timeout", `Request body not received within ${BODY_TIME_MS / 1000} s`);

/** Reads request bodies whole, bounded in size and time. One sweep a second bounds the time, instead of a timer a request. */
export class BodyReader {
  readonly #clock: Clock;
  readonly #waiting = new Set<{ readonly sinceMs: number; readonly giveUp: () => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Bodies that have not arrived whole. */
  get waiting(): number {
    return this.#waiting.size;
  }

  async read(request: Request): Promise<Result<string>> {
    const length = request.headers.get("content-length");
    if (length !== null && Number(length) > BODY_LIMIT_BYTES) return TOO_LARGE;
    return new Promise((resolve) => {
      const waiting = { sinceMs: this.#clock.monotonicMs(), giveUp: () => resolve(TOO_SLOW) };
      this.#waiting.add(waiting);
      const text = length === null ? readChunks(request) : request.text().then(ok);
      text
        // The client went away in the middle; nobody reads what is answered.
        .catch(() => fail("invalid_request", "Failed to read request body"))
        .then((result) => {
          this.#waiting.delete(waiting);
          resolve(result);
        });
    });
  }

  /** Called once a second. */
  giveUpSlow(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const waiting of this.#waiting) {
      if (nowMs - waiting.sinceMs <= BODY_TIME_MS) break;
      this.#waiting.delete(waiting);
      waiting.giveUp();
    }
  }
}

/** A chunked body does not say how long it is going to be. */
async function readChunks(request: Request): Promise<Result<string>> {
  if (request.body === null) return ok("");
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > BODY_LIMIT_BYTES) return TOO_LARGE;
    text += decoder.decode(chunk, { stream: true });
  }
  return ok(text + decoder.decode());
}
