import { fail, printableText, REGISTRATION_LIMITS, type Result } from "@mcp-mesh/protocol";

/** Exact for every id that could be registered; others, which may be as long as a body, are cut and made printable. */
export const agentNotFoundText = (id: string): string =>
  `Agent ${printableText(id, REGISTRATION_LIMITS.agentIdLength)} not found`;

export const agentNotFound = (id: string): Result<never> => fail("agent_not_found", agentNotFoundText(id));
