import { join } from "node:path";
import type { Python } from "../../support/python.ts";
import { type PythonProcess, startPython } from "../../support/python-process.ts";

/** Starts one of `python/`, each a snippet of seed 002 with the harness around it, against this registry. */
export function startSnippet(python: Python | null, name: string, registryUrl = ""): PythonProcess {
  if (python === null) throw new Error("no Python: such a test is to be skipped");
  return startPython(python, join(import.meta.dir, "python", `${name}.py`), [registryUrl]);
}

/** Lets a snippet go on that waits for the n-th time. */
export async function letGo(snippet: PythonProcess, nth = 1): Promise<void> {
  await snippet.until("waiting", () => snippet.all("waiting").length >= nth);
  snippet.send("go");
}
