import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HttpConnection } from "../../support/http-connection.ts";
import type { RegistryProcess } from "../../support/registry-process.ts";

/**
 * Bodies as existing agents put them on the wire (agents 1.3, 1.4, and 1.7 for generation A), byte for byte as Python's
 * `json.dumps` writes them.
 */
export const RECORDED = {
  registration: read("register"),
  heartbeat: read("heartbeat"),
  registrationOfGenerationA: read("register-generation-a"),
};

/** What the agent's client reads of an answer. */
export interface AgentReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  readonly body: any;
}

/** The client of an existing agent: one kept connection and aiohttp's headers, in aiohttp's order. */
export interface RecordedAgent extends Disposable {
  post(path: string, body: string): Promise<AgentReply>;
}

export async function recordedAgent({ port }: RegistryProcess): Promise<RecordedAgent> {
  const connection = await HttpConnection.open(port);
  return {
    post: async (path, body) => {
      connection.send(asAiohttpSends(port, path, body));
      const { status, headers, body: text } = await connection.response();
      return { status, headers, body: JSON.parse(text) };
    },
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

/** @throws Error unless `text` is there: a body that nothing was changed in would test nothing */
export function altered(body: string, text: string, replacement: string): string {
  if (!body.includes(text)) throw new Error(`The recorded body has no ${text}`);
  return body.replaceAll(text, replacement);
}

function asAiohttpSends(port: number, path: string, body: string): string {
  return [
    `POST ${path} HTTP/1.1`,
    `Host: localhost:${port}`,
    "Accept: */*",
    "Accept-Encoding: gzip, deflate",
    "User-Agent: Python/3.11 aiohttp/3.12.9",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Content-Type: application/json",
    "",
    body,
  ].join("\r\n");
}

function read(name: string): string {
  return readFileSync(join(import.meta.dir, "fixtures", `${name}.json`), "utf8");
}
