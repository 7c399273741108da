import { write } from "node:fs";
import type { Timers } from "../clock.ts";

/** A pipe that someone made non-blocking says "try again" when it is full, and has no event for us to wait for. */
const FULL_PIPE_RETRY_MS = 10;

/**
 * Writes whole texts to an open descriptor (1 = standard output, 2 = standard error) without blocking the event loop, also
 * while nobody reads the other end of the pipe. Rejects with the system's error, `EPIPE` for instance; never throws.
 *
 * Measured with Bun 1.4.5 on a pipe whose reader slept: `Bun.write(Bun.stdout, ...)` stopped the event loop until it woke,
 * and `process.stdout.write` threw `EPIPE` past its callback once the reader had gone.
 *
 * Calls are not ordered among each other: wait for one before the next (`line-writer.ts` does).
 */
export function createDescriptorOutput(descriptor: number, schedule: Timers["after"]): (text: string) => Promise<void> {
  return async (text) => {
    const bytes = Buffer.from(text);
    for (let offset = 0; offset < bytes.length; ) {
      const written = await writeSome(descriptor, bytes, offset);
      offset += written;
      if (written === 0) await new Promise<void>((resolve) => void schedule(FULL_PIPE_RETRY_MS, resolve));
    }
  };
}

/** How many bytes the system took; 0 when it asked to try again. */
function writeSome(descriptor: number, bytes: Buffer, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, offset, bytes.length - offset, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}
