/**
 * Key -> members. Most keys of a registry (an agent's own capability, a host label) have one member and a few have very
 * many, so a single member is held bare and becomes a Set with the second: a Set for each key would cost more than the
 * records (200 bytes times 100,000).
 */
export class MembershipIndex<Member extends object> {
  readonly #membersByKey = new Map<string, Member | Set<Member>>();

  get keyCount(): number {
    return this.#membersByKey.size;
  }

  keys(): IterableIterator<string> {
    return this.#membersByKey.keys();
  }

  add(key: string, member: Member): void {
    const held = this.#membersByKey.get(key);
    if (held === undefined) this.#membersByKey.set(key, member);
    else if (held instanceof Set) held.add(member);
    else if (held !== member) this.#membersByKey.set(key, new Set([held, member]));
  }

  remove(key: string, member: Member): void {
    const held = this.#membersByKey.get(key);
    if (held === member) this.#membersByKey.delete(key);
    else if (held instanceof Set) {
      held.delete(member);
      if (held.size === 0) this.#membersByKey.delete(key);
    }
  }

  count(key: string): number {
    const held = this.#membersByKey.get(key);
    if (held === undefined) return 0;
    return held instanceof Set ? held.size : 1;
  }

  members(key: string): Iterable<Member> {
    const held = this.#membersByKey.get(key);
    if (held === undefined) return [];
    return held instanceof Set ? held : [held];
  }
}
