import { cpus, loadavg, release, totalmem } from "node:os";

/** Where and on what a figure was measured; without it a line in the results means nothing. */
export interface Circumstances {
  readonly date: string;
  readonly commit: string;
  /** Whether the files differed from the commit. */
  readonly isModified: boolean;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryMb: number;
    readonly system: string;
  };
  readonly runtime: string;
  /** 1, 5 and 15 minute load averages before the case began. */
  readonly loadBefore: readonly number[];
}

function git(root: string, ...args: string[]): string {
  const result = Bun.spawnSync(["git", ...args], { cwd: root, stdout: "pipe", stderr: "ignore" });
  return result.success ? result.stdout.toString().trim() : "unknown";
}

export function circumstances(root: string): Circumstances {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    commit: git(root, "rev-parse", "HEAD"),
    // The results themselves change with every case and tell nothing about the code.
    isModified: git(root, "status", "--porcelain", "--", ".", ":!bench/results") !== "",
    machine: {
      cpu: cpu?.model ?? "unknown",
      cores: cpus().length,
      memoryMb: Math.round(totalmem() / 1024 / 1024),
      system: `${process.platform}-${process.arch} ${release()}`,
    },
    runtime: `bun ${Bun.version}`,
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
  };
}
