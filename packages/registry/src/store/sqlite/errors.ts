/** SQLite's name for what went wrong (`SQLITE_BUSY`, `SQLITE_READONLY_DIRECTORY`, ...); empty for anything else. */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
