import type { Database } from "bun:sqlite";

/**
 * The tables of schema version 3 (database, sections 1 and 3). The first ten are the reference's, with the columns of the Go
 * registry in its order and with its defaults: Go lists agents by position, so that it can still open our file after a
 * rollback. What is new stands in columns after those (of tables Go reads by name) and in tables of its own.
 */
export const SCHEMA_VERSION = 3;

export interface TableDefinition {
  readonly name: string;
  /** Column name -> type and constraints, in the order of the file. */
  readonly columns: Readonly<Record<string, string>>;
  /** Table constraints: foreign keys. */
  readonly constraints?: readonly string[];
}

const ROW_NUMBER = "INTEGER PRIMARY KEY AUTOINCREMENT";
const NOW = "TIMESTAMP DEFAULT CURRENT_TIMESTAMP";
const TO_AGENT = "FOREIGN KEY (agent_id) REFERENCES agents(id) ON DELETE CASCADE";
const TO_METHOD = "FOREIGN KEY (method_id) REFERENCES method_metadata(id) ON DELETE CASCADE";

export const SCHEMA_VERSION_TABLE = {
  name: "schema_version",
  columns: { version: "INTEGER PRIMARY KEY", applied_at: NOW },
} as const satisfies TableDefinition;

/** Exactly these 18, in exactly this order. There is no unique(name, namespace): ids are verbatim, names are not unique. */
export const AGENTS = {
  name: "agents",
  columns: {
    id: "TEXT PRIMARY KEY",
    name: "TEXT NOT NULL",
    namespace: "TEXT NOT NULL DEFAULT 'default'",
    endpoint: "TEXT NOT NULL",
    status: "TEXT NOT NULL DEFAULT 'pending'",
    labels: "TEXT DEFAULT '{}'",
    annotations: "TEXT DEFAULT '{}'",
    created_at: "TIMESTAMP NOT NULL",
    updated_at: "TIMESTAMP NOT NULL",
    resource_version: "TEXT NOT NULL",
    last_heartbeat: "TIMESTAMP",
    health_interval: "INTEGER DEFAULT 30",
    timeout_threshold: "INTEGER DEFAULT 60",
    eviction_threshold: "INTEGER DEFAULT 120",
    agent_type: "TEXT DEFAULT 'mesh-agent'",
    config: "TEXT DEFAULT '{}'",
    security_context: "TEXT",
    dependencies: "TEXT DEFAULT '[]'",
  },
} as const satisfies TableDefinition;

/** Go's nine columns, then ours. */
export const CAPABILITIES = {
  name: "capabilities",
  columns: {
    id: ROW_NUMBER,
    agent_id: "TEXT NOT NULL",
    name: "TEXT NOT NULL",
    description: "TEXT",
    version: "TEXT DEFAULT '1.0.0'",
    parameters_schema: "TEXT",
    security_requirements: "TEXT",
    created_at: NOW,
    updated_at: NOW,
    category: "TEXT",
    stability: "TEXT NOT NULL DEFAULT 'stable'",
    tags: "TEXT NOT NULL DEFAULT '[]'",
    compatibility_versions: "TEXT NOT NULL DEFAULT '[]'",
    extra: "TEXT NOT NULL DEFAULT '{}'",
    // Place in the agent's list, which clients are shown in the order the agent gave.
    position: "INTEGER NOT NULL DEFAULT 0",
  },
  constraints: [TO_AGENT],
} as const satisfies TableDefinition;

export const AGENT_HEALTH = {
  name: "agent_health",
  columns: {
    id: ROW_NUMBER,
    agent_id: "TEXT NOT NULL",
    status: "TEXT NOT NULL",
    timestamp: NOW,
    checks: "TEXT DEFAULT '{}'",
    errors: "TEXT DEFAULT '[]'",
    uptime_seconds: "INTEGER DEFAULT 0",
    metadata: "TEXT DEFAULT '{}'",
  },
  constraints: [TO_AGENT],
} as const satisfies TableDefinition;

/** agent_id without a foreign key: an event outlives its agent. */
export const REGISTRY_EVENTS = {
  name: "registry_events",
  columns: {
    id: ROW_NUMBER,
    event_type: "TEXT NOT NULL",
    agent_id: "TEXT NOT NULL",
    timestamp: NOW,
    resource_version: "TEXT NOT NULL",
    data: "TEXT",
    source: "TEXT DEFAULT 'registry'",
    metadata: "TEXT DEFAULT '{}'",
  },
} as const satisfies TableDefinition;

