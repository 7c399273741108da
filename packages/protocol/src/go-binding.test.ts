import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  parseAgentHeartbeatBody,
  parseCapabilitiesBody,
  parseHealthReportBody,
  parseHeartbeatBody,
  parseLegacyRegistrationBody,
  parseRegistrationBody,
} from "./go-binding.ts";
import { agentHeartbeatBodySchema, healthReportBodySchema, heartbeatBodySchema } from "./schemas/heartbeat.ts";
import { legacyRegistrationBodySchema, registrationBodySchema } from "./schemas/registration.ts";

const refused = (detail: string) => ({ ok: false, detail }) as const;

const AGENT_ID_REQUIRED =
  "Key: 'AgentRegistrationRequest.AgentID' Error:Field validation for 'AgentID' failed on the 'required' tag";
const METADATA_REQUIRED =
  "Key: 'AgentRegistrationRequest.Metadata' Error:Field validation for 'Metadata' failed on the 'required' tag";
const TIMESTAMP_REQUIRED =
  "Key: 'AgentRegistrationRequest.Timestamp' Error:Field validation for 'Timestamp' failed on the 'required' tag";
const HEARTBEAT_ID_REQUIRED =
  "Key: 'HeartbeatRequest.AgentID' Error:Field validation for 'AgentID' failed on the 'required' tag";

describe("parseRegistrationBody", () => {
  test("an empty metadata object satisfies required", () => {
    expect(parseRegistrationBody('{"agent_id":"My_Agent","metadata":{},"timestamp":"t","other":1}')).toEqual({
      ok: true,
      value: { agentId: "My_Agent", metadata: {}, timestamp: "t" },
    });
  });

  test.each([
    ["", "EOF"],
    ["  \n", "EOF"],
    ['{"agent_id":', "unexpected EOF"],
    ["{}", `${AGENT_ID_REQUIRED}\n${METADATA_REQUIRED}\n${TIMESTAMP_REQUIRED}`],
    ["null", `${AGENT_ID_REQUIRED}\n${METADATA_REQUIRED}\n${TIMESTAMP_REQUIRED}`],
    ['{"metadata":{},"timestamp":"t"}', AGENT_ID_REQUIRED],
    ['{"agent_id":null,"metadata":{},"timestamp":"t"}', AGENT_ID_REQUIRED],
    ['{"agent_id":"","metadata":{},"timestamp":"t"}', AGENT_ID_REQUIRED],
    ['{"agent_id":"a","metadata":null,"timestamp":"t"}', METADATA_REQUIRED],
    ['{"agent_id":"a","metadata":{},"timestamp":""}', TIMESTAMP_REQUIRED],
    ['{"timestamp":"","metadata":null,"agent_id":"a"}', `${METADATA_REQUIRED}\n${TIMESTAMP_REQUIRED}`],
    [
      '{"agent_id":1,"metadata":{},"timestamp":"t"}',
      "json: cannot unmarshal number into Go struct field AgentRegistrationRequest.agent_id of type string",
    ],
    [
      '{"agent_id":true,"metadata":{},"timestamp":"t"}',
      "json: cannot unmarshal bool into Go struct field AgentRegistrationRequest.agent_id of type string",
    ],
    [
      '{"agent_id":"a","metadata":[],"timestamp":"t"}',
      "json: cannot unmarshal array into Go struct field AgentRegistrationRequest.metadata of type map[string]interface {}",
    ],
    [
      '{"agent_id":"a","metadata":"x","timestamp":"t"}',
      "json: cannot unmarshal string into Go struct field AgentRegistrationRequest.metadata of type map[string]interface {}",
    ],
    [
      '{"agent_id":"a","metadata":{},"timestamp":{}}',
      "json: cannot unmarshal object into Go struct field AgentRegistrationRequest.timestamp of type string",
    ],
    ["[]", "json: cannot unmarshal array into Go value of type registry.AgentRegistrationRequest"],
    ["7", "json: cannot unmarshal number into Go value of type registry.AgentRegistrationRequest"],
    ['"x"', "json: cannot unmarshal string into Go value of type registry.AgentRegistrationRequest"],
    ["true", "json: cannot unmarshal bool into Go value of type registry.AgentRegistrationRequest"],
  ])("%s", (body, detail) => {
    expect(parseRegistrationBody(body)).toEqual(refused(detail));
  });

  test("the first wrong type in the order of the text wins over later ones and over missing fields", () => {
    expect(parseRegistrationBody('{"timestamp":5,"agent_id":6}')).toEqual(
      refused("json: cannot unmarshal number into Go struct field AgentRegistrationRequest.timestamp of type string"),
    );
  });

  test("of duplicate keys the last wins", () => {
    const bound = parseRegistrationBody('{"agent_id":1,"agent_id":"a","metadata":{},"timestamp":"t"}');
    expect(bound.ok && bound.value.agentId).toBe("a");
  });

  test("__proto__ is neither a field nor a prototype", () => {
    const bound = parseRegistrationBody('{"__proto__":{"agent_id":"a","metadata":{},"timestamp":"t"}}');
    expect(bound).toEqual(refused(`${AGENT_ID_REQUIRED}\n${METADATA_REQUIRED}\n${TIMESTAMP_REQUIRED}`));
  });
});

