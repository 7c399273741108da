import { z } from "zod";

/**
 * Query parameters of the two lists (registry-api 4.8, 4.9), for clients and for the documentation. The registry reads them by
 * hand; that it reads these and no others is proven by `scripts/openapi.test.ts`. Everywhere an empty value
 * counts as absent, lists take commas as well as repetition, and booleans the words of `query.ts`.
 */

const text = (description: string, ...examples: string[]) => z.string().optional().meta({ description, examples });
const list = (description: string, ...examples: string[][]) =>
  z.array(z.string()).optional().meta({ description, examples });
const flag = (description: string) => z.boolean().optional().meta({ description });
/** `x-alias-of` lets a page show one parameter with two names instead of two parameters. */
const alias = (of: string) => ({ description: `Alias of \`${of}\`.`, "x-alias-of": of });
const aliasText = (of: string) => z.string().optional().meta(alias(of));
const aliasList = (of: string) => z.array(z.string()).optional().meta(alias(of));

const versionConstraint = text(
  "Only capabilities whose version satisfies this: `>=`, `>`, `<=`, `<`, `=`, `!=`, `~` (same minor), `^` (same major); " +
    "commas mean AND. One that cannot be read matches nothing.",
  ">=1.0.0,<2.0.0",
  "^1.0.0",
  "~1.2.0",
);

const labels = {
  label_selector: text(
    "Labels of the agent: `k=v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `!k`; commas mean AND.",
    "env=production,team in (data,ml)",
  ),
  labelSelector: text(
    "The same in the full Kubernetes grammar, where a bare key means that the label exists. Where both are sent, both must hold.",
    "gpu,env!=test",
  ),
};

const paging = {
  limit: z
    .int()
    .min(1)
    .optional()
    .meta({ description: "Most items of one page. Without it: all.", examples: [50] }),
  offset: z.int().min(0).optional().describe("Items to skip. Not together with `continue`."),
  continue: text(
    "Token of the previous page, sent with the same filters. All pages of one walk show the same moment, whatever changes " +
      "meanwhile; 410 when that moment has left the log.",
  ),
};

/** `GET /agents`. What concerns capabilities must hold of one and the same capability of the agent. */
export const agentQuerySchema = z.object({
  capability: text("Agents that offer the capability of this name.", "greeting"),
  capabilities: list("Agents that offer one of these. Not looked at beside `capability`.", ["greeting", "weather"]),
  fuzzy_match: flag("Also take capability names that contain the given one or are close to it."),
  version_constraint: versionConstraint,
  capability_category: text("Category of the capability.", "language"),
  capability_stability: text("Stability of the capability.", "stable"),
  capability_tags: list("Tags of the capability; one of them is enough.", ["demo", "text"]),
  include_deprecated: flag("`false`: only agents that offer something which is not deprecated."),
  status: list(
    "Recorded status. `unhealthy` also means `degraded` and `expired`. Without it: every status.",
    ["healthy"],
    ["healthy", "degraded"],
  ),
  namespace: text("Namespace of the agent.", "default"),
  ...labels,
  ...paging,
  category: aliasText("capability_category"),
  stability: aliasText("capability_stability"),
  tags: aliasList("capability_tags"),
});

/** `GET /capabilities`. */
export const capabilityQuerySchema = z.object({
  name: text("Name of the capability, in any case of letters.", "greeting"),
  fuzzy_match: flag("Also take names that contain the given one or are close to it."),
  version_constraint: versionConstraint,
  category: text("Category.", "language"),
  stability: text("Stability.", "stable"),
  tags: list("Tags; one of them is enough.", ["demo", "text"]),
  description_contains: text("Part of the description, in any case of letters.", "date"),
  include_deprecated: flag("Also list what is deprecated; asking for `stability=deprecated` does so too."),
  agent_id: text("Id of the agent that offers it.", "greet_from_mcp_mesh"),
  agent_status: list(
    "Recorded status of that agent. Without it: `healthy` and `pending`; `any` for every status.",
    ["healthy"],
    ["any"],
  ),
  agent_namespace: text("Namespace of that agent.", "default"),
  ...labels,
  ...paging,
  capability_name: aliasText("name"),
  capability_category: aliasText("category"),
  capability_stability: aliasText("stability"),
  capability_tags: aliasList("tags"),
  status: aliasList("agent_status"),
  namespace: aliasText("agent_namespace"),
});
