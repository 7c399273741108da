import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ScratchFolder extends Disposable {
  readonly path: string;
}

/**
 * An empty folder of the test's own, gone with its content at the end of the block. A test that runs into its time limit
 * never gets there; `npm test` therefore points `TMPDIR` into a folder that it removes itself.
 */
export function scratchFolder(): ScratchFolder {
  const path = mkdtempSync(join(tmpdir(), "mcp-mesh-scratch-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
