/**
 * Stored timestamps. We write one form, `YYYY-MM-DDTHH:MM:SS.mmm+00:00`: it sorts as text, and both references can read it.
 * We read every form the references left behind (database, section 2):
 *
 *     2025-06-08T10:00:00.123456+00:00           Python
 *     2025-06-11 14:33:12.123456789+00:00        Go: up to nine digits, zeros trimmed
 *     2025-06-08 10:00:00                        CURRENT_TIMESTAMP: UTC without saying so
 *     2025-06-11 14:33:12.1 +0000 UTC m=+0.02    Go's other way of printing a time
 *     1749376800, 1749376800123                  seconds; 13 digits are milliseconds
 *     0001-01-01 00:00:00+00:00                  Go's zero time: no time at all
 */

const EARLIEST_MS = Date.parse("0001-01-01T00:00:00Z");
const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

const DATE_AND_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?(?: [A-Z+\-0-9]{1,6})?(?: m=[+-][\d.]+)?)?$/i;

const NUMBER = /^-?\d{1,16}(?:\.\d{1,9})?$/;

const SMALLEST_MS_WITH_13_DIGITS = 1e12;

/**
 * @param value as a column gives it.
 * @returns epoch ms, cut down to whole ones; null for nothing, for what is no time, and for the year 1.
 */
export function parseStoredTimestamp(value: unknown): number | null {
  if (typeof value === "number" || typeof value === "bigint") return fromNumber(Number(value));
  if (typeof value !== "string") return null;
  const text = value.trim();
  return NUMBER.test(text) ? fromNumber(Number(text)) : fromText(text);
}

function fromNumber(value: number): number | null {
  const epochMs = Math.floor(Math.abs(value) >= SMALLEST_MS_WITH_13_DIGITS ? value : value * 1000);
  return Number.isFinite(epochMs) ? withinYears(epochMs) : null;
}

function fromText(text: string): number | null {
  const match = DATE_AND_TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = match;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"));
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for the twentieth century.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isRealDate = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isRealDate || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  date.setUTCHours(Number(hour), Number(minute), Number(second), milliseconds);
  return withinYears(date.getTime() - offsetMs(zone));
}

function offsetMs(zone: string | undefined): number {
  const [, sign, hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? "") ?? [];
  const minutesEast = Number(hours) * 60 + Number(minutes);
  return (sign === "-" ? -minutesEast : minutesEast) * 60_000;
}

/** An offset may move Go's zero time by a day into the year 0. */
function withinYears(epochMs: number): number | null {
  return epochMs >= EARLIEST_MS + 366 * 86_400_000 && epochMs <= LATEST_MS ? epochMs : null;
}

/** @param epochMs taken into the years 1 to 9999, which is what the form can say. */
export function formatStoredTimestamp(epochMs: number): string {
  const boundedMs = Math.min(LATEST_MS, Math.max(EARLIEST_MS, Math.trunc(epochMs)));
  return `${new Date(boundedMs).toISOString().slice(0, -1)}+00:00`;
}
