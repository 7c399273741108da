import { expect, test } from "bun:test";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemTimers } from "../clock.ts";
import { createDescriptorOutput } from "./descriptor-output.ts";

test("writes whole texts to an open descriptor, one after the other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptor-output-"));
  const path = join(folder, "log");
  const descriptor = openSync(path, "w");
  try {
    const output = createDescriptorOutput(descriptor, systemTimers.after);
    const long = "größe ".repeat(100_000);
    await output(long);
    await output("end\n");
    expect(readFileSync(path, "utf8")).toBe(`${long}end\n`);
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});

test("rejects when the descriptor cannot be written, and does not throw", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptor-output-"));
  const path = join(folder, "log");
  closeSync(openSync(path, "w"));
  const descriptor = openSync(path, "r");
  try {
    await expect(createDescriptorOutput(descriptor, systemTimers.after)("x")).rejects.toThrow("EBADF");
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(process.platform === "win32")("goes on where a full pipe stopped it, once there is room", async () => {
  const folder = mkdtempSync(join(tmpdir(), "descriptor-output-"));
  const path = join(folder, "pipe");
  expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
  // Opened for both, because a pipe opened for writing alone must have a reader, and without one neither open returns.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const received: Buffer[] = [];
  const readSome = () => {
    const room = Buffer.alloc(40_000);
    received.push(room.subarray(0, readSync(descriptor, room)));
  };
  const retries: number[] = [];
  const output = createDescriptorOutput(descriptor, (delayMs, run) => {
    retries.push(delayMs);
    readSome();
    queueMicrotask(run);
    return () => {};
  });
  try {
    const text = Array.from({ length: 60_000 }, (_, line) => `${line}\n`).join("");
    await output(text);
    while (Buffer.concat(received).length < text.length) readSome();
    expect(Buffer.concat(received).toString()).toBe(text);
    expect(retries.length).toBeGreaterThan(1);
    expect(retries.every((delayMs) => delayMs === 10)).toBe(true);
  } finally {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  }
});

const STALLED_READER_PROGRAM = `
  import { systemTimers } from ${JSON.stringify(join(import.meta.dir, "..", "clock.ts"))};
  import { createDescriptorOutput } from ${JSON.stringify(join(import.meta.dir, "descriptor-output.ts"))};
  const output = createDescriptorOutput(1, systemTimers.after);
  const written = output("x".repeat(4 * 1024 * 1024) + "end");
  // The event loop must go on while nobody reads: only then can this line tell the reader to start.
  systemTimers.after(50, () => process.stderr.write("alive"));
  await written;
`;

test("does not stop the event loop while nobody reads the pipe", async () => {
  const child = Bun.spawn([process.execPath, "-e", STALLED_READER_PROGRAM], { stdout: "pipe", stderr: "pipe" });
  const { value } = await child.stderr.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("alive");
  expect(await new Response(child.stdout).text()).toBe(`${"x".repeat(4 * 1024 * 1024)}end`);
  expect(await child.exited).toBe(0);
});
