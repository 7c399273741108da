import { dlopen, FFIType } from "bun:ffi";
import { readFileSync } from "node:fs";

const MADV_DONTNEED = 4;
const C_LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/**
 * Gives back the pages of the executable's own code that are resident. They are clean copies of a file: what is still needed
 * is mapped again at its next use (measured: 1 ms, and 20 MB of start-up and compiler code that serving never touches
 * again). Only code (`r-xp`): other private pages have been written to. See docs/decisions/0006.
 *
 * @returns a function to call now and then; does nothing where the system has no such thing
 */
export function codePageReleaser(): () => void {
  if (process.platform !== "linux") return () => undefined;
  try {
    const ranges = codeRanges(readFileSync("/proc/self/maps", "utf8"), process.execPath);
    const madvise = openMadvise();
    return () => {
      for (const { start, length } of ranges) madvise(start, length, MADV_DONTNEED);
    };
  } catch {
    // No /proc, or no C library of a name we know: then the pages stay, as they do for every other program.
    return () => undefined;
  }
}

function openMadvise(): (start: bigint, length: bigint, advice: number) => unknown {
  for (const library of C_LIBRARIES) {
    try {
      const { symbols } = dlopen(library, {
        madvise: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
      });
      return symbols.madvise;
    } catch {
      // The next name.
    }
  }
  throw new Error("no C library found");
}

/** Address ranges of a file's code in the text of `/proc/<pid>/maps`: `start-end perms offset device inode path`. */
export function codeRanges(maps: string, path: string): { readonly start: bigint; readonly length: bigint }[] {
  return maps.split("\n").flatMap((line) => {
    const [range = "", permissions] = line.split(" ", 2);
    const [from, to] = range.split("-");
    if (permissions !== "r-xp" || !line.endsWith(` ${path}`) || from === undefined || to === undefined) return [];
    const start = BigInt(`0x${from}`);
    return [{ start, length: BigInt(`0x${to}`) - start }];
  });
}
