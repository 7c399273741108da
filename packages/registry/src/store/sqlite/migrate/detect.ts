import type { Database } from "bun:sqlite";
import { StoreOpenError } from "../../store.ts";
import { columnNames, missingParts, SCHEMA_VERSION } from "../schema.ts";

/** What a file holds. Both references write version 2, so the columns tell them apart, not the number. */
export type FileContent =
  | { readonly kind: "empty" }
  | { readonly kind: "current" }
  | { readonly kind: "old"; readonly origin: "python" | "go"; readonly fromVersion: 1 | 2 };

/** Absent from version 1. */
const CONTRACT_TABLES = [
  "service_contracts",
  "method_metadata",
  "method_parameters",
  "method_capabilities",
  "capability_method_mapping",
];

/** Without these, a table called agents is something else. */
const REQUIRED_AGENT_COLUMNS = ["id", "name", "endpoint"];

/**
 * Database, section 4, step 3. Reads only.
 * @throws StoreOpenError for a newer version, a broken version 3, or a database of something else.
 */
export function detectContent(db: Database, path: string): FileContent {
  const version = storedVersion(db);
  if (version > SCHEMA_VERSION) {
    throw new StoreOpenError(
      `database schema version ${version} is newer than supported version ${SCHEMA_VERSION}: ${path}. Use the registry that wrote it, or another DATABASE_URL`,
    );
  }
  const agentColumns = columnNames(db, "agents");
  if (agentColumns.length === 0) return { kind: "empty" };

  if (version === SCHEMA_VERSION) {
    const missing = missingParts(db);
    if (missing.length === 0) return { kind: "current" };
    throw new StoreOpenError(
      `${path} says schema version ${version} but lacks ${missing.slice(0, 5).join(", ")}. Restore a backup of it`,
    );
  }

  const lacking = REQUIRED_AGENT_COLUMNS.filter((column) => !agentColumns.includes(column));
  if (lacking.length > 0) {
    throw new StoreOpenError(
      `${path} is not a registry database: its table agents has no column ${lacking.join(", ")}. Use another DATABASE_URL`,
    );
  }
  return {
    kind: "old",
    origin: agentColumns.includes("timeout_threshold") ? "go" : "python",
    fromVersion: CONTRACT_TABLES.every((table) => columnNames(db, table).length > 0) ? 2 : 1,
  };
}

function storedVersion(db: Database): number {
  if (!columnNames(db, "schema_version").includes("version")) return 0;
  const row = db.query<{ version: number | null }, []>("SELECT max(version) AS version FROM schema_version").get();
  return Number(row?.version ?? 0);
}
