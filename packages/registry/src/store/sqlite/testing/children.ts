import type { ChildReport, ChildTask } from "./open-child.ts";

const SCRIPT = new URL("./open-child.ts", import.meta.url).pathname;

const spawn = (task: ChildTask) =>
  Bun.spawn([process.execPath, SCRIPT, JSON.stringify(task)], { stdout: "pipe", stderr: "inherit" });

/** What another process says of opening a file. */
export async function openInChild(task: Omit<ChildTask, "task">): Promise<ChildReport> {
  const child = spawn({ ...task, task: "report" });
  return JSON.parse(await new Response(child.stdout).text());
}

export interface StoppedChild extends AsyncDisposable {
  /** SIGKILL: nothing of it runs any more, not even a handler. */
  kill(): Promise<void>;
}

/** Another process that has the file open (hold), or stands still within opening it (stall), when the promise resolves. */
export async function startChild(task: ChildTask): Promise<StoppedChild> {
  const child = spawn(task);
  const { value } = await child.stdout.getReader().read();
  const line = new TextDecoder().decode(value).trim();
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  if (line !== "open" && line !== "stalled") {
    await kill();
    throw new Error(`the other process did not get there: ${line}`);
  }
  return { kill, [Symbol.asyncDispose]: kill };
}
