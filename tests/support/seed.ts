/** Set it to repeat a run with the seed that it printed. */
const SEED = "MCP_MESH_TEST_SEED";

/** A new seed for each run, or the one the environment names; printed for whoever has to repeat the run. */
export function printedSeed(): number {
  const given = Number(process.env[SEED] ?? "");
  const seed = Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7fff_ffff);
  console.log(`seed ${seed} (repeat with ${SEED}=${seed})`);
  return seed;
}
