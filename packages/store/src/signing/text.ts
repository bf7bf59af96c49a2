/** A first line that nothing vouches for, in every file of minisign. */
export const UNTRUSTED = 'untrusted comment: ';

/** As minisign: longer lines are refused. */
export const MAX_COMMENT_BYTES = 1024;

/** Bytes of standard base64 in its one canonical form: other spellings of the same bytes, and another length, give undefined. */
export function fromBase64(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length && bytes.toString('base64') === text ? bytes : undefined;
}

/**
 * The lines of a file that ends with a line end, which may be left out. Undefined when it is no UTF-8, has a control character other
 * than tab, or is longer than `maxBytes`.
 */
export function linesOf(file: string | Uint8Array, maxBytes: number): string[] | undefined {
  const text = textOf(file, maxBytes);
  if (text === undefined) return undefined;
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

function textOf(file: string | Uint8Array, maxBytes: number): string | undefined {
  if (file.length > maxBytes) return undefined;
  if (typeof file === 'string') return isPlain(file) ? file : undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file);
    return isPlain(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Line ends and tabs are the only control characters. */
function isPlain(text: string): boolean {
  return !/[\p{Cc}\u2028\u2029]/u.test(text.replace(/[\n\t]/g, ''));
}

/** True for a comment that fits on its line. */
export function isComment(text: string, maxBytes: number): boolean {
  return isPlain(text) && !text.includes('\n') && Buffer.byteLength(text) <= maxBytes;
}
