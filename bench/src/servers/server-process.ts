import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Memory, memoryOf } from "../process/proc.ts";

export interface ServerCommand {
  /** What the report calls it. */
  readonly name: string;
  readonly command: readonly string[];
  /** Its whole environment but the port: nothing is inherited, so that a run does not depend on who started it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Working directory and log; created when missing. */
  readonly folder: string;
}

const START_LIMIT_MS = 60_000;
const HEALTH_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 20_000;
const LOG_TAIL_CHARACTERS = 2_000;

/** Asks the system for a port nobody uses. It may be taken before the server binds it; then the server says so and ends. */
export async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer().once("error", reject);
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    probe.close(() => resolve(port));
  });
  return await promise;
}

/** One `GET /health` on a new connection: whether it was answered 200. A server that is silent counts as not healthy. */
function isHealthy(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), HEALTH_LIMIT_MS);
  Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open: (socket) => void socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
      data(socket, data) {
        resolve(data.toString("latin1", 9, 12) === "200");
        socket.end();
      },
      close: () => resolve(false),
      error: () => resolve(false),
    },
  }).catch(() => resolve(false));
  return promise.finally(() => clearTimeout(timer));
}

/** Every server started and not ended, so that an interrupted bench leaves none behind. */
const running = new Set<Bun.Subprocess>();

export function killAllServers(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** A server under load, as a real process with its output in a file, as behind a service manager. */
export class ServerProcess implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** From just before the process was started to its first 200 on `/health`. */
  readonly startMs: number;
  readonly #child: Bun.Subprocess;

  private constructor(name: string, port: number, startMs: number, child: Bun.Subprocess) {
    this.name = name;
    this.port = port;
    this.startMs = startMs;
    this.#child = child;
  }

  /** @throws Error with the end of its log when the process ends, or is not healthy within a minute. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    mkdirSync(command.folder, { recursive: true });
    const port = await freePort();
    const logPath = join(command.folder, "server.log");
    const log = openSync(logPath, "a");
    const startedAtMs = performance.now();
    const child = Bun.spawn([...command.command], {
      cwd: command.folder,
      env: { HOST: "127.0.0.1", PORT: String(port), ...command.environment },
      stdio: ["ignore", log, log],
      onExit: (ended) => void running.delete(ended),
    });
    running.add(child);
    closeSync(log);
    // One millisecond between attempts is the resolution of the start-up figure.
    while (!(await isHealthy(port))) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (hasEnded || performance.now() - startedAtMs > START_LIMIT_MS) {
        child.kill("SIGKILL");
        const why = hasEnded ? `ended with ${child.signalCode ?? child.exitCode}` : "did not get healthy";
        throw new Error(`${command.name} ${why}: ${readFileSync(logPath, "utf8").slice(-LOG_TAIL_CHARACTERS)}`);
      }
      await Bun.sleep(1);
    }
    return new ServerProcess(command.name, port, performance.now() - startedAtMs, child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** @throws Error where the system does not tell. */
  memory(): Memory {
    const memory = memoryOf(this.pid);
    if (memory === null) throw new Error(`cannot read the memory of ${this.name} (process ${this.pid}) from /proc`);
    return memory;
  }

  /** A request outside the measured load. @throws Error unless it is answered 2xx. */
  async fetchText(path: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${this.name}: ${path} answered ${response.status} ${text.slice(0, 300)}`);
    return text;
  }

  /** Lets it finish, flush and close its database. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.#child.exited;
    clearTimeout(timer);
  }
}
