import { z } from "zod";
import { CAPABILITY_NAME_PATTERN, NAME_PATTERN } from "../names.ts";
import { REGISTRATION_LIMITS } from "../registration.ts";

const LIMITS = REGISTRATION_LIMITS;

const jsonObject = z.record(z.string(), z.unknown());
const optionalObject = (text: string) => jsonObject.nullish().describe(text);
const optionalText = (text: string) => z.string().nullish().describe(text);
const seconds = (max: number, text: string) => z.number().min(1).max(max).nullish().describe(text);

/** One capability as registrations and `register_capabilities` carry it (registry-api 2.2, 3.2). Null counts as absent. */
export const capabilitySchema = z
  .looseObject({
    name: z
      .string()
      .max(LIMITS.capabilityNameLength)
      .regex(CAPABILITY_NAME_PATTERN)
      .describe("What other agents ask for, matched exactly."),
    version: z
      .string()
      .min(1)
      .nullish()
      .describe("Semantic version (SemVer 2.0), or x.y.z as older registries took it; `1.0.0` when absent."),
    description: optionalText("What the capability does, for people and for search."),
    parameters_schema: z
      .unknown()
      .optional()
      .describe("JSON Schema of the parameters. `input_schema` and `parameters` are read when it is absent."),
    input_schema: z.unknown().optional().describe("Alias of `parameters_schema`."),
    parameters: z.unknown().optional().describe("Alias of `parameters_schema`."),
    security_requirements: z.array(z.unknown()).nullish().describe("What a caller must fulfil."),
    security_level: optionalText("Read as the only security requirement when `security_requirements` is absent."),
    category: optionalText("Category for search."),
    stability: optionalText("`stable` (when absent), `beta`, `alpha`, `experimental` or `deprecated`."),
    tags: z.array(z.string()).nullish().describe("Tags for search."),
    compatibility_versions: z.array(z.string()).nullish().describe("Versions this one can stand in for."),
    parent_capabilities: z.unknown().optional().describe("Capabilities this one specialises."),
    performance_metrics: z.unknown().optional().describe("Figures the agent claims for this capability."),
    resource_requirements: z.unknown().optional().describe("What the capability needs to run."),
    metadata: z.unknown().optional().describe("Anything else the agent wants to keep with it."),
  })
  .describe("A capability. The same name and version twice count once, the last one; unknown fields are ignored.");

/** The `metadata` of a registration (registry-api 4.5). Null counts as absent; the rules of 2.2 are enforced by the registry. */
export const registrationMetadataSchema = z
  .looseObject({
    name: z
      .string()
      .min(1)
      .max(LIMITS.nameLength)
      .nullish()
      .describe(
        "Display name; letters, digits, hyphens, underscores and spaces, stored in normalised form. Default: the agent_id.",
      ),
    agent_type: optionalText(
      "Type, stored in normalised form; `mesh-agent` when absent. Chooses the default thresholds.",
    ),
    namespace: z
      .string()
      .max(LIMITS.nameLength)
      .regex(NAME_PATTERN)
      .nullish()
      .describe("Namespace; `default` when absent."),
    endpoint: z
      .string()
      .max(LIMITS.endpointLength)
      .nullish()
      .describe("Where the agent can be called: an http or https URL, or `stdio://...`. Default: `stdio://<name>`."),
    capabilities: z.array(capabilitySchema).max(LIMITS.capabilities).nullish().describe("What the agent offers."),
    dependencies: z
      .array(z.string().max(LIMITS.dependencyLength))
      .max(LIMITS.dependencies)
      .nullish()
      .describe("Names of the capabilities the agent needs."),
    health_interval: seconds(
      LIMITS.healthIntervalSeconds,
      "Seconds between heartbeats; 30 when absent. Fractions are cut off.",
    ),
    timeout_threshold: seconds(
      LIMITS.timeoutThresholdSeconds,
      "Seconds of silence after which the agent is degraded. Default: by agent type.",
    ),
    eviction_threshold: seconds(
      LIMITS.evictionThresholdSeconds,
      "Seconds of silence after which the agent is expired. Default: by agent type.",
    ),
    security_context: optionalText("Security label of the agent, for example `high_security`."),
    tags: z
      .union([z.array(z.string()).max(LIMITS.tags), jsonObject])
      .nullish()
      .describe("Tags for search. An object is read as labels."),
    labels: optionalObject("Labels for selectors; values are stored as text."),
    annotations: optionalObject("Anything the agent wants to keep beside its labels; not searched."),
    metadata: optionalObject("Configuration, returned as `config`."),
    version: optionalText("The agent's version; `1.0.0` when absent."),
    description: optionalText("What the agent does."),
    transport: z.array(z.string()).nullish().describe('`["stdio"]` or `["stdio","http"]`. Default: from the endpoint.'),
    performance_profile: optionalObject("Figures the agent claims for itself."),
    resource_requirements: optionalObject("What the agent needs to run."),
    resource_version: optionalText("When given, the registration succeeds only if the agent still has this version."),
  })
  .describe("What the agent is and offers. Unknown fields are ignored.");

/** Body of `POST /agents/register_with_metadata` (registry-api 4.5). */
export const registrationBodySchema = z
  .object({
    agent_id: z
      .string()
      .min(1)
      .max(LIMITS.agentIdLength)
      .describe("Id of the agent, kept verbatim: letters, digits, hyphens, underscores and spaces."),
    metadata: registrationMetadataSchema,
    timestamp: z
      .string()
      .min(1)
      .describe("When the agent made this registration; kept as an annotation, not interpreted."),
  })
  .describe("Registers an agent, or replaces what it registered before.");

/** Body of `POST /agents/register_capabilities` (registry-api 4.6). Anything else is answered 200 with a `warning`. */
export const capabilitiesBodySchema = z
  .looseObject({
    agent_id: z.string().min(1).describe("Id of a registered agent."),
    capabilities: z
      .array(capabilitySchema)
      .max(LIMITS.capabilities)
      .describe("Capabilities to add or replace, by name and version."),
  })
  .describe("Adds capabilities to a registered agent.");

/** Body of `POST /agents/register`, which an older client sends (registry-api 4.16). */
export const legacyRegistrationBodySchema = z
  .object({
    agent_name: z.string().min(1).max(LIMITS.agentIdLength).describe("Id and name of the agent."),
    capabilities: z
      .array(z.union([z.string(), capabilitySchema]))
      .max(LIMITS.capabilities)
      .nullish()
      .describe("What the agent offers; plain names get version `1.0.0`."),
    dependencies: z
      .array(z.string().max(LIMITS.dependencyLength))
      .max(LIMITS.dependencies)
      .nullish()
      .describe("Names of the capabilities the agent needs."),
    security_context: optionalText("Security label of the agent."),
    timestamp: z
      .string()
      .min(1)
      .describe("When the agent made this registration; kept as an annotation, not interpreted."),
  })
  .describe("Registers an agent as an older client does.");
