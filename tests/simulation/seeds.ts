import { isTorture } from "../support/effort.ts";

/** Tells a run which one seed to repeat, as a failure printed it. */
const REPLAY = "MCP_MESH_SEED";

/**
 * The seeds of a run, printed: the same few each time in `npm test`, so that it fails only for what was changed; others each
 * time in the long form.
 */
export function seedsOf(subject: string, count: number): readonly number[] {
  const asked = Number(process.env[REPLAY] ?? "");
  if (asked > 0) return [asked];
  const first = isTorture() ? 1 + (Date.now() % 1_000_000_000) : 1;
  console.log(`${subject}: seeds ${first} to ${first + count - 1} (one alone: ${REPLAY}=<seed>)`);
  return Array.from({ length: count }, (_, index) => first + index);
}
