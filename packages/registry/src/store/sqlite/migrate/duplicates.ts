import type { Database } from "bun:sqlite";
import { quoteName, UNIQUE_INDEXES } from "../schema.ts";

interface Reference {
  readonly table: string;
  readonly column: string;
}

/** Who refers to the rows of a table. */
const CHILDREN: Readonly<Record<string, readonly Reference[]>> = {
  capabilities: [
    { table: "method_capabilities", column: "capability_id" },
    { table: "capability_method_mapping", column: "capability_id" },
  ],
  service_contracts: [{ table: "method_metadata", column: "contract_id" }],
  method_metadata: [
    { table: "method_parameters", column: "method_id" },
    { table: "method_capabilities", column: "method_id" },
    { table: "capability_method_mapping", column: "method_id" },
  ],
};

/**
 * Removes what a new unique index does not allow: the row with the highest id stays, and takes the children of the others.
 * Parents come first, because their children may become duplicates by that.
 * @returns table -> rows removed, for tables that had some.
 */
export function removeDuplicates(db: Database): ReadonlyMap<string, number> {
  const removed = new Map<string, number>();
  for (const { table, columns } of UNIQUE_INDEXES) {
    const count = removeDuplicatesOf(db, table, columns);
    if (count > 0) removed.set(table, count);
  }
  return removed;
}

function removeDuplicatesOf(db: Database, table: string, columns: readonly string[]): number {
  db.run("DROP TABLE IF EXISTS temp.migration_duplicates");
  db.run("CREATE TEMP TABLE migration_duplicates (id INTEGER PRIMARY KEY, kept INTEGER NOT NULL)");
  const { changes } = db.run(
    `INSERT INTO temp.migration_duplicates SELECT id, kept FROM (
       SELECT id, max(id) OVER (PARTITION BY ${columns.map(quoteName).join(", ")}) AS kept FROM ${quoteName(table)}
     ) WHERE id <> kept`,
  );
  if (changes > 0) {
    for (const child of CHILDREN[table] ?? []) adopt(db, child);
    db.run(`DELETE FROM ${quoteName(table)} WHERE id IN (SELECT id FROM temp.migration_duplicates)`);
  }
  db.run("DROP TABLE temp.migration_duplicates");
  return changes;
}

function adopt(db: Database, { table, column }: Reference): void {
  const reference = quoteName(column);
  db.run(
    `UPDATE ${quoteName(table)}
     SET ${reference} = (SELECT kept FROM temp.migration_duplicates AS duplicate WHERE duplicate.id = ${reference})
     WHERE ${reference} IN (SELECT id FROM temp.migration_duplicates)`,
  );
}
