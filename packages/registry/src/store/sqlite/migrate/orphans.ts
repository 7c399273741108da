import type { Database } from "bun:sqlite";
import { columnNames, createTableSql, MIGRATION_ORPHANS, quoteName } from "../schema.ts";
import { rowAsJson } from "./rebuild.ts";

interface Belonging {
  readonly table: string;
  readonly column: string;
  readonly parent: string;
  readonly parentColumn: string;
}

const belongs = (table: string, column: string, parent: string, parentColumn = "id"): Belonging => ({
  table,
  column,
  parent,
  parentColumn,
});

/** Parents before children, so that what hangs on an orphan is one too. */
const BELONGINGS: readonly Belonging[] = [
  belongs("capabilities", "agent_id", "agents"),
  belongs("agent_health", "agent_id", "agents"),
  belongs("service_contracts", "agent_id", "agents"),
  belongs("method_metadata", "contract_id", "service_contracts"),
  belongs("method_parameters", "method_id", "method_metadata"),
  belongs("method_capabilities", "method_id", "method_metadata"),
  belongs("capability_method_mapping", "capability_id", "capabilities"),
  belongs("capability_method_mapping", "method_id", "method_metadata"),
];

/**
 * Moves rows that belong to nobody to `migration_orphans`; Go often ran with foreign keys off. An optional reference to a
 * lost capability becomes NULL, as the foreign key says.
 * @param at stored timestamp.
 * @returns table -> rows moved, for tables that had some.
 */
export function moveOrphans(db: Database, at: string): ReadonlyMap<string, number> {
  const moved = new Map<string, number>();
  for (const { table, column, parent, parentColumn } of BELONGINGS) {
    const isOrphan = `NOT EXISTS (SELECT 1 FROM ${quoteName(parent)} AS parent
      WHERE parent.${quoteName(parentColumn)} = ${quoteName(table)}.${quoteName(column)})`;
    const count = moveRows(db, table, isOrphan, at);
    if (count > 0) moved.set(table, (moved.get(table) ?? 0) + count);
  }
  db.run(
    `UPDATE method_capabilities SET capability_id = NULL
     WHERE capability_id IS NOT NULL AND capability_id NOT IN (SELECT id FROM capabilities)`,
  );
  return moved;
}

/** Moves the rows a condition selects to `migration_orphans`, which is made when the first one comes. */
export function moveRows(db: Database, table: string, condition: string, at: string): number {
  const found = db.query(`SELECT 1 FROM ${quoteName(table)} WHERE ${condition} LIMIT 1`).get();
  if (found === null) return 0;
  db.run(createTableSql(MIGRATION_ORPHANS));
  db.run(
    `INSERT INTO migration_orphans (table_name, row_json, at)
     SELECT ?, ${rowAsJson(columnNames(db, table))}, ? FROM ${quoteName(table)} WHERE ${condition}`,
    [table, at],
  );
  return db.run(`DELETE FROM ${quoteName(table)} WHERE ${condition}`).changes;
}
