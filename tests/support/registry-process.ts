import { join, resolve } from "node:path";
import { keepOutput } from "./kept-output.ts";
import { scratchFolder } from "./scratch-folder.ts";

export interface RegistryOptions {
  /** Added to an environment in which nothing is configured but `PORT=auto`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where it runs and, by default, keeps its database. It stays; without it a folder is made, and removed with the process. */
  readonly cwd?: string;
  /** Program and first arguments, instead of this repository's registry. */
  readonly command?: readonly string[];
  readonly startLimitMs?: number;
}

/** How the process ended: one of the two is null. */
export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A running registry. At the end of an `await using` block it is killed, if it still runs, and its folder removed. */
export interface RegistryProcess extends AsyncDisposable {
  /** As its banner says: `http://localhost:41234`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly cwd: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, for the message of a failing test. */
  readonly output: string;
  readonly exited: Promise<ProcessExit>;
  /**
   * The graceful end, by SIGTERM.
   * @throws Error with the output when it takes longer than 15 s (it may finish open requests for 10); it is killed then.
   */
  stop(): Promise<ProcessExit>;
  /** Sends the signal and does not wait: see `exited`. */
  kill(signal: NodeJS.Signals): void;
}

const SOURCE = join(import.meta.dir, "..", "..", "packages", "registry", "src", "main.ts");
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 15_000;

const SERVER_LINE = /^📡 Server: (https?:\/\/\S+:(\d+))$/m;
const BANNER_END = /^-{60}$/m;

/** What a program needs of its surroundings; a `PORT` or `DATABASE_URL` of whoever runs the tests must not reach it. */
const INHERITED = ["PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LC_ALL"];

/**
 * Starts the registry as users do and waits until it listens. The program is this repository's source, or the executable
 * that `MCP_MESH_TEST_REGISTRY` names. What a test leaves running when it exceeds its time limit, `bun test` kills.
 *
 * @throws Error with the output when it ends, or says nothing, before its banner is complete
 */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryProcess> {
  const folder = options.cwd === undefined ? scratchFolder() : null;
  const cwd = options.cwd ?? folder!.path;
  const child = Bun.spawn([...(options.command ?? registryCommand()), ...(options.args ?? [])], {
    cwd,
    env: { ...inheritedEnvironment(), PORT: "auto", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const banner = Promise.withResolvers<void>();
  const stdout = keepOutput(child.stdout, (text) => BANNER_END.test(text) && banner.resolve());
  const stderr = keepOutput(child.stderr);
  const output = (): string => `${stderr.text()}${stdout.text()}`;
  const exited = (async (): Promise<ProcessExit> => {
    await child.exited;
    await Promise.all([stdout.ended, stderr.ended]);
    const signal = child.signalCode === null ? null : String(child.signalCode);
    return { exitCode: signal === null ? child.exitCode : null, signal };
  })();
  const remove = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    folder?.[Symbol.dispose]();
  };

  const started = Promise.race([banner.promise.then(() => true), exited.then(() => false)]);
  const isUp = await within(started, options.startLimitMs ?? START_LIMIT_MS);
  const address = SERVER_LINE.exec(stdout.text());
  if (!isUp || address === null) {
    await remove();
    throw new Error(
      `The registry ${isUp === undefined ? "did not start in time" : "ended at its start"}:\n${output()}`,
    );
  }

  return {
    url: address[1]!,
    port: Number(address[2]),
    pid: child.pid,
    cwd,
    get stdout() {
      return stdout.text();
    },
    get stderr() {
      return stderr.text();
    },
    get output() {
      return output();
    },
    exited,
    kill: (signal) => child.kill(signal),
    stop: async () => {
      child.kill("SIGTERM");
      const end = await within(exited, STOP_LIMIT_MS);
      if (end !== undefined) return end;
      child.kill("SIGKILL");
      await exited;
      throw new Error(`The registry did not stop on SIGTERM and was killed:\n${output()}`);
    },
    [Symbol.asyncDispose]: remove,
  };
}

/** Program and first arguments of the registry under test, for those who start it in their own way. */
export function registryCommand(): readonly string[] {
  const executable = process.env.MCP_MESH_TEST_REGISTRY ?? "";
  // Each registry runs in a folder of its own.
  return executable === "" ? [process.execPath, SOURCE] : [resolve(executable)];
}

function inheritedEnvironment(): Record<string, string> {
  const entries = INHERITED.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The promise's value, or undefined when it takes longer. */
async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limitMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