export const SERVICE_CONTRACTS = {
  name: "service_contracts",
  columns: {
    id: ROW_NUMBER,
    agent_id: "TEXT NOT NULL",
    service_name: "TEXT NOT NULL",
    service_version: "TEXT NOT NULL DEFAULT '1.0.0'",
    description: "TEXT",
    contract_version: "TEXT NOT NULL DEFAULT '1.0.0'",
    compatibility_level: "TEXT NOT NULL DEFAULT 'strict'",
    created_at: NOW,
    updated_at: NOW,
  },
  constraints: [TO_AGENT],
} as const satisfies TableDefinition;

export const METHOD_METADATA = {
  name: "method_metadata",
  columns: {
    id: ROW_NUMBER,
    contract_id: "INTEGER NOT NULL",
    method_name: "TEXT NOT NULL",
    signature_data: "TEXT NOT NULL",
    return_type: "TEXT",
    is_async: "BOOLEAN DEFAULT FALSE",
    method_type: "TEXT DEFAULT 'function'",
    docstring: "TEXT",
    service_version: "TEXT DEFAULT '1.0.0'",
    stability_level: "TEXT DEFAULT 'stable'",
    deprecation_warning: "TEXT",
    expected_complexity: "TEXT DEFAULT 'O(1)'",
    timeout_hint: "INTEGER DEFAULT 30",
    resource_requirements: "TEXT DEFAULT '{}'",
    created_at: NOW,
    updated_at: NOW,
  },
  constraints: ["FOREIGN KEY (contract_id) REFERENCES service_contracts(id) ON DELETE CASCADE"],
} as const satisfies TableDefinition;

export const METHOD_PARAMETERS = {
  name: "method_parameters",
  columns: {
    id: ROW_NUMBER,
    method_id: "INTEGER NOT NULL",
    parameter_name: "TEXT NOT NULL",
    parameter_type: "TEXT NOT NULL",
    parameter_kind: "TEXT NOT NULL",
    default_value: "TEXT",
    annotation: "TEXT",
    has_default: "BOOLEAN DEFAULT FALSE",
    is_optional: "BOOLEAN DEFAULT FALSE",
    position: "INTEGER NOT NULL",
  },
  constraints: [TO_METHOD],
} as const satisfies TableDefinition;

export const METHOD_CAPABILITIES = {
  name: "method_capabilities",
  columns: {
    id: ROW_NUMBER,
    method_id: "INTEGER NOT NULL",
    capability_name: "TEXT NOT NULL",
    capability_id: "INTEGER",
  },
  constraints: [TO_METHOD, "FOREIGN KEY (capability_id) REFERENCES capabilities(id) ON DELETE SET NULL"],
} as const satisfies TableDefinition;

export const CAPABILITY_METHOD_MAPPING = {
  name: "capability_method_mapping",
  columns: {
    id: ROW_NUMBER,
    capability_id: "INTEGER NOT NULL",
    method_id: "INTEGER NOT NULL",
    mapping_type: "TEXT DEFAULT 'direct'",
    priority: "INTEGER DEFAULT 0",
    created_at: NOW,
  },
  constraints: ["FOREIGN KEY (capability_id) REFERENCES capabilities(id) ON DELETE CASCADE", TO_METHOD],
} as const satisfies TableDefinition;

/** One row an agent: what `agents` has no room for. */
export const AGENT_EXTENSIONS = {
  name: "agent_extensions",
  columns: {
    agent_id: "TEXT PRIMARY KEY REFERENCES agents(id) ON DELETE CASCADE",
    version: "TEXT DEFAULT '1.0.0'",
    description: "TEXT",
    tags: "TEXT DEFAULT '[]'",
    transport: "TEXT DEFAULT '[]'",
    lifecycle_status: "TEXT DEFAULT 'active'",
    lifecycle_since: "TIMESTAMP",
    reported_status: "TEXT",
    explicit_timeout: "INTEGER DEFAULT 0",
    explicit_eviction: "INTEGER DEFAULT 0",
    last_metadata: "TEXT DEFAULT '{}'",
    profile: "TEXT DEFAULT '{}'",
    // Dependency -> id of the provider chosen last.
    providers: "TEXT NOT NULL DEFAULT '{}'",
    // Version of the newest registry_log row about this agent; null = agents.resource_version.
    log_version: "INTEGER",
  },
} as const satisfies TableDefinition;

