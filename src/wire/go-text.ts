/** Texts as Go's packages strconv and strings read them; go-plugin parses its text fields with those. */

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A boolean as Go's strconv.ParseBool reads it; undefined for any other spelling. */
export function parseGoBool(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

/**
 * A signed decimal as Go's strconv.ParseInt reads it: an optional sign and digits, leading zeros allowed. Undefined for any other text
 * and outside the range of 32 bits, or of exact numbers (go-plugin: of 64 bits).
 */
export function parseGoInteger(text: string, bits: 32 | 53 = 53): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text) + 0;
  if (bits === 32) return value >= -(2 ** 31) && value < 2 ** 31 ? value : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const TRAILING_SPACE = new RegExp(`(?<!${SPACE})${SPACE}+$`);

/** The text without white space at its ends, as Go's strings.TrimSpace: unlike `trim()`, it keeps a byte order mark. */
export function trimGoSpace(text: string): string {
  return text.replace(LEADING_SPACE, '').replace(TRAILING_SPACE, '');
}
