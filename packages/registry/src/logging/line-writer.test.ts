import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ManualClock } from "../clock.ts";
import { createLineWriter, type LineWriterOptions } from "./line-writer.ts";

/** An output whose writes end when the test says so. */
function open(options: Partial<LineWriterOptions> = {}) {
  const clock = new ManualClock();
  const chunks: string[] = [];
  const drops: number[] = [];
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const writer = createLineWriter({
    write: (chunk) => {
      chunks.push(chunk);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ resolve, reject });
      return promise;
    },
    schedule: (delayMs, run) => clock.after(delayMs, run),
    onDrop: (lines) => void drops.push(lines),
    ...options,
  });
  const settleWrite = async (error?: Error) => {
    const write = waiting.shift();
    if (error === undefined) write?.resolve();
    else write?.reject(error);
    await clock.advance(0);
  };
  return { clock, chunks, drops, writer, settleWrite };
}

describe("the line writer", () => {
  test("writes lines together, 50 ms after the first", async () => {
    const { clock, chunks, writer } = open();
    writer.push("a\n");
    await clock.advance(49);
    writer.push("b\n");
    expect(chunks).toEqual([]);
    await clock.advance(1);
    expect(chunks).toEqual(["a\nb\n"]);
  });

  test("has one write under way, and then writes what collected behind it", async () => {
    const { clock, chunks, writer, settleWrite } = open();
    writer.push("a\n");
    await clock.advance(50);
    writer.push("b\n");
    await clock.advance(1000);
    writer.push("c\n");
    expect(chunks).toEqual(["a\n"]);
    await settleWrite();
    await clock.advance(50);
    expect(chunks).toEqual(["a\n", "b\nc\n"]);
  });

  test("does not wait when a chunk is full, or when it was told not to wait", () => {
    const full = open();
    full.writer.push(`${"x".repeat(64 * 1024)}\n`);
    expect(full.chunks).toHaveLength(1);
    const immediate = open({ delayMs: 0 });
    immediate.writer.push("a\n");
    expect(immediate.chunks).toEqual(["a\n"]);
  });

  test("drops and counts lines while the reader stalls, and reports the count", async () => {
    const { clock, chunks, drops, writer, settleWrite } = open({ limitLength: 10 });
    writer.push("12345\n");
    await clock.advance(50);
    for (let line = 0; line < 7; line += 1) writer.push("abc\n");
    expect(writer.droppedLines).toBe(6);
    await clock.advance(5_000);
    expect(drops).toEqual([6]);
    await settleWrite();
    await clock.advance(50);
    expect(chunks).toEqual(["12345\n", "abc\n"]);
    await settleWrite();
    writer.push("back\n");
    await clock.advance(6_000);
    expect(chunks.at(-1)).toBe("back\n");
    expect(drops).toEqual([6]);
  });

  test("counts the lines that a failing output lost, and goes on", async () => {
    const { clock, chunks, drops, writer, settleWrite } = open();
    writer.push("a\n");
    writer.push("b\n");
    await clock.advance(50);
    await settleWrite(new Error("EPIPE"));
    expect(writer.droppedLines).toBe(2);
    writer.push("c\n");
    await clock.advance(50);
    expect(chunks).toEqual(["a\nb\n", "c\n"]);
    await clock.advance(5_000);
    expect(drops).toEqual([2]);
  });

  test("an output that throws at once is a failing output", async () => {
    const { clock, writer } = open({
      write: () => {
        throw new Error("closed");
      },
    });
    writer.push("a\n");
    await clock.advance(50);
    writer.push("b\n");
    await clock.advance(50);
    expect(writer.droppedLines).toBe(2);
  });

  test("a flush waits for everything pushed before it", async () => {
    const { clock, chunks, writer, settleWrite } = open();
    writer.push("a\n");
    await clock.advance(50);
    writer.push("b\n");
    const done: string[] = [];
    const flushed = writer.flush().then(() => void done.push("flushed"));
    await settleWrite();
    expect(chunks).toEqual(["a\n", "b\n"]);
    expect(done).toEqual([]);
    await settleWrite();
    await flushed;
  });

  test("closing writes what is left, leaves no timer behind and takes no more", async () => {
    const { clock, chunks, writer, settleWrite } = open();
    writer.push("a\n");
    const closed = writer.close();
    expect(chunks).toEqual(["a\n"]);
    await settleWrite();
    await closed;
    writer.push("late\n");
    await writer.close();
    expect(chunks).toEqual(["a\n"]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("closing waits for a stalled reader for a limited time, and counts what stayed behind", async () => {
    const { clock, drops, writer } = open();
    writer.push("a\n");
    await clock.advance(50);
    writer.push("b\n");
    const closed = writer.close(200);
    await clock.advance(200);
    await closed;
    expect(writer.droppedLines).toBe(2);
    expect(drops).toEqual([2]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("what was pushed is written in order, once, or counted as dropped", async () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ advance: fc.integer({ min: 0, max: 120 }) }),
      fc.constant({ settle: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, chunks, writer, settleWrite } = open({ limitLength: 100 });
        let pushed = 0;
        for (const next of steps) {
          if ("push" in next) writer.push(`${String(pushed++).padEnd(next.push, ".")}\n`);
          else if ("advance" in next) await clock.advance(next.advance);
          else await settleWrite();
        }
        const closed = writer.close();
        for (let write = 0; write < 3; write += 1) await settleWrite();
        await closed;
        const numbers = chunks.join("").split("\n").slice(0, -1).map(Number.parseFloat);
        expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
        expect(numbers.length + writer.droppedLines).toBe(pushed);
      }),
      { numRuns: 100 },
    );
  });
});
