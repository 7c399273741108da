import {
  agentCapabilitySchema,
  agentListSchema,
  agentSchema,
  capabilityListSchema,
  offeredCapabilitySchema,
  resourceVersionSchema,
  timestampSchema,
} from "@mcp-mesh/protocol/schemas/agent";
import {
  agentHeartbeatBodySchema,
  healthReportBodySchema,
  heartbeatBodySchema,
} from "@mcp-mesh/protocol/schemas/heartbeat";
import {
  capabilitiesBodySchema,
  capabilitySchema,
  legacyRegistrationBodySchema,
  registrationBodySchema,
  registrationMetadataSchema,
} from "@mcp-mesh/protocol/schemas/registration";
import {
  agentHealthSchema,
  capabilitiesIgnoredSchema,
  capabilitiesRegisteredSchema,
  databaseStatisticsSchema,
  databaseUnavailableSchema,
  drainingSchema,
  errorSchema,
  healthySchema,
  heartbeatRecordedSchema,
  metricsSchema,
  monitoringSchema,
  monitoringStatsSchema,
  probeSchema,
  providerSchema,
  registeredSchema,
  serviceInformationSchema,
  unhealthySchema,
} from "@mcp-mesh/protocol/schemas/responses";
import { z } from "zod";

export type JsonSchema = { [key: string]: unknown };

/** What the document calls the schemas, in the order in which it shows them. A name is a promise: generated clients use it. */
const NAMED = {
  Agent: agentSchema,
  Capability: agentCapabilitySchema,
  OfferedCapability: offeredCapabilitySchema,
  AgentList: agentListSchema,
  CapabilityList: capabilityListSchema,
  RegistrationRequest: registrationBodySchema,
  RegistrationMetadata: registrationMetadataSchema,
  CapabilityRegistration: capabilitySchema,
  LegacyRegistrationRequest: legacyRegistrationBodySchema,
  Registered: registeredSchema,
  Provider: providerSchema,
  CapabilitiesRequest: capabilitiesBodySchema,
  CapabilitiesRegistered: capabilitiesRegisteredSchema,
  CapabilitiesIgnored: capabilitiesIgnoredSchema,
  HeartbeatRequest: heartbeatBodySchema,
  AgentHeartbeatRequest: agentHeartbeatBodySchema,
  HealthReportRequest: healthReportBodySchema,
  HeartbeatRecorded: heartbeatRecordedSchema,
  AgentHealth: agentHealthSchema,
  Healthy: healthySchema,
  Unhealthy: unhealthySchema,
  Probe: probeSchema,
  Draining: drainingSchema,
  MonitoringStats: monitoringStatsSchema,
  Monitoring: monitoringSchema,
  DatabaseStatistics: databaseStatisticsSchema,
  DatabaseUnavailable: databaseUnavailableSchema,
  Metrics: metricsSchema,
  ServiceInformation: serviceInformationSchema,
  Error: errorSchema,
  Timestamp: timestampSchema,
  ResourceVersion: resourceVersionSchema,
} as const satisfies Record<string, z.ZodType>;

export type SchemaName = keyof typeof NAMED;

const uriOf = (name: string): string => `#/components/schemas/${name}`;

export const refTo = (name: SchemaName): JsonSchema => ({ $ref: uriOf(name) });

/** Every named schema as JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
export function namedSchemas(): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { ...CONVERSION, uri: uriOf });
  // Inside one document a schema's place is its identity.
  return Object.fromEntries(
    Object.keys(NAMED).map((name) => {
      const { $schema, $id, ...schema } = schemas[name] as JsonSchema;
      return [name, descriptionFirst(schema)];
    }),
  );
}

/** A schema that is shown where it is used. */
export function inlineSchema(schema: z.ZodType): JsonSchema {
  const { $schema, ...converted } = z.toJSONSchema(schema, CONVERSION) as JsonSchema;
  return converted;
}

const CONVERSION = {
  // Of an object that a server sends, "input" allows fields that later versions may add; "output" would forbid them.
  io: "input",
  override: ({ jsonSchema }) => {
    const schema = jsonSchema as JsonSchema;
    // What zod adds to be exact says nothing to a reader.
    if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
    if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
    delete schema["propertyNames"];
    if (isEmptyObject(schema["additionalProperties"])) delete schema["additionalProperties"];
  },
} as const satisfies Parameters<typeof z.toJSONSchema>[1];

const isEmptyObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

function descriptionFirst({ description, ...rest }: JsonSchema): JsonSchema {
  return description === undefined ? rest : { description, ...rest };
}
