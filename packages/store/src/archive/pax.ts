import { malformed } from './refused.js';
import { utf8 } from './tar-header.js';

/** What says nothing about where an entry goes or how long it is. */
const IGNORED = /^(?:[acm]time|uid|gid|uname|gname|comment|LIBARCHIVE\.creationtime|SCHILY\.(?:dev|ino|nlink))$/;

/** What an extended header says of its entry. */
export interface Extended {
  readonly path?: string | undefined;
  /** Decimal digits. It is only good if it is what the entry's own header says. */
  readonly size?: string | undefined;
}

/**
 * Reads the body of an extended header. One that says more than a path and a size, or says it twice, is refused: readers of tar archives do
 * not agree on what it means. Throws StoreError ERR_ARCHIVE.
 */
export function parsePax(body: Buffer): Extended {
  const seen = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const [, digits = ''] = /^([1-9][0-9]{0,6}) /.exec(body.toString('latin1', at, at + 8)) ?? [];
    const end = at + Number(digits);
    if (digits === '' || end > body.length || end < at + digits.length + 4 || body[end - 1] !== 0x0a)
      throw malformed('an extended header has a record that does not fit its length');
    const [key, value] = keyValue(utf8(body.subarray(at + digits.length + 1, end - 1)));
    if (seen.has(key)) throw malformed(`an extended header has two records ${key}`);
    if (key !== 'path' && key !== 'size' && !IGNORED.test(key))
      throw malformed(`an extended header has a record ${JSON.stringify(key.slice(0, 40))}`);
    seen.set(key, value);
    at = end;
  }
  return { path: seen.get('path'), size: seen.get('size') };
}

/** The body of an extended header with one path. */
export function formatPaxPath(path: string): Buffer {
  const rest = Buffer.from(` path=${path}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function keyValue(record: string): readonly [key: string, value: string] {
  const at = record.indexOf('=');
  if (at <= 0) throw malformed('an extended header has a record without a value');
  return [record.slice(0, at), record.slice(at + 1)];
}
