/** How many there are of each kind; kinds that are gone are forgotten. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(kind: string, change: number): void {
    const count = (this.#counts.get(kind) ?? 0) + change;
    if (count === 0) this.#counts.delete(kind);
    else this.#counts.set(kind, count);
  }

  toObject(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}
