import { closeSync, mkdirSync, openSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { notRunHere } from "../../support/missing.ts";
import { scratchFolder } from "../../support/scratch-folder.ts";

/** A file system of a few MiB in memory, gone at the end of the block; what runs on it must have ended by then. */
export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Leaves no byte free, or so many KiB. */
  fill(leftKib?: number): void;
  /** Frees what `fill` took. */
  free(): void;
}

const FILLER = "filler";
const PAGE_BYTES = 4096;

/** Whether this machine lets us mount one; says so in the report of the tests where it does not. */
export function canMountDisks(): boolean {
  using folder = scratchFolder();
  const path = join(folder.path, "disk");
  mkdirSync(path);
  const isMounted = mount(path, 64);
  if (isMounted) unmount(path);
  else notRunHere("a registry on a full disk", "run the tests as root, with the right to mount");
  return isMounted;
}

/** @throws Error where `canMountDisks` is false */
export function smallDisk(sizeKib: number): SmallDisk {
  const folder = scratchFolder();
  const path = join(folder.path, "disk");
  mkdirSync(path);
  if (!mount(path, sizeKib)) throw new Error("cannot mount a file system in memory");
  const filler = join(path, FILLER);
  return {
    path,
    fill(leftKib = 0) {
      const descriptor = openSync(filler, "w");
      try {
        for (;;) writeSync(descriptor, Buffer.alloc(PAGE_BYTES));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(descriptor);
      }
      truncateSync(filler, statSync(filler).size - leftKib * 1024);
    },
    free: () => rmSync(filler),
    [Symbol.dispose]() {
      unmount(path);
      folder[Symbol.dispose]();
    },
  };
}

function mount(path: string, sizeKib: number): boolean {
  try {
    return Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${sizeKib}k`, "tmpfs", path]).success;
  } catch {
    return false;
  }
}

function unmount(path: string): void {
  // Lazily: a process that was just killed may hold a file for a moment.
  Bun.spawnSync(["umount", "-l", path]);
}
