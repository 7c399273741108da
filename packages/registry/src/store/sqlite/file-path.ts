import { accessSync, constants, lstatSync, mkdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { StoreOpenError } from "../store.ts";
import { errorText } from "./errors.ts";

/** As many symbolic links as Linux follows. */
const MAX_LINKS = 40;

/**
 * The real path of a database file, which may not exist yet; two names of one file meet here. Creates the folder.
 * @throws StoreOpenError when the folder cannot be made or the path cannot be a file.
 */
export function realDatabasePath(path: string): string {
  let current = resolve(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    const folder = makeFolder(dirname(current));
    const candidate = join(folder, basename(current));
    const stats = lstatSync(candidate, { throwIfNoEntry: false });
    if (stats === undefined) return candidate;
    if (stats.isDirectory()) throw new StoreOpenError(`${candidate} is a folder. Name a file in it as the database`);
    if (!stats.isSymbolicLink()) return candidate;
    // A link to a file that is yet to be made has no real path to ask for.
    current = resolve(folder, readlinkSync(candidate));
  }
  throw new StoreOpenError(`${path} leads through too many symbolic links`);
}

function makeFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return realpathSync(folder);
  } catch (error) {
    throw new StoreOpenError(`cannot use the folder ${folder} for the database: ${errorText(error)}`, error);
  }
}

/** 0 for a file that does not exist. */
export const fileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

export const fileExists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

/**
 * What keeps a database from being written: the file, what SQLite keeps beside it, its lock or its folder; null when nothing
 * does. Opens nothing.
 */
export function unwritablePart(databasePath: string, lockPath: string): string | null {
  const besides = ["-wal", "-shm", "-journal"].map((ending) => databasePath + ending);
  const parts = [databasePath, ...besides, lockPath, dirname(databasePath)];
  return parts.find((part) => fileExists(part) && !isWritable(part)) ?? null;
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
