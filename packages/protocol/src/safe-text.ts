/** Controls, invisible format characters (bidirectional overrides among them) and the two Unicode line separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Text a client sent, fit to stand inside an error text or a log line: at most `maxLength` UTF-16 units (then `...`), with
 * controls written as `\u000a`, so that hostile text stays text (spec README, points settled).
 */
export function printableText(text: string, maxLength: number): string {
  const shown = text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
  return shown.toWellFormed().replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/**
 * Text a client sent, fit to be stored and read back unchanged: lone surrogates have no UTF-8 form (Go's decoder replaces
 * them too) and PostgreSQL refuses NUL in text; both become U+FFFD. Without this a record in memory would differ from the
 * same record read back from the database.
 */
export function storableText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\ufffd") : wellFormed;
}
