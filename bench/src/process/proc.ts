import { readFileSync, writeFileSync } from "node:fs";

/**
 * What Linux tells about processes under /proc. Every function answers null where there is no such file (another system,
 * or the process is gone), so that a figure is left out of a report rather than invented.
 */
const TICK_MS = 10; // USER_HZ is 100 in Linux's user-space interface on every architecture we build for

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** CPU time the process has used, all its threads together, in milliseconds. */
export function cpuTimeMs(pid: number): number | null {
  // The command name in parentheses may contain spaces, so fields are counted from behind it.
  const fields = readProc(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ");
  const user = Number(fields?.[11]);
  const system = Number(fields?.[12]);
  return fields === undefined ? null : (user + system) * TICK_MS;
}

/** Milliseconds in which the process's main thread ran, or was ready to run and waited for a core. */
export function mainThreadBusyMs(pid: number): number | null {
  const text = readProc(`/proc/${pid}/task/${pid}/schedstat`);
  if (text === null) return null;
  const [ranNs, waitedNs] = text.split(" ");
  return (Number(ranNs) + Number(waitedNs)) / 1e6;
}

/** CPU time used by the whole machine, in milliseconds. */
export function machineBusyMs(): number | null {
  const fields = readProc("/proc/stat")?.split("\n")[0]?.trim().split(/\s+/).slice(1).map(Number);
  if (fields === undefined) return null;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return (user + nice + system + irq + softirq + steal) * TICK_MS;
}

export interface Memory {
  readonly rssKb: number;
  /** The largest RSS since the process started or since `forgetPeak`. */
  readonly peakKb: number;
}

export function memoryOf(pid: number): Memory | null {
  const text = readProc(`/proc/${pid}/status`);
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text ?? "")?.[1]);
  const memory = { rssKb: field("VmRSS"), peakKb: field("VmHWM") };
  return Number.isNaN(memory.rssKb) || Number.isNaN(memory.peakKb) ? null : memory;
}

/** Lets `memoryOf(pid).peakKb` start again from the present RSS. Returns false where the system refuses. */
export function forgetPeak(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
    return true;
  } catch {
    return false;
  }
}
