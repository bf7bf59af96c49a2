/** Values in the spellings that Go's strconv and strings packages accept. go-plugin parses its text fields with these. */

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A boolean as Go's strconv.ParseBool reads it; undefined for any other spelling. */
export function parseGoBool(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

/**
 * A signed decimal as Go's strconv.ParseInt reads it: an optional sign, digits, leading zeros, nothing else. Undefined for other
 * texts and outside the range: 32 bits, or what a number holds exactly (go-plugin: 64 bits; no version lies that far out).
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

/** The text without white space at its ends, as Go's strings.TrimSpace: unlike `trim()`, a byte order mark stays. */
export function trimGoSpace(text: string): string {
  return text.replace(LEADING_SPACE, '').replace(TRAILING_SPACE, '');
}
