import {
  type AgentRecord,
  type CapabilityRecord,
  type JsonObject,
  type JsonValue,
  KNOWN_STATUSES,
  LIFECYCLE_STATUSES,
} from "@mcp-mesh/registry/domain/agent";
import fc from "fast-check";
import { agentRecord, capabilityRecord } from "./agent-record.ts";

/** 2000 to 2100, whole milliseconds. */
const timeMs = fc.integer({ min: 946_684_800_000, max: 4_102_444_800_000 });
const seconds = fc.integer({ min: 1, max: 86_400 });
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);

function dictionary<T>(
  text: fc.Arbitrary<string>,
  values: fc.Arbitrary<T>,
): fc.Arbitrary<{ readonly [key: string]: T }> {
  // By way of entries, because assigning `__proto__` makes no key.
  return fc.array(fc.tuple(text, values), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));
}

function jsonOf(text: fc.Arbitrary<string>): fc.Arbitrary<JsonValue> {
  const leaf: fc.Arbitrary<JsonValue> = fc.oneof(fc.constant(null), fc.boolean(), number, text);
  const list = fc.array(leaf, { maxLength: 3 });
  return fc.oneof(leaf, list, dictionary(text, fc.oneof(leaf, list)));
}

/**
 * Records as the domain may make them: any texts, any JSON, in any order; ids of capabilities not assigned. Of capabilities
 * there are few names, so that generations of one agent share some of them.
 */
export function arbitraryAgent(text: fc.Arbitrary<string>): fc.Arbitrary<AgentRecord> {
  const texts = fc.array(text, { maxLength: 3 });
  const json = jsonOf(text);
  const jsonObject: fc.Arbitrary<JsonObject> = dictionary(text, json);
  const capabilityKey = fc.record({
    name: fc.constantFrom("greeting", "GREETING", "__proto__", "'; --", "e\u0301", "\u00e9"),
    version: fc.constantFrom("1.0.0", "2.0.0"),
  });
  const capabilityFields: fc.Arbitrary<Partial<CapabilityRecord>> = fc.record(
    {
      description: fc.option(text),
      parametersSchema: json,
      securityRequirements: fc.option(fc.array(json, { maxLength: 2 })),
      category: fc.option(text),
      stability: text,
      tags: texts,
      compatibilityVersions: texts,
      extra: jsonObject,
      createdAtMs: timeMs,
      updatedAtMs: timeMs,
    },
    { requiredKeys: [] },
  );
  const capabilities = fc.uniqueArray(
    fc.tuple(capabilityKey, capabilityFields).map(([key, fields]) => capabilityRecord({ ...fields, ...key })),
    { maxLength: 4, selector: ({ name, version }) => JSON.stringify([name, version]) },
  );
  const fields: fc.Arbitrary<Partial<AgentRecord>> = fc.record(
    {
      name: text,
      namespace: text,
      endpoint: text,
      status: fc.oneof(fc.constantFrom(...KNOWN_STATUSES), text),
      reportedStatus: fc.option(text),
      labels: dictionary(text, text),
      annotations: jsonObject,
      createdAtMs: timeMs,
      updatedAtMs: timeMs,
      healthInterval: seconds,
      timeoutThreshold: seconds,
      evictionThreshold: seconds,
      explicitTimeout: fc.boolean(),
      explicitEviction: fc.boolean(),
      agentType: text,
      config: jsonObject,
      securityContext: fc.option(text),
      dependencies: texts,
      capabilities,
      version: text,
      description: fc.option(text),
      tags: texts,
      transport: fc.subarray(["stdio", "http"]),
      lifecycleStatus: fc.constantFrom(...LIFECYCLE_STATUSES),
      lifecycleSinceMs: fc.option(timeMs),
      profile: jsonObject,
      providers: dictionary(text, text),
    },
    { requiredKeys: [] },
  );
  return fields.map((given) => agentRecord(given));
}
