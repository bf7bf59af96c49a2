/** Most characters of a peer's text in an error. */
const MAX_SHOWN_CHARS = 256;

/** A text, truncated for the details of an error. */
export function truncateText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}

/**
 * A peer's text in quotes for an error message: truncated, with invisible characters as escapes.
 *
 * @example
 * quoteText('\uFEFF1|1|unix'); // '"\\ufeff1|1|unix"'
 */
export function quoteText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  return escapeAll(JSON.stringify(truncateText(text, maxChars)));
}

/**
 * A text with invisible characters as escapes, so that a terminal does not obey them.
 *
 * @example
 * escapeInvisible('\u001b[2Jdone'); // '\\u001b[2Jdone'
 */
export function escapeInvisible(text: string, { lineBreaks }: { readonly lineBreaks?: string } = {}): string {
  if (lineBreaks === undefined) return escapeAll(text);
  const lines = text.split(/\r?\n/).map((line) => escapeAll(line.replaceAll('\t', '  ')));
  return lines.join(lineBreaks);
}

/**
 * Escapes control characters, which a terminal obeys, and characters that cannot be seen: byte order marks, zero-width characters, spaces
 * that are not U+0020, line separators. V8 collects the characters of an expression's properties when it meets it: at the top level each
 * start would pay for it.
 */
function escapeAll(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, escapeChar);
}

function escapeChar(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
