import { constants, Database } from "bun:sqlite";
import { pathToFileURL } from "node:url";
import { StoreOpenError } from "../store.ts";
import { errorText } from "./errors.ts";
import { fileSize } from "./file-path.ts";

/**
 * Opens a file that cannot be written. It is declared immutable, which is true enough: we read it once, and nothing is pending
 * beside it. In WAL mode SQLite would else make its two files beside it even for reading, with the file's own permissions,
 * and they would stay as unwritable as it is when its permissions are mended. With something pending immutable would show an
 * old state, so then SQLite reads it in its own way, or, where it cannot, we refuse.
 * @throws StoreOpenError
 */
export function openForReading(path: string, busyTimeoutMs: number): Database {
  const pending = ["-wal", "-journal"].map((ending) => path + ending).find((file) => fileSize(file) > 0);
  if (pending === undefined) {
    const url = `${pathToFileURL(path).href}?mode=ro&immutable=1`;
    return openAndRead(new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI), busyTimeoutMs);
  }
  try {
    return openAndRead(new Database(path, constants.SQLITE_OPEN_READONLY), busyTimeoutMs);
  } catch (error) {
    throw new StoreOpenError(
      `${path} cannot be read as it is: ${pending} holds changes that can only be taken in where the folder can be written (${errorText(error)}). Give write access once, or copy both files elsewhere`,
      error,
    );
  }
}

/** SQLite looks at the file with the first statement, not when it opens it. */
function openAndRead(db: Database, busyTimeoutMs: number): Database {
  try {
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    db.query("SELECT count(*) FROM sqlite_master").get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The same database in memory, where it can be changed; the source is closed. */
export function copyToMemory(source: Database): Database {
  const bytes = source.serialize();
  source.close();
  // "Read and write version" of the header: 2 says WAL, which a database in memory cannot have.
  bytes.fill(1, 18, 20);
  return Database.deserialize(bytes);
}
