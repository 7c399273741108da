/** Finds names whatever their case. Names that are lower-case already, nearly all of them, cost nothing. */
export class CaseFolding {
  readonly #namesByFolded = new Map<string, Set<string>>();

  add(name: string): void {
    const folded = name.toLowerCase();
    if (folded === name) return;
    const names = this.#namesByFolded.get(folded);
    if (names) names.add(name);
    else this.#namesByFolded.set(folded, new Set([name]));
  }

  remove(name: string): void {
    const folded = name.toLowerCase();
    const names = this.#namesByFolded.get(folded);
    names?.delete(name);
    if (names?.size === 0) this.#namesByFolded.delete(folded);
  }

  /** Every form in which the name may be there. */
  forms(name: string): string[] {
    const folded = name.toLowerCase();
    return [folded, ...(this.#namesByFolded.get(folded) ?? [])];
  }
}
