import type { Database } from "bun:sqlite";
import { errorText } from "../errors.ts";
import { columnNames, createTableSql, INDEXES, quoteName, type TableDefinition, UNIQUE_INDEXES } from "../schema.ts";
import type { MigrationContext } from "./migration-context.ts";

/** Indexes and triggers somebody added to a table; they go with the table when it is rebuilt. */
export interface AddedObject {
  readonly name: string;
  readonly sql: string;
}

/** Columns that a table has beyond ours. */
export function extraColumns(db: Database, table: TableDefinition): readonly string[] {
  return columnNames(db, table.name).filter((column) => !Object.hasOwn(table.columns, column));
}

/**
 * An SQL expression for some columns of a row as one JSON object. JSON has no bytes, so they are written in hexadecimal.
 * @param prefix of the columns, such as `old.`; may be empty.
 */
export function rowAsJson(columns: readonly string[], prefix = ""): string {
  const members = columns.map((column) => {
    const source = prefix + quoteName(column);
    return `'${column.replaceAll("'", "''")}', CASE typeof(${source}) WHEN 'blob' THEN hex(${source}) ELSE ${source} END`;
  });
  return `json_object(${members.join(", ")})`;
}

/**
 * Gives a table our definition: a new one, filled by column name, takes its name. SQLite can change neither the order of
 * columns nor a table's constraints in place. References of other tables survive, for they go by name. The caller holds a
 * transaction, with foreign keys off and `legacy_alter_table` on, which keeps views and triggers out of the renaming.
 * Columns beyond ours are left behind.
 * @param replacements expressions over the old row for columns of ours that are not copied by name.
 */
export function rebuildTable(
  db: Database,
  table: TableDefinition,
  replacements: Readonly<Record<string, string>> = {},
): void {
  const present = new Set(columnNames(db, table.name));
  const copied = Object.entries(table.columns).flatMap(([column, type]) => {
    const source = replacements[column] ?? copyExpression(column, type, present.has(column));
    return source === null ? [] : [{ column: quoteName(column), source }];
  });
  const rebuilt = `${table.name}_rebuilt`;
  const lastId = lastRowNumber(db, table.name);
  db.run(`DROP TABLE IF EXISTS ${quoteName(rebuilt)}`);
  db.run(createTableSql(table, rebuilt));
  db.run(
    `INSERT INTO ${quoteName(rebuilt)} (${copied.map(({ column }) => column).join(", ")})
     SELECT ${copied.map(({ source }) => source).join(", ")} FROM ${quoteName(table.name)}`,
  );
  db.run(`DROP TABLE ${quoteName(table.name)}`);
  db.run(`ALTER TABLE ${quoteName(rebuilt)} RENAME TO ${quoteName(table.name)}`);
  // A row number that was given out and deleted must not come back as another row.
  const { changes } = db.run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", [lastId, table.name]);
  if (changes === 0 && lastId > 0)
    db.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table.name, lastId]);
}

/** Databases that other people made may hold NULL where our column cannot. The repair of values comes after. */
function copyExpression(column: string, type: string, isPresent: boolean): string | null {
  const isRequired = type.includes("NOT NULL");
  const standard = /\bDEFAULT ('[^']*'|[\w.]+)/.exec(type)?.[1];
  if (!isPresent) return isRequired && standard === undefined ? "''" : null;
  return isRequired ? `coalesce(${quoteName(column)}, ${standard ?? "''"})` : quoteName(column);
}

function lastRowNumber(db: Database, table: string): number {
  const hasSequence = columnNames(db, "sqlite_sequence").length > 0;
  if (!hasSequence) return 0;
  const row = db.query<{ seq: number }, [string]>("SELECT seq FROM sqlite_sequence WHERE name = ?").get(table);
  return Number(row?.seq ?? 0);
}

export function addedObjects(db: Database, tables: readonly TableDefinition[]): readonly AddedObject[] {
  const ours = new Set([...INDEXES, ...UNIQUE_INDEXES].map((definition) => definition.name));
  return tables
    .flatMap((table) =>
      db
        .query<AddedObject, [string]>(
          "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        )
        .all(table.name),
    )
    .filter(({ name }) => !ours.has(name));
}

/** Puts back what was added to a rebuilt table; what does not fit it any more is only named. */
export function restoreAddedObjects(db: Database, objects: readonly AddedObject[], { log }: MigrationContext): void {
  for (const { name, sql } of objects) {
    try {
      db.run(sql);
    } catch (error) {
      log(
        "warn",
        `migration: could not restore ${JSON.stringify(name)}, which is not part of the registry: ${errorText(error)}`,
      );
    }
  }
}
