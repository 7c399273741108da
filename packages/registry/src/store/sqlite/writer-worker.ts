import { Database } from "bun:sqlite";
import { errorCode, errorText } from "./errors.ts";
import { applySettings, type SqliteSettings } from "./settings.ts";
import { SqliteWriter } from "./sqlite-writer.ts";

/**
 * The writer on a thread of its own, so that a slow commit delays no read. Started only when it pays (`sqlite-store.ts`); the
 * lock of the file stays with the main thread, which lives longer.
 */
declare const self: Worker;

export type WriterCall = Exclude<keyof SqliteWriter, symbol>;

export type WriterRequest =
  | { readonly kind: "open"; readonly path: string; readonly settings: SqliteSettings; readonly replica: string }
  | { readonly kind: "call"; readonly id: number; readonly call: WriterCall; readonly parameters: readonly unknown[] }
  | { readonly kind: "close"; readonly id: number };

export type WriterResponse =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string };

type OpenRequest = Extract<WriterRequest, { kind: "open" }>;

let toOpen: OpenRequest | null = null;
let opened: { db: Database; writer: SqliteWriter } | null = null;

/** Opened with the first call and again after one that could not open it: the file may be there by then. */
function open({ path, settings, replica }: OpenRequest): { db: Database; writer: SqliteWriter } {
  const db = new Database(path, { readwrite: true, create: false });
  try {
    applySettings(db, settings);
    return { db, writer: new SqliteWriter(db, replica) };
  } catch (error) {
    db.close();
    throw error;
  }
}

function answer(request: Exclude<WriterRequest, OpenRequest>): unknown {
  if (toOpen === null) throw new Error("the writer was not told what to open");
  opened ??= open(toOpen);
  if (request.kind === "close") {
    opened.db.close();
    opened = null;
    toOpen = null;
    return null;
  }
  const method = opened.writer[request.call] as (...parameters: readonly unknown[]) => unknown;
  return method.apply(opened.writer, [...request.parameters]);
}

self.onmessage = ({ data: request }: MessageEvent<WriterRequest>) => {
  if (request.kind === "open") {
    toOpen = request;
    return;
  }
  let response: WriterResponse;
  try {
    response = { id: request.id, ok: true, value: answer(request) };
  } catch (error) {
    response = { id: request.id, ok: false, code: errorCode(error), message: errorText(error) };
  }
  self.postMessage(response);
};
