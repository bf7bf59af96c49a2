/** Most characters of a foreign text in a message. */
const MAX_SHOWN_CHARS = 200;

/** What a terminal obeys, and what cannot be seen. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** A value of a file or of a source, for a message: truncated, in quotes, and with invisible characters as escapes. */
export function quote(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : Array.isArray(value) ? 'an array' : plain(value);
  const shown = value.length <= MAX_SHOWN_CHARS ? value : `${value.slice(0, MAX_SHOWN_CHARS)}…`;
  return JSON.stringify(shown).replaceAll(INVISIBLE, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** The first names of a list that can be long, for a message. */
export function someOf(names: readonly string[], most = 10): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, most).join(', ');
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}

function plain(value: unknown): string {
  if (typeof value === 'object' || typeof value === 'function') return `an ${typeof value}`;
  return String(value as number | boolean | bigint | symbol | undefined);
}