describe("parseHeartbeatBody", () => {
  test("status and metadata have defaults", () => {
    expect(parseHeartbeatBody('{"agent_id":"a"}')).toEqual({
      ok: true,
      value: { agentId: "a", status: "healthy", metadata: {} },
    });
  });

  test.each(["null", '""', '"healthy"'])("status %s is healthy", (status) => {
    const bound = parseHeartbeatBody(`{"agent_id":"a","status":${status},"metadata":null}`);
    expect(bound).toEqual({ ok: true, value: { agentId: "a", status: "healthy", metadata: {} } });
  });

  test("another status and the metadata are taken as they are", () => {
    expect(parseHeartbeatBody('{"agent_id":"a","status":"on fire","metadata":{"load":"0.65"}}')).toEqual({
      ok: true,
      value: { agentId: "a", status: "on fire", metadata: { load: "0.65" } },
    });
  });

  test("a status keeps what a database can store", () => {
    const bound = parseHeartbeatBody('{"agent_id":"a","status":"x\\u0000\\ud800"}');
    expect(bound.ok && bound.value.status).toBe("x\ufffd\ufffd");
  });

  test.each([
    ["", "EOF"],
    ["{}", HEARTBEAT_ID_REQUIRED],
    ["null", HEARTBEAT_ID_REQUIRED],
    ['{"agent_id":""}', HEARTBEAT_ID_REQUIRED],
    ['{"agent_id":null,"status":"healthy"}', HEARTBEAT_ID_REQUIRED],
    [
      '{"agent_id":[],"status":"healthy"}',
      "json: cannot unmarshal array into Go struct field HeartbeatRequest.agent_id of type string",
    ],
    [
      '{"agent_id":"a","status":3}',
      "json: cannot unmarshal number into Go struct field HeartbeatRequest.status of type string",
    ],
    [
      '{"agent_id":"a","metadata":[1]}',
      "json: cannot unmarshal array into Go struct field HeartbeatRequest.metadata of type map[string]interface {}",
    ],
    ["[]", "json: cannot unmarshal array into Go value of type registry.HeartbeatRequest"],
    [`{"agent_id":"a","status":"${"s".repeat(64)}"}`, "status cannot exceed 63 characters"],
  ])("%s", (body, detail) => {
    expect(parseHeartbeatBody(body)).toEqual(refused(detail));
  });

  test("a beat of the Python runtime is taken whole", () => {
    const metadata = {
      capabilities: ["greeting"],
      timestamp: "2025-06-11T14:03:52.903217+00:00",
      checks: {},
      errors: [],
      uptime_seconds: 0,
      version: "1.0.0",
      capability: "greeting",
      health_interval: 30,
      dependencies: ["SystemAgent_getDate"],
      registry_url: null,
      agent_name: "greet_from_mcp_mesh",
      security_context: null,
      endpoint: "http://10.0.0.9:8889",
      tags: ["demo"],
      transport: ["stdio", "http"],
      team: "data",
    };
    const body = JSON.stringify({ agent_id: "greet_from_mcp_mesh", status: "healthy", metadata });
    expect(parseHeartbeatBody(body)).toEqual({
      ok: true,
      value: { agentId: "greet_from_mcp_mesh", status: "healthy", metadata },
    });
  });

  // zod takes an object with a key `constructor` for an instance of a class and refuses it; agents may use that key.
  test("a key named constructor is data", () => {
    expect(parseHeartbeatBody('{"agent_id":"a","metadata":{"constructor":1}}').ok).toBe(true);
  });
});

describe("parseLegacyRegistrationBody", () => {
  test("is mapped onto the registration of today", () => {
    const body =
      '{"agent_name":"a","capabilities":["x",{"name":"y"}],"dependencies":["z"],"security_context":null,"timestamp":"t"}';
    expect(parseLegacyRegistrationBody(body)).toEqual({
      ok: true,
      value: {
        agentId: "a",
        metadata: {
          name: "a",
          capabilities: [{ name: "x" }, { name: "y" }],
          dependencies: ["z"],
          security_context: null,
        },
        timestamp: "t",
      },
    });
  });

  test("capabilities that are no list are left to the registration rules", () => {
    const bound = parseLegacyRegistrationBody('{"agent_name":"a","capabilities":5,"timestamp":"t"}');
    expect(bound.ok && bound.value.metadata.capabilities).toBe(5);
  });

  test("what is missing is named", () => {
    expect(parseLegacyRegistrationBody("{}")).toEqual(
      refused(
        "Key: 'LegacyRegistrationRequest.AgentName' Error:Field validation for 'AgentName' failed on the 'required' tag\n" +
          "Key: 'LegacyRegistrationRequest.Timestamp' Error:Field validation for 'Timestamp' failed on the 'required' tag",
      ),
    );
  });
});

