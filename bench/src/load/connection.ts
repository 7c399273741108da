import type { Socket } from "bun";
import { ResponseReader } from "./response-reader.ts";

export interface ConnectionEvents {
  onOpen(connection: Connection): void;
  onResponse(connection: Connection, status: number): void;
  /** The connection is of no use any more. Called once, never after `close`. */
  onBroken(connection: Connection, why: string): void;
}

/** One keep-alive connection with at most one request under way (pipelining depth 1, like every real client of ours). */
export class Connection {
  /** When the request under way was due, on the monotonic clock. */
  dueAtMs = 0;
  isWaiting = false;
  #socket: Socket<Connection> | null = null;
  #unsent: Uint8Array | null = null;
  #isDone = false;
  readonly #reader: ResponseReader;
  readonly #events: ConnectionEvents;

  constructor(port: number, events: ConnectionEvents) {
    this.#events = events;
    this.#reader = new ResponseReader((status) => {
      this.isWaiting = false;
      events.onResponse(this, status);
    });
    const connecting = Bun.connect<Connection>({ hostname: "127.0.0.1", port, data: this, socket: SOCKET_HANDLERS });
    connecting.catch((error: unknown) => this.break(`cannot connect: ${String(error)}`));
  }

  get bodyBytes(): number {
    return this.#reader.bodyBytes;
  }

  opened(socket: Socket<Connection>): void {
    this.#socket = socket;
    if (this.#isDone) socket.end();
    else this.#events.onOpen(this);
  }

  send(request: Uint8Array, dueAtMs: number): void {
    this.dueAtMs = dueAtMs;
    this.isWaiting = true;
    this.#write(request);
  }

  flush(): void {
    if (this.#unsent !== null) this.#write(this.#unsent);
  }

  received(data: Buffer): void {
    if (this.#isDone) return;
    try {
      this.#reader.feed(data);
    } catch (error) {
      this.break(String(error));
    }
  }

  break(why: string): void {
    if (this.#isDone) return;
    this.close();
    this.#events.onBroken(this, why);
  }

  close(): void {
    this.#isDone = true;
    this.#socket?.end();
  }

  #write(bytes: Uint8Array): void {
    const written = this.#socket?.write(bytes) ?? 0;
    this.#unsent = written < bytes.length ? bytes.subarray(Math.max(written, 0)) : null;
  }
}

const SOCKET_HANDLERS = {
  open: (socket: Socket<Connection>) => socket.data.opened(socket),
  data: (socket: Socket<Connection>, data: Buffer) => socket.data.received(data),
  drain: (socket: Socket<Connection>) => socket.data.flush(),
  close: (socket: Socket<Connection>) => socket.data.break("the server closed the connection"),
  error: (socket: Socket<Connection>, error: Error) => socket.data.break(String(error)),
};
