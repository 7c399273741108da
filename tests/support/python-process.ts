import { keepOutput } from "./kept-output.ts";
import type { Python } from "./python.ts";
import type { ProcessExit } from "./registry-process.ts";
import { waitFor } from "./wait-for.ts";

/** One line a Python program of ours prints: a JSON object that says what has happened. */
export interface PythonEvent {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** A running Python program; at the end of an `await using` block it is killed, if it still runs. */
export interface PythonProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it has reported so far. */
  readonly events: readonly PythonEvent[];
  /**
   * The first such event, past ones included.
   * @throws Error with the output when it does not come in time, or the program ends without it
   */
  until(event: string, matches?: (event: PythonEvent) => boolean): Promise<PythonEvent>;
  /** The events of this name so far. */
  all(event: string): readonly PythonEvent[];
  /** Writes a line to its standard input. */
  send(line: string): void;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<ProcessExit>;
  /**
   * Waits for it to end.
   * @throws Error with the output unless its exit code is 0
   */
  finished(): Promise<readonly PythonEvent[]>;
}

/** Starts `file` with these packages and nothing of the surroundings' settings. */
export function startPython(python: Python, file: string, args: readonly string[] = []): PythonProcess {
  const child = Bun.spawn([python.path, file, ...args], {
    env: {
      PATH: process.env.PATH ?? "",
      PYTHONUNBUFFERED: "1",
      PYTHONUTF8: "1",
      PYTHONDONTWRITEBYTECODE: "1",
      // aiohttp's debug mode and proxies would change what goes over the wire.
      NO_PROXY: "*",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const events: PythonEvent[] = [];
  const stdout = readEvents(child.stdout, events);
  const stderr = keepOutput(child.stderr);
  let isOver = false;
  const exited = (async (): Promise<ProcessExit> => {
    await child.exited;
    await Promise.all([stdout, stderr.ended]);
    isOver = true;
    const signal = child.signalCode === null ? null : String(child.signalCode);
    return { exitCode: signal === null ? child.exitCode : null, signal };
  })();
  const story = (): string => `${events.map((event) => JSON.stringify(event)).join("\n")}\n${stderr.text()}`;
  const all = (name: string): readonly PythonEvent[] => events.filter(({ event }) => event === name);

  return {
    pid: child.pid,
    events,
    all,
    until: async (name, matches = () => true) => {
      const find = (): PythonEvent | undefined => all(name).find(matches);
      // An event that was the program's last counts too.
      await waitFor(name, () => isOver || find() !== undefined).catch(() => undefined);
      const found = find();
      if (found === undefined) throw new Error(`${file}: no such event "${name}":\n${story()}`);
      return found;
    },
    send: (line) => {
      child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    kill: (signal) => child.kill(signal),
    exited,
    finished: async () => {
      const { exitCode, signal } = await exited;
      if (exitCode !== 0) throw new Error(`${file} ended with ${signal ?? `exit code ${exitCode}`}:\n${story()}`);
      return events;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function readEvents(stream: ReadableStream<Uint8Array>, events: PythonEvent[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    events.push(...lines.map(readEvent));
  }
  if (rest !== "") events.push(readEvent(rest));
}

/** What is not one of our lines is kept as it came: it belongs into the message of a failing test. */
function readEvent(line: string): PythonEvent {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null && "event" in parsed) return parsed as PythonEvent;
  } catch {
    // Printed by something else.
  }
  return { event: "printed", line };
}
