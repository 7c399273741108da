/** How long a condition may take before a test says that it does not come. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 20;

/**
 * Asks again and again until the answer is neither false, null nor undefined.
 *
 * @param what for the message: `the registry says that the disk is full`
 * @throws Error when it does not become true in time
 */
export async function waitFor<T>(
  what: string,
  ask: () => T | Promise<T>,
  patienceMs: number = PATIENCE_MS,
): Promise<NonNullable<Exclude<T, false>>> {
  const giveUpMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== null && answer !== undefined) return answer as NonNullable<Exclude<T, false>>;
    if (performance.now() > giveUpMs) throw new Error(`waited ${patienceMs / 1000} s, and never: ${what}`);
    await Bun.sleep(PAUSE_MS);
  }
}
