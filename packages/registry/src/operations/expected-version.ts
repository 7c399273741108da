import { fail } from "@mcp-mesh/protocol";
import type { AgentRecord, ResourceVersion } from "../domain/agent.ts";

/** What the caller requires of the stored record: a version, that there is one (`*`), or nothing (null). */
export type ExpectedVersion = ResourceVersion | "any" | null;

export const VERSION_CONFLICT = fail("resource_version_conflict", "Resource version conflict");

export function conflicts(record: AgentRecord | null, expected: ExpectedVersion): boolean {
  if (expected === null) return false;
  if (expected === "any") return record === null;
  return record?.resourceVersion !== expected;
}