export const LIFECYCLE_TOMBSTONES = {
  name: "lifecycle_tombstones",
  columns: { agent_id: "TEXT PRIMARY KEY", status: "TEXT NOT NULL", at: "TIMESTAMP NOT NULL" },
} as const satisfies TableDefinition;

/** An empty agent_id holds the weights for all. */
export const SELECTION_WEIGHTS = {
  name: "selection_weights",
  columns: {
    agent_id: "TEXT PRIMARY KEY",
    weights: "TEXT NOT NULL",
    reason: "TEXT",
    expires_at: "TIMESTAMP",
    updated_at: "TIMESTAMP NOT NULL",
  },
} as const satisfies TableDefinition;

/** The ordered log of changes. Old and new are records as JSON: old null = created, new null = deleted. */
export const REGISTRY_LOG = {
  name: "registry_log",
  columns: {
    version: "INTEGER PRIMARY KEY",
    agent_id: "TEXT NOT NULL",
    old: "TEXT",
    new: "TEXT",
    cause: "TEXT NOT NULL",
    beat: "TIMESTAMP",
    tombstone: "INTEGER NOT NULL DEFAULT 0",
  },
} as const satisfies TableDefinition;

export const LEASE_LOG = {
  name: "lease_log",
  columns: { id: ROW_NUMBER, replica: "TEXT NOT NULL", at: "TIMESTAMP NOT NULL", beats: "TEXT NOT NULL" },
} as const satisfies TableDefinition;

/** Exactly one row, which the check on `row` enforces. head: newest version given out; floor: oldest one may resume from. */
export const REGISTRY_HEAD = {
  name: "registry_head",
  columns: {
    head: "INTEGER NOT NULL",
    floor: "INTEGER NOT NULL",
    row: "INTEGER PRIMARY KEY CHECK (row = 1)",
  },
} as const satisfies TableDefinition;

/** Exists only where a migration found rows that belong to nobody; nothing is lost silently (database, section 4). */
export const MIGRATION_ORPHANS = {
  name: "migration_orphans",
  columns: { table_name: "TEXT NOT NULL", row_json: "TEXT NOT NULL", at: "TIMESTAMP NOT NULL" },
} as const satisfies TableDefinition;

/** Parents before children. */
export const REFERENCE_TABLES: readonly TableDefinition[] = [
  SCHEMA_VERSION_TABLE,
  AGENTS,
  CAPABILITIES,
  AGENT_HEALTH,
  REGISTRY_EVENTS,
  SERVICE_CONTRACTS,
  METHOD_METADATA,
  METHOD_PARAMETERS,
  METHOD_CAPABILITIES,
  CAPABILITY_METHOD_MAPPING,
];

export const OUR_TABLES: readonly TableDefinition[] = [
  AGENT_EXTENSIONS,
  LIFECYCLE_TOMBSTONES,
  SELECTION_WEIGHTS,
  REGISTRY_LOG,
  LEASE_LOG,
  REGISTRY_HEAD,
];

export const TABLES: readonly TableDefinition[] = [...REFERENCE_TABLES, ...OUR_TABLES];

export interface IndexDefinition {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
}

const index = (name: string, table: string, ...columns: string[]): IndexDefinition => ({ name, table, columns });

