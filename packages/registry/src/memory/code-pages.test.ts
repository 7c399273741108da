import { expect, test } from "bun:test";
import { codePageReleaser, codeRanges } from "./code-pages.ts";

const MAPS = [
  "00200000-02a00000 r--p 00000000 fe:00 123 /opt/registry",
  "02a00000-02b00000 r-xp 02800000 fe:00 123 /opt/registry",
  "02b00000-02c00000 rw-p 02900000 fe:00 123 /opt/registry",
  "7f0000000000-7f0000001000 r-xp 00000000 fe:00 456 /usr/lib/libc.so.6",
  "7f0000002000-7f0000003000 r-xp 00000000 00:00 0 ",
  "",
].join("\n");

test("only the executable's own code is given back", () => {
  expect(codeRanges(MAPS, "/opt/registry")).toEqual([{ start: 0x2a00000n, length: 0x100000n }]);
});

test("a process goes on after its code pages were given back", () => {
  const release = codePageReleaser();
  for (let round = 0; round < 20; round++) {
    release();
    expect(JSON.parse(JSON.stringify({ round }))).toEqual({ round });
  }
});
