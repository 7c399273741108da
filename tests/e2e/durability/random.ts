/** Random numbers that a printed seed repeats (mulberry32); good enough to choose what a test does next. */
export interface Random {
  readonly seed: number;
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
}

/** Names the seed of this run; a run that failed is repeated with it. */
export const SEED_VARIABLE = "MCP_MESH_TEST_SEED";

/** The seed comes from the environment, else it is new; it is printed for whoever has to repeat the run. */
export function seededRandom(): Random {
  const given = Number(process.env[SEED_VARIABLE] ?? "");
  const seed = Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 0x7fff_ffff);
  console.log(`seed ${seed} (repeat with ${SEED_VARIABLE}=${seed})`);
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return { seed, next, between, pick: (choices) => choices[between(0, choices.length - 1)] ?? choices[0] };
}
