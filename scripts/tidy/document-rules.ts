import { posix } from "node:path";
import type { Rule, WorkTree } from "./work-tree.ts";

const MAP = "ARCHITECTURE.md";
const README = "README.md";
const DECISIONS = "docs/decisions";

const FENCE = /^ {0,3}(```+|~~~+)[^\n]*\n[\s\S]*?^ {0,3}\1[^\n]*$/gm;
const INLINE_CODE = /(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g;
/** `[text](target "title")`, pictures included, and `[label]: target`. */
const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gm;
const OUTSIDE = /^[a-z][a-z0-9+.-]*:/i;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/gm;
const NAMED_ANCHOR = /<a\s+(?:id|name)="([^"]+)"/g;

export const codeMap: Rule = {
  name: "the code maps name every folder",
  problems: (tree) => {
    const folders = [...tree.folders].filter((folder) => /^packages\/[^/]+\/src\//.test(folder)).toSorted();
    return [MAP, README].flatMap((document) => {
      if (!tree.files.includes(document)) return [`${document} is missing`];
      const text = tree.read(document);
      const unnamed = folders.filter((folder) => !namesFolder(text, posix.basename(folder)));
      const gone = foldersInTree(text).filter((name) => !existsAsFolder(tree, name));
      return [
        ...unnamed.map((folder) => `${document}: does not name ${folder}/`),
        ...gone.map((name) => `${document}: its tree names ${name}/, which does not exist`),
      ];
    });
  },
};

export const links: Rule = {
  name: "links and anchors lead somewhere",
  problems: (tree) => {
    const problems: string[] = [];
    for (const document of tree.files.filter((file) => file.endsWith(".md"))) {
      for (const match of withoutCode(tree.read(document)).matchAll(LINK)) {
        const target = match[1] ?? match[2] ?? "";
        if (OUTSIDE.test(target)) continue;
        const trouble = troubleWithLink(tree, document, target);
        if (trouble !== null) problems.push(`${document}: link to ${target}: ${trouble}`);
      }
    }
    return problems;
  },
};

export const decisions: Rule = {
  name: "decision records are numbered and listed",
  problems: (tree) => {
    const records = tree.files.filter((file) => posix.dirname(file) === DECISIONS && file !== `${DECISIONS}/${README}`);
    if (records.length === 0) return [];
    const index = `${DECISIONS}/${README}`;
    if (!tree.files.includes(index)) return [`${index} is missing: it lists the decision records`];
    const targets = new Set([...tree.read(index).matchAll(LINK)].map((match) => posix.normalize(match[1] ?? "")));
    const numbers = new Map<string, string>();
    const problems: string[] = [];
    for (const record of records.toSorted()) {
      const name = posix.basename(record);
      const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1];
      if (number === undefined) problems.push(`${record}: a record is named NNNN-<noun-phrase>.md`);
      else if (numbers.has(number)) problems.push(`${record}: has the number of ${numbers.get(number)}`);
      else numbers.set(number, name);
      if (!targets.has(name)) problems.push(`${index}: does not link to ${name}`);
    }
    return problems;
  },
};

/** A code map may write `store/sqlite/`, and a drawn tree `sqlite/`. */
function namesFolder(text: string, name: string): boolean {
  return new RegExp(`(^|[^\\w-])${name}/`, "m").test(text);
}

/** Folders that open a line of a drawn tree: a fenced block in which `packages/` stands. */
function foldersInTree(text: string): string[] {
  const trees = [...text.matchAll(FENCE)].map((match) => match[0]).filter((block) => /^packages\/\s*$/m.test(block));
  return trees.flatMap((block) =>
    [...block.matchAll(/^[\s│├└─|]*([\w.@-]+(?:\/[\w.@-]+)*)\//gm)].map((match) => posix.basename(match[1] ?? "")),
  );
}

function existsAsFolder(tree: WorkTree, name: string): boolean {
  // `bin/` and `.cache/` are made, not committed.
  return name === "bin" || name === ".cache" || [...tree.folders].some((folder) => posix.basename(folder) === name);
}

function troubleWithLink(tree: WorkTree, document: string, target: string): string | null {
  const [path = "", anchor = ""] = target.split("#", 2);
  const file = path === "" ? document : posix.normalize(posix.join(posix.dirname(document), decodeURI(path)));
  const folder = file.replace(/\/$/, "");
  if (file.startsWith("..")) return "leads out of the repository";
  if (!tree.files.includes(file)) return tree.folders.has(folder) || folder === "." ? null : "no such file";
  if (anchor === "" || !file.endsWith(".md")) return null;
  return anchorsOf(tree.read(file)).has(anchor) ? null : `no heading #${anchor} in ${file}`;
}

/** The anchors a Markdown page has where it is shown: its headings in lower case, without punctuation, spaces as hyphens. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const match of text.replaceAll(FENCE, "").matchAll(HEADING)) {
    const words = (match[1] ?? "").replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "");
    const slug = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let repeat = 1; anchors.has(anchor); repeat++) anchor = `${slug}-${repeat}`;
    anchors.add(anchor);
  }
  for (const match of text.matchAll(NAMED_ANCHOR)) anchors.add(match[1] ?? "");
  return anchors;
}

function withoutCode(text: string): string {
  return text.replaceAll(FENCE, "").replaceAll(INLINE_CODE, "");
}
