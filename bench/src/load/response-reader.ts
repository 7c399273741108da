/**
 * The little of HTTP/1.1 that a load generator reads: status line, `Content-Length` or chunked framing. Bodies are counted
 * and skipped, never copied or decoded, because every microsecond spent here is taken from what the generator can offer.
 */
const HEAD_LIMIT_BYTES = 16_384;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const HEAD_END = "\r\n\r\n";

type Part = "head" | "body" | "chunk-size" | "chunk-data" | "trailer";

export class ResponseReader {
  /** Body bytes of the responses read so far. */
  bodyBytes = 0;
  #part: Part = "head";
  #left = 0;
  #status = 0;
  #pending = "";
  readonly #onResponse: (status: number) => void;

  constructor(onResponse: (status: number) => void) {
    this.#onResponse = onResponse;
  }

  /** Whether a response has begun and not ended. */
  get isInside(): boolean {
    return this.#part !== "head" || this.#pending !== "";
  }

  /** @throws Error on framing it does not know; the connection is of no use afterwards. */
  feed(data: Buffer): void {
    let at = 0;
    while (at < data.length) {
      if (this.#part === "head") at = this.#readHead(data, at);
      else if (this.#part === "body" || this.#part === "chunk-data") at = this.#skip(data, at);
      else at = this.#readLine(data, at);
    }
  }

  #readHead(data: Buffer, at: number): number {
    // The usual case, a whole head in one piece, decodes only the head and not the body that follows it.
    const end = this.#pending === "" ? data.indexOf(HEAD_END, at) : -1;
    if (end >= 0) {
      this.#startBody(data.toString("latin1", at, end));
      return end + HEAD_END.length;
    }
    const before = this.#pending.length;
    const text = this.#pending + data.toString("latin1", at, Math.min(data.length, at + HEAD_LIMIT_BYTES + 1));
    const headEnd = text.indexOf(HEAD_END);
    if (headEnd < 0) {
      if (text.length > HEAD_LIMIT_BYTES) throw new Error(`response head exceeds ${HEAD_LIMIT_BYTES} bytes`);
      this.#pending = text;
      return data.length;
    }
    this.#pending = "";
    this.#startBody(text.slice(0, headEnd));
    return at + headEnd + HEAD_END.length - before;
  }

  #startBody(head: string): void {
    if (!head.startsWith("HTTP/1.1 "))
      throw new Error(`not an HTTP/1.1 response: ${JSON.stringify(head.slice(0, 40))}`);
    this.#status = Number(head.slice(9, 12));
    const length = CONTENT_LENGTH.exec(head);
    if (length !== null) {
      this.#left = Number(length[1]);
      this.bodyBytes += this.#left;
      if (this.#left === 0) this.#finish();
      else this.#part = "body";
    } else if (CHUNKED.test(head)) this.#part = "chunk-size";
    else if (this.#status === 204 || this.#status === 304) this.#finish();
    else throw new Error("response has neither Content-Length nor chunked framing");
  }

  #skip(data: Buffer, at: number): number {
    const taken = Math.min(this.#left, data.length - at);
    this.#left -= taken;
    if (this.#left === 0) {
      if (this.#part === "body") this.#finish();
      else this.#part = "chunk-size";
    }
    return at + taken;
  }

  #readLine(data: Buffer, at: number): number {
    const end = data.indexOf(10, at);
    this.#pending += data.toString("latin1", at, end < 0 ? data.length : end);
    if (end < 0) return data.length;
    const line = this.#pending.trimEnd();
    this.#pending = "";
    if (this.#part === "chunk-size") this.#startChunk(Number.parseInt(line, 16));
    else if (line === "") this.#finish();
    return end + 1;
  }

  #startChunk(size: number): void {
    if (Number.isNaN(size)) throw new Error("malformed chunk size");
    this.bodyBytes += size;
    this.#part = size === 0 ? "trailer" : "chunk-data";
    this.#left = size + 2; // the chunk is followed by CR LF
  }

  #finish(): void {
    this.#part = "head";
    this.#onResponse(this.#status);
  }
}
