import { connect, type Socket } from "node:net";

export interface ReceivedResponse {
  readonly status: number;
  /** Names in lower case; of a repeated header the last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** How long a server may keep a test waiting before the test says so. */
const PATIENCE_MS = 20_000;

/**
 * One connection, kept open, for what `fetch` does not do: half a request, several at once, bytes that are none, a client
 * that does not read or goes away. Answers are read one by one and must carry a `Content-Length`.
 */
export class HttpConnection implements Disposable {
  /** Resolves when the connection is over, whoever ended it and however. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #isClosed = false;
  #onMore: (() => void) | null = null;

  /** @throws Error when nobody listens */
  static async open(port: number, host = "127.0.0.1"): Promise<HttpConnection> {
    const socket = connect(port, host);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new HttpConnection(socket);
  }

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#received.push(data);
      this.#receivedBytes += data.length;
      this.#onMore?.();
    });
    // A reset is a way of closing; who cares asks what was received.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        this.#onMore?.();
        resolve();
      });
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Bytes of answers that `response` has not handed out. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Leaves what the server sends in the system's buffers, until they are full. */
  stopReading(): void {
    this.#socket.pause();
  }

  read(): void {
    this.#socket.resume();
  }

  /** Says that nothing more will be sent, and still reads. */
  finish(): void {
    this.#socket.end();
  }

  /** Goes away without a word. */
  vanish(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** The next answer. @throws Error when the connection ends before it is whole, or nothing comes for so long */
  async response(patienceMs: number = PATIENCE_MS): Promise<ReceivedResponse> {
    for (;;) {
      const response = this.#take();
      if (response !== null) return response;
      if (this.#isClosed) throw new Error(`closed after ${this.#receivedBytes} bytes, without a whole answer`);
      await this.#more(patienceMs);
    }
  }

  #take(): ReceivedResponse | null {
    const bytes = this.#received.length === 1 ? (this.#received[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#received);
    this.#received = [bytes];
    const end = bytes.indexOf("\r\n\r\n");
    if (end === -1) return null;
    const [statusLine = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
    const headers = new Map(lines.map((line) => [nameOf(line), line.slice(line.indexOf(":") + 1).trim()]));
    const bodyEnd = end + 4 + Number(headers.get("content-length") ?? "0");
    if (bytes.length < bodyEnd) return null;
    this.#received = [bytes.subarray(bodyEnd)];
    this.#receivedBytes = bytes.length - bodyEnd;
    return { status: Number(statusLine.split(" ")[1]), headers, body: bytes.subarray(end + 4, bodyEnd).toString() };
  }

  #more(patienceMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
      this.#onMore = () => {
        clearTimeout(timer);
        this.#onMore = null;
        resolve();
      };
    });
  }
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(":")).toLowerCase();

/** A request as it goes over the wire, with its body's length. @param headers further lines, without their line ends */
export function requestText(method: string, target: string, body = "", headers: readonly string[] = []): string {
  const length = body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${target} HTTP/1.1`, "Host: localhost", ...length, ...headers, "", body].join("\r\n");
}
