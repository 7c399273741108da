import { dirname } from "node:path";

/** Where the repository is. Every script works from here, whatever folder it was started in. */
export const ROOT = dirname(import.meta.dir);

export interface ProcessEnd {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** What it printed; empty unless `output` is "capture". */
  readonly output: string;
}

export interface ProcessOptions {
  readonly timeLimitMs: number;
  /** "show" passes the output on as it comes. */
  readonly output: "show" | "capture";
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<number>();

/**
 * Runs a program in the repository's folder, in a process group of its own, so that at the time limit, or when we are
 * told to stop, whatever it has started ends with it. Never throws for what the program does.
 */
export async function runProcess(command: readonly string[], options: ProcessOptions): Promise<ProcessEnd> {
  const sink = options.output === "show" ? "inherit" : "pipe";
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", sink, sink],
    detached: true,
  });
  running.add(child.pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, options.timeLimitMs);
  const texts = [child.stdout, child.stderr].map((stream) => (stream ? new Response(stream).text() : ""));
  await child.exited;
  clearTimeout(timer);
  // A grandchild that lives on would hold the pipes open, and the port or the file that the next program needs.
  killGroup(child.pid);
  running.delete(child.pid);
  const output = (await Promise.all(texts)).join("");
  const signal = child.signalCode === null ? null : String(child.signalCode);
  return { exitCode: signal === null ? child.exitCode : null, signal, timedOut, output };
}

/** Ends every program still running, for use when we are ended ourselves: their groups do not hear the terminal's Ctrl-C. */
export function killRunning(): void {
  for (const pid of running) killGroup(pid);
}

/** Why a program did not end well, in words, or null if it did. */
export function troubleOf(end: ProcessEnd, timeLimitMs: number): string | null {
  if (end.timedOut) return `took longer than ${timeLimitMs / 1000} s and was ended`;
  if (end.signal !== null) return `was ended by ${end.signal}`;
  return end.exitCode === 0 ? null : `ended with exit code ${end.exitCode}`;
}

function killGroup(pid: number): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // Nobody of that group is left, which is what we want.
  }
}
