import { expect, test } from "bun:test";
import { z } from "zod";
import { agentHeartbeatBodySchema, healthReportBodySchema, heartbeatBodySchema } from "./heartbeat.ts";
import {
  capabilitiesBodySchema,
  capabilitySchema,
  legacyRegistrationBodySchema,
  registrationBodySchema,
} from "./registration.ts";

const BODIES = {
  registrationBodySchema,
  capabilitiesBodySchema,
  legacyRegistrationBodySchema,
  heartbeatBodySchema,
  agentHeartbeatBodySchema,
  healthReportBodySchema,
  capabilitySchema,
};

test.each(Object.entries(BODIES))(
  "%s becomes a JSON Schema that describes itself and each of its fields",
  (_, schema) => {
    const document = z.toJSONSchema(schema, { io: "input" });
    expect(document.type).toBe("object");
    expect(document.description).toBeString();
    for (const [name, property] of Object.entries(document.properties ?? {})) {
      expect([name, typeof property === "object" && property.description]).toEqual([name, expect.any(String)]);
    }
  },
);

test("the registration document shows what is required, the bounds and the patterns", () => {
  const document = z.toJSONSchema(registrationBodySchema, { io: "input" });
  expect(document.required).toEqual(["agent_id", "metadata", "timestamp"]);
  expect(document.properties?.agent_id).toMatchObject({ type: "string", minLength: 1, maxLength: 253 });
  expect(JSON.stringify(document)).toContain('"pattern":"^[a-zA-Z][a-zA-Z0-9_-]*$"');
  expect(JSON.stringify(document)).toContain('"maximum":14400');
});
