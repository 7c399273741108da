import { readdirSync, readFileSync } from "node:fs";

const MIB = 1024;

/** Resident memory, in MiB. */
export function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / MIB;
}

/** How many descriptors the process holds: files, sockets, pipes. */
export const openDescriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
