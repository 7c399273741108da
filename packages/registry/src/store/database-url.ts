import { StoreOpenError } from "./store.ts";

/**
 * `DATABASE_URL` (database, section 5):
 *
 *     name.db  ./dir/name.db  /abs/name.db         SQLite file
 *     sqlite:///rel.db  sqlite:////abs.db          SQLite file, three slashes relative, four absolute
 *     file:name.db?mode=rw                         SQLite URI: percent-encoded, mode rw, rwc or memory
 *     :memory:  sqlite://  sqlite:///:memory:      one database in memory
 *     postgres://...  postgresql://...             PostgreSQL, passed on as it is
 */
export type DatabaseTarget =
  | {
      readonly kind: "sqlite";
      /** As written, so a relative one counts from the working directory; `:memory:` is the one in memory. */
      readonly path: string;
      /** `mode=rw`: refuse instead of making a new file. */
      readonly mustExist: boolean;
    }
  | { readonly kind: "postgresql"; readonly url: string };

const MEMORY: DatabaseTarget = { kind: "sqlite", path: ":memory:", mustExist: false };

const FORMS = "Use a file name, sqlite:///name.db, file:name.db, :memory: or postgresql://user:password@host/name";

/** @throws StoreOpenError saying what is wrong with the text and what can be written instead; never shows a password. */
export function parseDatabaseUrl(text: string): DatabaseTarget {
  const url = text.trim();
  if (url === "") throw new StoreOpenError(`DATABASE_URL is empty. ${FORMS}`);
  // A single letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1];
  switch (scheme?.toLowerCase()) {
    case undefined:
      return sqliteFile(url, new URLSearchParams(), url);
    case "postgres":
    case "postgresql":
      return { kind: "postgresql", url };
    case "sqlite":
      return parseSqliteUrl(url);
    case "file":
      return parseFileUri(url);
    default:
      throw new StoreOpenError(
        `DATABASE_URL has the scheme ${JSON.stringify(scheme)}, which is not supported. ${FORMS}`,
      );
  }
}

/** SQLAlchemy's form: the path is plain text, not percent-encoded, for the CLI writes it there as it is. */
function parseSqliteUrl(url: string): DatabaseTarget {
  const rest = url.slice("sqlite:".length);
  const [, slashes, path, query] = /^(\/*)([^?]*)(?:\?(.*))?$/s.exec(rest) ?? [];
  if (path === "" && (slashes === "//" || slashes === "///")) return MEMORY;
  if (slashes === undefined || path === undefined || slashes.length < 3) {
    throw new StoreOpenError(
      `DATABASE_URL ${maskDatabaseUrl(url)} needs three slashes before a relative path (sqlite:///name.db) and four before an absolute one`,
    );
  }
  return sqliteFile(slashes.slice(3) + path, new URLSearchParams(query), url);
}

/** SQLite's own form. Its authority is empty or localhost; a fragment means nothing. */
function parseFileUri(url: string): DatabaseTarget {
  const [, authority = "", encodedPath = "", query] =
    /^file:(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/is.exec(url) ?? [];
  if (authority !== "" && authority.toLowerCase() !== "localhost") {
    throw new StoreOpenError(
      `DATABASE_URL ${maskDatabaseUrl(url)} names the host ${JSON.stringify(authority)}; a file: URL can only name a file here`,
    );
  }
  return sqliteFile(decodePath(encodedPath, url), new URLSearchParams(query), url);
}

function decodePath(encodedPath: string, url: string): string {
  try {
    return decodeURIComponent(encodedPath);
  } catch (error) {
    throw new StoreOpenError(`DATABASE_URL ${maskDatabaseUrl(url)} has a "%" that is not followed by a code`, error);
  }
}

function sqliteFile(path: string, parameters: URLSearchParams, url: string): DatabaseTarget {
  const mode = parameters.get("mode");
  if (mode === "ro" || isTrue(parameters.get("immutable"))) {
    throw new StoreOpenError(
      `DATABASE_URL ${maskDatabaseUrl(url)} asks for a read-only database (${mode === "ro" ? "mode=ro" : "immutable"}), but a registry has to write. Leave that parameter out`,
    );
  }
  if (mode !== null && mode !== "rw" && mode !== "rwc" && mode !== "memory") {
    throw new StoreOpenError(`DATABASE_URL has mode=${JSON.stringify(mode)}; allowed are rw, rwc and memory`);
  }
  if (mode === "memory" || path === ":memory:") return MEMORY;
  if (path === "" || path.includes("\0")) {
    throw new StoreOpenError(`DATABASE_URL ${JSON.stringify(maskDatabaseUrl(url))} names no file. ${FORMS}`);
  }
  return { kind: "sqlite", path, mustExist: mode === "rw" };
}

const isTrue = (value: string | null): boolean => value !== null && /^(1|yes|true|on)$/i.test(value);

const SECRET_PARAMETER = /passw|pwd|passphrase|secret|token|^(hex)?key$|api_?key/i;

/**
 * The URL for people: passwords become `***`. Where a raw `@` or `/` makes it unclear how far a password reaches, more is
 * hidden rather than less.
 */
export function maskDatabaseUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/?#@]*):.*@/is, "$1:***@")
    .replace(/([?&;])([^=?&;#]+)=[^&;#]*/g, (pair: string, separator: string, name: string) =>
      isSecretName(name) ? `${separator}${name}=***` : pair,
    );
}

function isSecretName(name: string): boolean {
  try {
    return SECRET_PARAMETER.test(decodeURIComponent(name));
  } catch {
    return true;
  }
}