describe("parseAgentHeartbeatBody", () => {
  test("what stands beside metadata joins it, so that the beat can adopt its agent", () => {
    const body = {
      agent_name: "a",
      status: "degraded",
      capabilities: ["x"],
      timestamp: "t",
      checks: { db: true },
      errors: [],
      uptime_seconds: 3,
      version: "1.2.0",
      metadata: { load: 0.5, version: "0" },
    };
    expect(parseAgentHeartbeatBody(JSON.stringify(body))).toEqual({
      ok: true,
      value: {
        agentId: "a",
        status: "degraded",
        metadata: {
          agent_name: "a",
          capabilities: ["x"],
          timestamp: "t",
          checks: { db: true },
          errors: [],
          uptime_seconds: 3,
          version: "1.2.0",
          load: 0.5,
        },
      },
    });
  });

  test("needs the agent's name", () => {
    expect(parseAgentHeartbeatBody('{"agent_id":"a"}')).toEqual(
      refused(
        "Key: 'AgentHeartbeatRequest.AgentName' Error:Field validation for 'AgentName' failed on the 'required' tag",
      ),
    );
  });
});

describe("parseHealthReportBody", () => {
  test("is a heartbeat of the agent in the path with health_data as metadata", () => {
    const body = '{"agent_id":"x","health_data":{"health_score":0.9},"timestamp":"2025-06-11T14:03:22Z"}';
    expect(parseHealthReportBody("path-id", body)).toEqual({
      ok: true,
      value: { agentId: "path-id", status: "healthy", metadata: { health_score: 0.9 } },
    });
  });

  test("health_data must be an object", () => {
    expect(parseHealthReportBody("a", '{"health_data":1}')).toEqual(
      refused(
        "json: cannot unmarshal number into Go struct field HealthReportRequest.health_data of type map[string]interface {}",
      ),
    );
  });
});

describe("parseCapabilitiesBody", () => {
  test("takes an agent_id and a list", () => {
    expect(parseCapabilitiesBody('{"agent_id":"a","capabilities":[{"name":"x"}]}')).toEqual({
      ok: true,
      agentId: "a",
      capabilities: [{ name: "x" }],
    });
  });

  test.each([
    ["", "Nothing stored: the body is not JSON (EOF)"],
    ["[]", "Nothing stored: the body is not a JSON object"],
    ["{}", "Nothing stored: agent_id is missing or not a string"],
    ['{"agent_id":5,"capabilities":[]}', "Nothing stored: agent_id is missing or not a string"],
    ['{"agent_id":"a"}', "Nothing stored: capabilities is not an array"],
  ])("anything else is no error but a warning: %s", (body, warning) => {
    expect(parseCapabilitiesBody(body)).toEqual({ ok: false, warning });
  });
});

describe("the hand-written checks and the schemas", () => {
  // `constructor` is left out: see "a key named constructor is data".
  const json = fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes('"constructor":'));
  const bodyWith = (...keys: string[]) =>
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record(Object.fromEntries(keys.map((key) => [key, plausible])), { requiredKeys: [] }),
      },
      { weight: 1, arbitrary: json },
    );
  const plausible = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom("", "a", "healthy", "s".repeat(63), "s".repeat(64)) },
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: json },
  );

  test.each([
    ["heartbeat", heartbeatBodySchema, parseHeartbeatBody, ["agent_id", "status", "metadata"]],
    [
      "agent heartbeat",
      agentHeartbeatBodySchema,
      parseAgentHeartbeatBody,
      ["agent_name", "status", "metadata", "capabilities"],
    ],
  ] as const)("agree on which %s is acceptable", (_, schema, parse, keys) => {
    fc.assert(
      fc.property(bodyWith(...keys), (body) => {
        const text = JSON.stringify(body);
        expect(parse(text).ok).toBe(schema.safeParse(JSON.parse(text)).success);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["registration", registrationBodySchema, parseRegistrationBody, ["agent_id", "metadata", "timestamp"]],
    ["legacy registration", legacyRegistrationBodySchema, parseLegacyRegistrationBody, ["agent_name", "timestamp"]],
    [
      "health report",
      healthReportBodySchema,
      (text: string) => parseHealthReportBody("a", text),
      ["status", "health_data"],
    ],
  ] as const)("a %s that the schema allows binds", (_, schema, parse, keys) => {
    fc.assert(
      fc.property(bodyWith(...keys), (body) => {
        const text = JSON.stringify(body);
        const bound = parse(text);
        if (schema.safeParse(JSON.parse(text)).success) expect(bound.ok).toBe(true);
        else if (!bound.ok) expect(bound.detail).not.toBe("");
      }),
      { numRuns: 1000 },
    );
  });

  test("no text makes a parser throw", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.json({ maxDepth: 4 }));
    const parsers = [
      parseRegistrationBody,
      parseHeartbeatBody,
      parseLegacyRegistrationBody,
      parseAgentHeartbeatBody,
      parseCapabilitiesBody,
    ];
    fc.assert(
      fc.property(text, (body) => {
        for (const parse of parsers) expect(typeof parse(body).ok).toBe("boolean");
      }),
    );
  });
});
