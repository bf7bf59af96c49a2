/** Most characters of a peer's text in an error. */
const MAX_SHOWN_CHARS = 256;

/** A text, truncated for the details of an error. */
export function truncateText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}

/**
 * Control characters, which a terminal obeys, and characters that cannot be seen: byte order marks, zero-width characters, spaces that
 * are not U+0020, line separators.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/**
 * A peer's text in quotes for an error message: truncated, with invisible characters as escapes.
 *
 * @example
 * quoteText('\uFEFF1|1|unix'); // '"\\ufeff1|1|unix"'
 */
export function quoteText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  return JSON.stringify(truncateText(text, maxChars)).replaceAll(INVISIBLE, escapeChar);
}

/**
 * A text with invisible characters as escapes, so that a terminal does not obey them.
 *
 * @example
 * escapeInvisible('\u001b[2Jdone'); // '\\u001b[2Jdone'
 */
export function escapeInvisible(text: string, { lineBreaks }: { readonly lineBreaks?: string } = {}): string {
  if (lineBreaks === undefined) return text.replaceAll(INVISIBLE, escapeChar);
  const lines = text.split(/\r?\n/).map((line) => line.replaceAll('\t', '  ').replaceAll(INVISIBLE, escapeChar));
  return lines.join(lineBreaks);
}

function escapeChar(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
