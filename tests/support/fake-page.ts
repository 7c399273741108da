/**
 * As much of a browser's page as the documentation's script uses, and no more: elements take text and other elements, and there
 * is no way to make markup of text, so a script that tries fails.
 */
export class FakeElement {
  readonly localName: string;
  readonly children: (FakeElement | string)[] = [];
  readonly dataset: Record<string, string> = {};
  parentElement: FakeElement | null = null;
  className = "";
  id = "";
  name = "";
  value = "";
  hidden = false;
  open = false;
  readonly #listeners = new Map<string, (event: object) => unknown>();

  constructor(localName: string, id = "") {
    this.localName = localName;
    this.id = id;
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  /** The inputs of a form. */
  get elements(): FakeElement[] {
    return this.all(({ localName }) => ["input", "select", "button"].includes(localName));
  }

  append(...children: (FakeElement | string)[]): void {
    for (const child of children) {
      // What a browser does with anything that is no node.
      this.children.push(child instanceof FakeElement ? child : String(child));
      if (child instanceof FakeElement) child.parentElement = this;
    }
  }

  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children.length = 0;
    this.append(...children);
  }

  setAttribute(key: string, value: string): void {
    if (key === "id" || key === "name" || key === "value") this[key] = value;
    if (key.startsWith("data-")) this.dataset[key.slice(5)] = value;
  }

  addEventListener(type: string, listener: (event: object) => unknown): void {
    this.#listeners.set(type, listener);
  }

  dispatch(type: string): void {
    this.#listeners.get(type)?.({ currentTarget: this, target: this, preventDefault: () => undefined });
  }

  querySelector(localName: string): FakeElement | null {
    return this.all((element) => element.localName === localName)[0] ?? null;
  }

  scrollIntoView(): void {}

  /** Itself and everything below it that is wanted. */
  all(isWanted: (element: FakeElement) => boolean): FakeElement[] {
    const below = this.children.flatMap((child) => (typeof child === "string" ? [] : child.all(isWanted)));
    return isWanted(this) ? [this, ...below] : below;
  }
}

export interface FakePage {
  readonly title: string;
  /** The element with this id, or the one of this name that the page has from the start (`main`, `h1`). */
  find(id: string): FakeElement;
}

/**
 * Runs the script of a page.
 *
 * @param address where the page was found
 * @param fetch what the script asks the server with; relative addresses are resolved for it
 */
export async function runPage(
  script: string,
  address: string,
  fetch: (url: string, init?: RequestInit) => Promise<Response>,
): Promise<FakePage> {
  const body = new FakeElement("body");
  body.append(new FakeElement("h1"), new FakeElement("main"));
  body.append(...["menu", "filter", "routes"].map((id) => new FakeElement("div", id)));
  const known = (name: string) => body.all(({ localName, id }) => id === name || (id === "" && localName === name))[0];
  const document = {
    title: "",
    createElement: (name: string) => new FakeElement(name),
    getElementById: (id: string) => known(id) ?? null,
    querySelector: (selector: string) => known(selector.replace("#", "")) ?? null,
  };
  const surroundings = {
    document,
    fetch: (url: string, init?: RequestInit) => fetch(new URL(url, address).href, init),
    location: new URL(address),
    navigator: {},
    matchMedia: () => ({ matches: true, addEventListener: () => undefined }),
    addEventListener: () => undefined,
  };
  const AsyncFunction = (async () => undefined).constructor as new (
    ...parts: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction(...Object.keys(surroundings), `"use strict";${script}`)(...Object.values(surroundings));
  return {
    get title() {
      return document.title;
    },
    find: (id) => known(id) ?? new FakeElement("missing"),
  };
}
