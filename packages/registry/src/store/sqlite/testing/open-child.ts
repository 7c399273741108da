import { writeSync } from "node:fs";
import { openSqliteFile } from "../open.ts";
import { DEFAULT_SQLITE_SETTINGS } from "../settings.ts";
import { NOW_MS } from "./scratch.ts";

/** What a test wants of another process; the first argument, as JSON. */
export interface ChildTask {
  readonly path: string;
  /** report: say what came of it, and end. hold: keep it open. stall: stop for ever at a log line that contains `at`. */
  readonly task: "report" | "hold" | "stall";
  readonly at?: string;
  /** Open it once before, and keep that open. */
  readonly isTwice?: boolean;
  /** Run as nobody, if this is the superuser, whom no permission stops. */
  readonly isUnprivileged?: boolean;
}

export interface ChildReport {
  readonly error?: string;
  readonly isReadOnly?: boolean;
  readonly origin?: string | null;
  readonly agents?: number;
  readonly writeError?: string | null;
  readonly logged: readonly string[];
}

const NOBODY = 65_534;

// Not console: it would be lost when the process is killed, or stops itself, right after it.
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const stopForEver = (): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

function report({ path, task, at, isTwice }: ChildTask): ChildReport {
  const logged: string[] = [];
  const log = (level: string, text: string): void => {
    logged.push(`${level} ${text}`);
    if (task !== "stall" || at === undefined || !text.includes(at)) return;
    say("stalled");
    stopForEver();
  };
  try {
    const options = { path, settings: DEFAULT_SQLITE_SETTINGS, clock: { nowMs: () => NOW_MS }, log };
    if (isTwice === true) openSqliteFile(options);
    const { db, isReadOnly, migrated } = openSqliteFile(options);
    if (task === "hold") {
      say("open");
      stopForEver();
    }
    const agents = db.query<{ count: number }, []>("SELECT count(*) AS count FROM agents").get()?.count ?? 0;
    return {
      isReadOnly,
      origin: migrated?.origin ?? null,
      agents,
      writeError: tryWriting(() => db.run("DELETE FROM agents")),
      logged,
    };
  } catch (error) {
    return { error: String(error), logged };
  }
}

function tryWriting(write: () => void): string | null {
  try {
    write();
    return null;
  } catch (error) {
    return String(error);
  }
}

if (import.meta.main) {
  const task: ChildTask = JSON.parse(process.argv[2] ?? "{}");
  if (task.isUnprivileged === true && process.getuid?.() === 0) {
    process.setgroups?.([]);
    process.setgid?.(NOBODY);
    process.setuid?.(NOBODY);
  }
  say(JSON.stringify(report(task)));
}
