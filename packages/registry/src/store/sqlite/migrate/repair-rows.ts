import type { Database } from "bun:sqlite";
import { isJsonObject, storableText } from "@mcp-mesh/protocol";
import type { JsonObject, JsonValue } from "../../../domain/agent.ts";
import { quoteName } from "../schema.ts";
import { formatStoredTimestamp, parseStoredTimestamp } from "../timestamps.ts";
import { expectShape, isArrayValue, isObjectValue, readJsonColumn } from "./json-column.ts";
import type { StoredRow } from "./repair-agent.ts";

/** Rows held in memory at once. */
const ROWS_PER_STEP = 1_000;

interface TableRepair {
  readonly table: string;
  readonly timestamps: readonly string[];
  /** Column -> its default, which also says what shape it has. */
  readonly json: Readonly<Record<string, "{}" | "[]">>;
  /** Where text that nothing can read is kept, under `migration.raw.<column>`. */
  readonly keepIn?: string;
}

/** All tables but agents and capabilities, which `repair-agent.ts` repairs together. registry_events.data stays as it is. */
const REPAIRS: readonly TableRepair[] = [
  { table: "schema_version", timestamps: ["applied_at"], json: {} },
  {
    table: "agent_health",
    timestamps: ["timestamp"],
    json: { checks: "{}", errors: "[]", metadata: "{}" },
    keepIn: "metadata",
  },
  { table: "registry_events", timestamps: ["timestamp"], json: { metadata: "{}" }, keepIn: "metadata" },
  { table: "service_contracts", timestamps: ["created_at", "updated_at"], json: {} },
  {
    table: "method_metadata",
    timestamps: ["created_at", "updated_at"],
    json: { resource_requirements: "{}" },
    keepIn: "resource_requirements",
  },
  { table: "capability_method_mapping", timestamps: ["created_at"], json: {} },
];

/** @returns rows that were changed. */
export function repairRows(db: Database, nowMs: number): number {
  return REPAIRS.reduce((sum, repair) => sum + repairTable(db, repair, nowMs), 0);
}

function repairTable(db: Database, repair: TableRepair, nowMs: number): number {
  const columns = [...repair.timestamps, ...Object.keys(repair.json)];
  const table = quoteName(repair.table);
  const select = db.query<StoredRow, [number, number]>(
    `SELECT rowid AS "rowid", ${columns.map(quoteName).join(", ")} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
  );
  const update = db.query(
    `UPDATE ${table} SET ${columns.map((column) => `${quoteName(column)} = ?`).join(", ")} WHERE rowid = ?`,
  );
  let changed = 0;
  let after = Number.MIN_SAFE_INTEGER;
  for (let rows = select.all(after, ROWS_PER_STEP); rows.length > 0; rows = select.all(after, ROWS_PER_STEP)) {
    for (const row of rows) {
      after = Number(row["rowid"]);
      const repaired = repairRow(row, repair, nowMs);
      if (columns.every((column) => repaired[column] === row[column])) continue;
      update.run(...columns.map((column) => repaired[column] ?? null), after);
      changed++;
    }
  }
  return changed;
}

function repairRow(row: StoredRow, repair: TableRepair, nowMs: number): { readonly [column: string]: string } {
  const repaired: { [column: string]: string } = {};
  const known = repair.timestamps.map((column) => parseStoredTimestamp(row[column]));
  const fallbackMs = known.find((ms) => ms !== null) ?? nowMs;
  repair.timestamps.forEach((column, index) => {
    repaired[column] = formatStoredTimestamp(known[index] ?? fallbackMs);
  });

  const unreadable: { [key: string]: string } = {};
  for (const [column, standard] of Object.entries(repair.json)) {
    const json = expectShape(readJsonColumn(row[column]), standard === "[]" ? isArrayValue : isObjectValue);
    if (json.kind === "unreadable") unreadable[`migration.raw.${column}`] = storableText(json.text);
    repaired[column] = json.kind === "value" ? json.text : standard;
  }
  if (repair.keepIn !== undefined && Object.keys(unreadable).length > 0) {
    repaired[repair.keepIn] = JSON.stringify({ ...parseObject(repaired[repair.keepIn]), ...unreadable });
  }
  return repaired;
}

function parseObject(text: string | undefined): JsonObject {
  const value: JsonValue = JSON.parse(text ?? "{}");
  return isJsonObject(value) ? (value as JsonObject) : {};
}
