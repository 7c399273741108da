import { existsSync, readdirSync, readFileSync } from "node:fs";
import { notRunHere } from "../../support/missing.ts";
import { waitFor } from "../../support/wait-for.ts";

/** Whether this system shows what a process holds; says so in the report of the tests where it does not. */
export function canLookIntoProcesses(): boolean {
  const can = existsSync("/proc/self/fd");
  if (!can) notRunHere("memory, descriptors and sockets of a registry under bad clients", "run the tests on Linux");
  return can;
}

const MIB = 1024;

/** Resident memory, in MiB. */
export function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / MIB;
}

/** How many descriptors the process holds: files, sockets, pipes. */
export const openDescriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** So often the same count, one look after the other, and nothing is on its way out any more. */
const LOOKS = 10;

/** How many descriptors it holds once the connections of what went before are gone. */
export async function restingDescriptors(pid: number): Promise<number> {
  let count = openDescriptors(pid);
  let looks = 0;
  await waitFor("the number of descriptors stays the same", () => {
    const now = openDescriptors(pid);
    looks = now === count ? looks + 1 : 0;
    count = now;
    return looks === LOOKS;
  });
  return count;
}
