import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Timers } from "../clock.ts";

const OPENED_MS = 5_000;
/** How long a spooled answer may be given out. */
export const SPOOLED_MS = 30_000;
/** The runtime opens a file when it begins to send it; whoever is reading then keeps reading after it was removed. */
const KEPT_MS = 2 * SPOOLED_MS;
/** Files on disk at a time: clients that ask for ever new long lists must not fill it. */
const FILE_LIMIT = 16;

/**
 * Long answers on disk. A list of 100,000 agents has 150 MB, and the runtime copies what it is given to send: in memory it
 * would be there twice for every client that reads it, on disk once for all.
 */
export class Spool {
  readonly #timers: Timers;
  #folder: string | null = null;
  #nextName = 1;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  readonly #paths = new Set<string>();

  /** Files that are not removed yet. */
  get files(): number {
    return this.#paths.size;
  }

  get isFull(): boolean {
    return this.files >= FILE_LIMIT;
  }

  /** A newer answer has taken its place: removed as soon as the runtime has surely opened it for whoever was sent to it. */
  retire(file: SpoolFile): void {
    this.#timers.after(OPENED_MS, () => this.#remove(file.path));
  }

  /** @throws the system's error when the temporary folder cannot be written */
  create(): SpoolFile {
    const file = this.#open();
    this.#paths.add(file.path);
    this.#timers.after(KEPT_MS, () => this.#remove(file.path));
    return file;
  }

  #open(): SpoolFile {
    const name = `${this.#nextName++}.json`;
    try {
      return new SpoolFile(join(this.#makeFolder(), name));
    } catch (error) {
      // Cleaners of temporary folders remove one that was idle for days.
      if (this.#folder !== null && existsSync(this.#folder)) throw error;
      this.#folder = null;
      return new SpoolFile(join(this.#makeFolder(), name));
    }
  }

  #makeFolder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "mcp-mesh-registry-"));
    return this.#folder;
  }

  #remove(path: string): void {
    if (!this.#paths.delete(path)) return;
    rmSync(path, { force: true });
    rmSync(`${path}.gz`, { force: true });
  }

  close(): void {
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = null;
  }
}

export class SpoolFile {
  readonly path: string;
  readonly #descriptor: number;
  #compressed: Promise<Blob> | null = null;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, "wx", 0o600);
  }

  write(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.byteLength; ) offset += writeSync(this.#descriptor, bytes, offset);
  }

  /** Ends writing, also where that failed. */
  end(): void {
    closeSync(this.#descriptor);
  }

  get blob(): Blob {
    return Bun.file(this.path);
  }

  /** Whether it is still there to be sent. */
  get exists(): boolean {
    return existsSync(this.path);
  }

  /** The same compressed, made once for all who ask. */
  compressed(level: number): Promise<Blob> {
    this.#compressed ??= compressFile(this.path, `${this.path}.gz`, level);
    return this.#compressed;
  }
}

async function compressFile(from: string, to: string, level: number): Promise<Blob> {
  const [{ createReadStream, createWriteStream }, { pipeline }, { createGzip }] = await Promise.all([
    import("node:fs"),
    import("node:stream/promises"),
    import("node:zlib"),
  ]);
  await pipeline(createReadStream(from), createGzip({ level }), createWriteStream(to, { mode: 0o600 }));
  return Bun.file(to);
}
