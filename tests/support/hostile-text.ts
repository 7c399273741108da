import { storableText } from "@mcp-mesh/protocol";
import fc from "fast-check";

/** Texts that end as something else where a store splices, folds case, trims, normalises, converts or re-encodes. */
export const HOSTILE_TEXTS: readonly string[] = [
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "'; DROP TABLE agents; --",
  "' OR '1'='1",
  '"quoted"',
  "back\\slash",
  "%_*?[a]",
  "$1 ?1 :name @p",
  "nul\u0000inside",
  "\u0000",
  "line\r\nbreak\u2028\u2029",
  "\u001b[31m",
  " blanks ",
  "\ufeffmark",
  "case",
  "CASE",
  "\u00e9",
  "e\u0301",
  "\ufb01",
  "\u0131",
  "😀",
  "\ud83d",
  "\ude00\ud83d",
  "\ufffd",
  "\u202eright to left",
  "1",
  "01",
  "1.0",
  "1e3",
  "0x10",
  "null",
  "true",
  "2025-06-11T12:00:00.000+00:00",
  "{}",
  "[]",
  "x".repeat(253),
];

/** Any UTF-16 text, halves of surrogate pairs included: JSON can spell them, so a client can send them. */
const anyCodeUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
  .map((units) => String.fromCharCode(...units));

/** A text of any kind, the empty one included. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
  { weight: 1, arbitrary: anyCodeUnits },
);

/** What the domain lets through to a store: no NUL and no half of a surrogate pair, which no database's text can hold. */
export const storableHostileText: fc.Arbitrary<string> = hostileText.map(storableText);
