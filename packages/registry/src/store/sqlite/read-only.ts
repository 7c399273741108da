import { constants, Database } from "bun:sqlite";
import { pathToFileURL } from "node:url";
import { StoreOpenError } from "../store.ts";
import { errorText } from "./errors.ts";
import { fileSize } from "./file-path.ts";

/**
 * Opens a file that cannot be written. In WAL mode SQLite wants to make its shared-memory file beside it even for reading;
 * where it cannot, the file is declared immutable, which is true enough: there is nothing pending beside it, and we read it
 * once. With something pending that would show an old state, so we refuse instead.
 * @throws StoreOpenError
 */
export function openForReading(path: string, busyTimeoutMs: number): Database {
  try {
    return openAndRead(new Database(path, constants.SQLITE_OPEN_READONLY), busyTimeoutMs);
  } catch (error) {
    const pending = ["-wal", "-journal"].map((ending) => path + ending).find((file) => fileSize(file) > 0);
    if (pending !== undefined) {
      throw new StoreOpenError(
        `${path} cannot be read as it is: ${pending} holds changes that can only be taken in where the folder can be written (${errorText(error)}). Give write access once, or copy both files elsewhere`,
        error,
      );
    }
  }
  const url = `${pathToFileURL(path).href}?mode=ro&immutable=1`;
  return openAndRead(new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI), busyTimeoutMs);
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