/** The 30 of both references, and the three for what is new. */
export const INDEXES: readonly IndexDefinition[] = [
  index("idx_agents_namespace", "agents", "namespace"),
  index("idx_agents_status", "agents", "status"),
  index("idx_agents_updated", "agents", "updated_at"),
  index("idx_agents_heartbeat", "agents", "last_heartbeat"),
  index("idx_capabilities_name", "capabilities", "name"),
  index("idx_capabilities_agent", "capabilities", "agent_id"),
  index("idx_capabilities_composite", "capabilities", "name", "agent_id"),
  index("idx_health_agent", "agent_health", "agent_id"),
  index("idx_health_timestamp", "agent_health", "timestamp"),
  index("idx_health_status", "agent_health", "agent_id", "timestamp"),
  index("idx_events_agent", "registry_events", "agent_id"),
  index("idx_events_timestamp", "registry_events", "timestamp"),
  index("idx_events_type", "registry_events", "event_type", "timestamp"),
  index("idx_contracts_agent", "service_contracts", "agent_id"),
  index("idx_contracts_service", "service_contracts", "service_name", "service_version"),
  index("idx_contracts_composite", "service_contracts", "agent_id", "service_name"),
  index("idx_methods_contract", "method_metadata", "contract_id"),
  index("idx_methods_name", "method_metadata", "method_name"),
  index("idx_methods_composite", "method_metadata", "contract_id", "method_name"),
  index("idx_methods_stability", "method_metadata", "stability_level"),
  index("idx_parameters_method", "method_parameters", "method_id"),
  index("idx_parameters_type", "method_parameters", "parameter_type"),
  index("idx_parameters_position", "method_parameters", "method_id", "position"),
  index("idx_method_caps_method", "method_capabilities", "method_id"),
  index("idx_method_caps_capability", "method_capabilities", "capability_name"),
  index("idx_method_caps_composite", "method_capabilities", "capability_name", "method_id"),
  index("idx_cap_mapping_capability", "capability_method_mapping", "capability_id"),
  index("idx_cap_mapping_method", "capability_method_mapping", "method_id"),
  index("idx_cap_mapping_type", "capability_method_mapping", "mapping_type"),
  index("idx_cap_mapping_priority", "capability_method_mapping", "capability_id", "priority"),
  index("idx_capabilities_category", "capabilities", "category"),
  index("idx_capabilities_stability", "capabilities", "stability"),
  index("idx_events_version", "registry_events", "resource_version"),
];

/** What may be there once only. In the order in which a migration removes duplicates: parents before children. */
export const UNIQUE_INDEXES: readonly IndexDefinition[] = [
  index("idx_capabilities_unique", "capabilities", "agent_id", "name", "version"),
  index("idx_contracts_unique", "service_contracts", "agent_id", "service_name", "service_version"),
  index("idx_methods_unique", "method_metadata", "contract_id", "method_name"),
  index("idx_parameters_unique", "method_parameters", "method_id", "parameter_name"),
  index("idx_method_caps_unique", "method_capabilities", "method_id", "capability_name"),
  index("idx_cap_mapping_unique", "capability_method_mapping", "capability_id", "method_id"),
];

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `CREATE TABLE IF NOT EXISTS`; under another name where a table is rebuilt. */
export function createTableSql(table: TableDefinition, name: string = table.name): string {
  const columns = Object.entries(table.columns).map(([column, type]) => `${quoteName(column)} ${type}`);
  return `CREATE TABLE IF NOT EXISTS ${quoteName(name)} (${[...columns, ...(table.constraints ?? [])].join(", ")})`;
}

export function createIndexSql(definition: IndexDefinition, isUnique: boolean): string {
  const columns = definition.columns.map(quoteName).join(", ");
  const kind = isUnique ? "UNIQUE INDEX" : "INDEX";
  return `CREATE ${kind} IF NOT EXISTS ${quoteName(definition.name)} ON ${quoteName(definition.table)} (${columns})`;
}

/**
 * Makes a new, empty registry database of version 3. The caller holds a transaction.
 * @param appliedAt stored timestamp for the version row.
 */
export function createSchema(db: Database, appliedAt: string): void {
  for (const table of TABLES) db.run(createTableSql(table));
  for (const definition of INDEXES) db.run(createIndexSql(definition, false));
  for (const definition of UNIQUE_INDEXES) db.run(createIndexSql(definition, true));
  db.run("INSERT INTO schema_version (version, applied_at) VALUES (?, ?)", [SCHEMA_VERSION, appliedAt]);
  db.run("INSERT INTO registry_head (head, floor) VALUES (0, 0)");
}

/** Column names of a table as the file has them, in its order; empty if there is no such table. */
export function columnNames(db: Database, table: string): readonly string[] {
  const rows = db.query<{ name: string }, [string]>("SELECT name FROM pragma_table_info(?)").all(table);
  return rows.map((row) => row.name);
}

/** `table` or `table.column` for everything version 3 needs and this file does not have. */
export function missingParts(db: Database): readonly string[] {
  return TABLES.flatMap((table) => {
    const present = new Set(columnNames(db, table.name));
    if (present.size === 0) return [table.name];
    return Object.keys(table.columns)
      .filter((column) => !present.has(column))
      .map((column) => `${table.name}.${column}`);
  });
}
