import { connect } from "node:net";

/** A response as its bytes say, for what `fetch` hides: framing, repeated headers, what follows the body. */
export interface RawResponse {
  readonly status: number;
  /** Names in lower case; values of a repeated header in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Every byte after the header. */
  readonly body: Buffer;
}

/** How long a server may stay silent before a test says so. */
const PATIENCE_MS = 10_000;

/**
 * Sends bytes and reads until the server closes; ask for `Connection: close`.
 *
 * @param parts written one after the other, each once the one before has left and it is there itself
 */
export function exchange(
  port: number,
  parts: readonly (string | Uint8Array | Promise<string>)[],
  host = "127.0.0.1",
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(port, host);
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    socket.on("data", (data: Buffer) => received.push(data));
    socket.on("error", (error) => (received.length > 0 ? finish() : reject(error)));
    socket.on("close", () => (received.length > 0 ? finish() : reject(new Error("closed without an answer"))));
    const finish = () => resolve(readResponse(Buffer.concat(received)));
    socket.on("connect", () => {
      const write = async (index: number): Promise<void> => {
        const part = await parts[index];
        if (part !== undefined) socket.write(part, () => void write(index + 1));
      };
      void write(0);
    });
  });
}

/** A request without a body. @param headers further lines, without their line ends */
export const rawRequest = (method: string, target: string, headers: readonly string[] = []): string =>
  [`${method} ${target} HTTP/1.1`, "Host: localhost", "Connection: close", ...headers, "", ""].join("\r\n");

function readResponse(bytes: Buffer): RawResponse {
  const end = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { status: Number(statusLine.split(" ")[1]), headers, body: bytes.subarray(end + 4) };
}
