/** More than any test prints; a child that runs away does not take the test's memory with it. */
const KEPT_CHARACTERS = 256 * 1024;

export interface KeptOutput {
  /** The newest part of what was read so far. */
  text(): string;
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
}

/**
 * Reads a child's stream to its end, so that the child never waits for a reader, and keeps the newest part.
 *
 * @param onText hears the text kept so far, each time that more has come
 */
export function keepOutput(stream: ReadableStream<Uint8Array>, onText?: (text: string) => void): KeptOutput {
  let text = "";
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      text = (text + decoder.decode(bytes, { stream: true })).slice(-KEPT_CHARACTERS);
      onText?.(text);
    }
  })();
  return { text: () => text, ended };
}
