const POLL_MS = 20;

/**
 * Asks again and again until the answer is wanted, and gives it; a test never sleeps instead.
 *
 * @throws Error with the last answer when none was wanted in time
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  isWanted: (answer: T) => boolean,
  limitMs = 10_000,
): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > deadlineMs) {
      throw new Error(`Not within ${limitMs} ms; the last answer was ${Bun.inspect(answer)}`);
    }
    await Bun.sleep(POLL_MS);
  }
}
