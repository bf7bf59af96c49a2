/** How much of a peer's text an error shows. */
const MAX_SHOWN_CHARS = 256;

/** The beginning of a peer's text, for an error's details. */
export function truncateText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`;
}

/** A peer's text in quotes for a message: truncated, with control characters escaped so that it cannot steer a terminal. */
export function quoteText(text: string, maxChars = MAX_SHOWN_CHARS): string {
  const quoted = JSON.stringify(truncateText(text, maxChars));
  return quoted.replaceAll(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escapeChar);
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
