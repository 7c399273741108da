/** Joins many texts into one UTF-8 body without first holding them all as one text: a full list may be 150 MB. */
export class ByteWriter {
  readonly #encoder = new TextEncoder();
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param expectedBytes a guess; too small costs a copy, too large memory */
  constructor(expectedBytes: number) {
    this.#bytes = new Uint8Array(Math.max(1024, expectedBytes));
  }

  write(text: string): void {
    const { read, written } = this.#encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    this.#length += written;
    if (read === text.length) return;
    // A code unit takes at most three bytes.
    this.#grow((text.length - read) * 3);
    this.write(text.slice(read));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(missing: number): void {
    const grown = new Uint8Array(Math.ceil((this.#length + missing) * 1.25));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
