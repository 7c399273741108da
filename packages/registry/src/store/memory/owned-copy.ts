/**
 * A copy by way of JSON text, which is how a database keeps records: so a value that would not survive there (undefined,
 * -0, a Date) does not survive here either, while `__proto__` as a key and half of a surrogate pair do.
 */
export function ownedCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Freezes a JSON value with everything in it; parts that are frozen already are taken to be so all through. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
