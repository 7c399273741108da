import { join } from "node:path";
import type { Python } from "./python.ts";
import { type PythonProcess, startPython } from "./python-process.ts";

/** What the decorator of one function says; what is left out has the runtime's default. */
export interface PythonFunction {
  readonly function_name: string;
  /** Registered under this name instead; the heartbeats keep the function's. */
  readonly agent_name?: string;
  readonly capability?: string;
  readonly dependencies?: readonly string[];
  /** Whole seconds, as sent; how often the peer really beats is `intervalSeconds`. */
  readonly health_interval?: number;
  readonly version?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly endpoint?: string;
  readonly enable_http?: boolean;
  /** Further keyword arguments of the decorator; they are in its heartbeats only. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface PythonAgentOptions {
  /** Each inner list is the functions of one process; all are played by one. */
  readonly processes: readonly (readonly PythonFunction[])[];
  readonly intervalSeconds?: number;
  /** After so many heartbeats of each function it leaves by itself. */
  readonly beats?: number;
}

/** The runtime pauses 1 s and 2 s between its three attempts. */
const PAUSES_SECONDS = [0.02, 0.04];
const INTERVAL_SECONDS = 0.1;

/** Starts `python_agent.py`, which describes the events it reports. */
export function startPythonAgent(python: Python, registryUrl: string, options: PythonAgentOptions): PythonProcess {
  const settings = {
    processes: options.processes.map((functions) => ({ functions })),
    pauses: PAUSES_SECONDS,
    interval: options.intervalSeconds ?? INTERVAL_SECONDS,
    beats: options.beats ?? null,
  };
  return startPython(python, join(import.meta.dir, "python_agent.py"), [registryUrl, JSON.stringify(settings)]);
}
