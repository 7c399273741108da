import { parseBooleanParameter, parseListParameter, printableText } from "@mcp-mesh/protocol";
import {
  type ChoiceSetting,
  type ListSetting,
  type NameOf,
  type NumberSetting,
  SETTINGS,
  type Setting,
  type SettingName,
  type SwitchSetting,
} from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** How much of a value is shown in a warning. */
const SHOWN_LENGTH = 100;

/**
 * Reads settings out of an environment. A variable that is empty counts as not set; a number or switch that cannot be used
 * is replaced by its default, as Go does, but not silently: `warnings` says so. What Go refuses to start with, and a word
 * that is none of the choices, goes to `errors`; the value returned then is the default.
 */
export class SettingReader {
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  isSet(name: SettingName): boolean {
    return this.#find(name) !== undefined;
  }

  text(name: NameOf<"text">): string {
    return this.#find(name)?.value ?? SETTINGS[name].fallback;
  }

  switch(name: NameOf<"switch">): boolean {
    const setting: SwitchSetting = SETTINGS[name];
    const found = this.#find(name);
    if (found === undefined) return setting.fallback;
    const parsed = parseBooleanParameter(found.value);
    if (parsed.ok && parsed.value !== undefined) return parsed.value;
    return this.#fallBack(found, "is not a boolean (use true or false)", setting.fallback);
  }

  number(name: NameOf<"number">): number {
    const setting: NumberSetting = SETTINGS[name];
    const found = this.#find(name);
    if (found === undefined) return setting.fallback;
    const value = parseInteger(found.value);
    if (value === null) return this.#fallBack(found, "is not a whole number", setting.fallback);
    if (value < setting.min && setting.tooSmall !== undefined) {
      this.errors.push(setting.tooSmall(value));
      return setting.fallback;
    }
    if (value < setting.min || value > setting.max) {
      return this.#fallBack(found, `is not between ${setting.min} and ${setting.max}`, setting.fallback);
    }
    return value;
  }

  /** @param given what a flag said; it goes before the environment. */
  choice<Name extends NameOf<"choice">>(name: Name, given?: string): ChoiceOf<Name> {
    const setting: ChoiceSetting = SETTINGS[name];
    const value = given ?? this.#find(name)?.value;
    const chosen = setting.choices.find((candidate) => candidate.toLowerCase() === value?.toLowerCase());
    if (value !== undefined && chosen === undefined) this.errors.push(setting.invalid(value));
    // Both come out of the catalogue's own entry, but its element type is lost on the way through the common interface.
    return (chosen ?? setting.fallback) as ChoiceOf<Name>;
  }

  list(name: NameOf<"list">): readonly string[] {
    const setting: ListSetting = SETTINGS[name];
    const found = this.#find(name);
    if (found === undefined) return setting.fallback;
    return parseListParameter([found.value]).filter((item) => {
      if (setting.item.test(item)) return true;
      this.warnings.push(`${found.variable}: ${shown(item)} has characters that are not allowed there; left out`);
      return false;
    });
  }

  /** `PORT`, which alone may be a number or the word `auto`. The number is not checked: a flag may stand before it. */
  port(): number | "auto" {
    const found = this.#find("PORT");
    if (found === undefined) return SETTINGS.PORT.fallback;
    if (found.value.toLowerCase() === "auto") return "auto";
    return parseInteger(found.value) ?? this.#fallBack(found, "is not a whole number", SETTINGS.PORT.fallback);
  }

  #find(name: SettingName): Found | undefined {
    const setting: Setting = SETTINGS[name];
    for (const variable of [name, ...(setting.aliases ?? [])]) {
      const value = this.#environment[variable]?.trim();
      if (value !== undefined && value !== "") return { variable, value };
    }
    return undefined;
  }

  /** The default, and a warning that names the variable, what is wrong with its value, and the default. */
  #fallBack<Value>(found: Found, problem: string, fallback: Value): Value {
    this.warnings.push(`${found.variable}: ${shown(found.value)} ${problem}; using the default ${fallback}`);
    return fallback;
  }
}

type ChoiceOf<Name extends NameOf<"choice">> = (typeof SETTINGS)[Name]["choices"][number];

interface Found {
  /** The name it was set by, an alias maybe. */
  readonly variable: string;
  readonly value: string;
}

/**
 * Digits with a sign at most, as Go's `Atoi`: no exponent, no hexadecimal; and `5.0`, as Python writes a number of seconds
 * (seed 002's `query_timeout`), but no other fraction. null for anything else.
 */
function parseInteger(text: string): number | null {
  if (!/^[+-]?\d+(\.0+)?$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}

function shown(value: string): string {
  return `"${printableText(value, SHOWN_LENGTH)}"`;
}
