import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** The files that are, or would be, committed. Paths are relative, with forward slashes. */
export interface WorkTree {
  readonly files: readonly string[];
  /** Every folder that holds one of the files, at any depth. */
  readonly folders: ReadonlySet<string>;
  read(file: string): string;
  sizeBytes(file: string): number;
}

/** One thing we ask of each other. A problem is a line for people: where, what, and what to do. */
export interface Rule {
  readonly name: string;
  problems(tree: WorkTree): readonly string[];
}

/** Looked at when there is no git, as in an unpacked archive. */
const NEVER_COMMITTED = new Set(["node_modules", "bin", ".git", ".cache"]);

export function readWorkTree(root: string): WorkTree {
  const listed = existsSync(join(root, ".git")) ? filesOfGit(root) : filesBelow(root, "");
  const files = listed.filter((file) => existsSync(join(root, file)));
  return {
    files,
    folders: foldersOf(files),
    read: (file) => readFileSync(join(root, file), "utf8"),
    sizeBytes: (file) => statSync(join(root, file)).size,
  };
}

/** A tree that exists only in memory: path -> text. */
export function workTreeOf(texts: Readonly<Record<string, string>>): WorkTree {
  const files = Object.keys(texts);
  const read = (file: string) => texts[file] ?? "";
  return { files, folders: foldersOf(files), read, sizeBytes: (file) => Buffer.byteLength(read(file)) };
}

/** The lines of a file that match, with their numbers: `path:12`. */
export function* linesMatching(tree: WorkTree, file: string, pattern: RegExp): Generator<readonly [string, string]> {
  for (const [index, line] of tree.read(file).split("\n").entries()) {
    const found = pattern.exec(line)?.[0];
    if (found !== undefined) yield [`${file}:${index + 1}`, found.trim()];
  }
}

function foldersOf(files: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let end = file.lastIndexOf("/"); end > 0; end = file.lastIndexOf("/", end - 1))
      folders.add(file.slice(0, end));
  }
  return folders;
}

function filesOfGit(root: string): string[] {
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const output = execFileSync("git", list, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return [...new Set(output.split("\0").filter((file) => file !== ""))];
}

function filesBelow(root: string, folder: string): string[] {
  const files: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && !NEVER_COMMITTED.has(entry.name)) files.push(...filesBelow(root, path));
  }
  return files;
}
