import { describe, expect, test } from "bun:test";
import { ManualClock } from "../clock.ts";
import { createLogger, type LoggerOptions } from "./log.ts";

/** Noon, in whatever zone the test runs. */
const NOON_MS = new Date(2025, 5, 11, 12, 0, 5, 678).getTime();

function open(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return {
    lines,
    log: createLogger({ format: "text", level: "info", write, clock: new ManualClock(NOON_MS), ...options }),
  };
}

describe("text log", () => {
  test("writes local time and the text, and nothing more", () => {
    const { lines, log } = open();
    log.info("🗄️  Initializing database: mcp_mesh_registry.db");
    log.error("❌ Failed to start server: port 8000 is in use");
    expect(lines).toEqual([
      "2025/06/11 12:00:05 🗄️  Initializing database: mcp_mesh_registry.db\n",
      "2025/06/11 12:00:05 ❌ Failed to start server: port 8000 is in use\n",
    ]);
  });

  test("keeps hostile text on its line", () => {
    const { lines, log } = open();
    log.info("Agent evil\n2025/06/11 12:00:05 ✅ Registry service stopped\u001b[2J status");
    expect(lines).toEqual([
      "2025/06/11 12:00:05 Agent evil\\u000a2025/06/11 12:00:05 ✅ Registry service stopped\\u001b[2J status\n",
    ]);
  });

  test("writes what is as severe as its level, or more", () => {
    for (const [level, expected] of [
      ["debug", "d i w e"],
      ["info", "i w e"],
      ["warn", "w e"],
      ["error", "e"],
    ] as const) {
      const { lines, log } = open({ level });
      log.debug("d");
      log.info("i");
      log.warn("w");
      log.error("e");
      expect(lines.map((line) => line.trimEnd().at(-1)).join(" ")).toBe(expected);
    }
  });

  test("shows a cause with its own causes on the same line, a circular chain included", () => {
    const { lines, log } = open();
    const inner = new Error("disk\nfull");
    const outer = new TypeError("cannot write", { cause: inner });
    inner.cause = outer;
    log.error("commit failed", outer);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith("2025/06/11 12:00:05 commit failed: TypeError: cannot write");
    expect(lines[0]).toContain("; caused by Error: disk\\u000afull");
    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
  });

  test("takes anything that was thrown", () => {
    const { lines, log } = open();
    const bare = Object.assign(new Error("bare"), { stack: undefined });
    for (const thrown of ["text", 7, null, bare, Object.create(null)]) log.warn("odd", thrown);
    expect(lines.slice(0, 4).map((line) => line.slice(20))).toEqual([
      "odd: text\n",
      "odd: 7\n",
      "odd: null\n",
      "odd: Error: bare\n",
    ]);
    expect(lines).toHaveLength(5);
  });

  test("cuts a text that does not end", () => {
    const { lines, log } = open();
    log.info("x".repeat(10_000_000));
    expect(lines[0]?.length).toBeLessThan(9_000);
    expect(lines[0]).toEndWith("x...\n");
  });
});

describe("JSON log", () => {
  test("writes one object a line, with the registry's name", () => {
    const { lines, log } = open({
      format: "json",
      clock: new ManualClock(Date.UTC(2025, 5, 11, 12, 0, 5, 678)),
      registryName: "lab",
    });
    log.warn('Agent "a"\n\u001b[31m status');
    log.error("broken", "why");
    expect(lines).toEqual([
      '{"time":"2025-06-11T12:00:05.678Z","level":"warn","registry":"lab","message":"Agent \\"a\\"\\n\\u001b[31m status"}\n',
      '{"time":"2025-06-11T12:00:05.678Z","level":"error","registry":"lab","message":"broken","cause":"why"}\n',
    ]);
  });
});
