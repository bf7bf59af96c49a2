/** Most characters of a peer's text in an error. */
const MAX_SHOWN_CHARS = 256;

/** A text, truncated for the details of an error. */
export function truncateText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}

/** A peer's text in quotes for an error message: truncated, with control characters escaped so that a terminal does not obey them. */
export function quoteText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  const quoted = JSON.stringify(truncateText(text, maxChars));
  return quoted.replaceAll(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escapeChar);
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
