/** Set by `npm run torture`: tests take their long forms. */
const TORTURE = "MCP_MESH_TORTURE";

export function isTorture(): boolean {
  return (process.env[TORTURE] ?? "") !== "";
}

/**
 * How often (or how long, or how many) in this run: `short` in `npm test`, `long` in `npm run torture`. A test that calls
 * this is found by `scripts/torture.ts` and needs a time limit of its own that covers the long form.
 */
export function effort<T>(runs: { readonly short: T; readonly long: T }): T {
  return isTorture() ? runs.long : runs.short;
}
