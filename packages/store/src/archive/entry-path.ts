import { refusedEntry } from './refused.js';

/** Of a path in an archive, in UTF-8: below what Windows and macOS take for a whole path. */
const MAX_PATH_BYTES = 1024;
const MAX_NAME_BYTES = 255;

/** What cannot be in a name on Windows; a colon is a drive or a stream there, and a backslash a folder. */
const NOT_ON_WINDOWS = /[<>:"|?*]/;

/** Devices on Windows, in every folder and with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?: *\..*)?$/i;

/** Control characters, and what is not seen or turns the direction of the text around it. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** The path of an entry, without a leading `./` and a trailing slash; empty for the root. Throws StoreError ERR_ARCHIVE. */
export function checkedPath(name: string): string {
  const reason = reasonAgainst(name);
  if (reason !== undefined) throw refusedEntry(name, reason);
  const path = name.replace(/\/$/, '');
  return path === '.' ? '' : path.replace(/^\.\//, '');
}

function reasonAgainst(name: string): string | undefined {
  if (name === '') return 'it has no name';
  if (name === '.' || name === './') return undefined;
  if (name.includes('\\')) return 'a backslash is a folder on Windows';
  if (/^[a-zA-Z]:/.test(name)) return 'it names a drive of Windows';
  if (name.startsWith('/')) return 'its path is absolute';
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) return `its path is longer than ${MAX_PATH_BYTES} bytes`;
  const parts = name.replace(/^\.\//, '').replace(/\/$/, '').split('/');
  return parts.map(reasonAgainstPart).find((reason) => reason !== undefined);
}

function reasonAgainstPart(part: string): string | undefined {
  if (part === '..') return 'its path leads out of the archive';
  if (part === '' || part === '.') return 'its path has an empty part';
  if (INVISIBLE.test(part)) return 'its name has a character that cannot be seen';
  if (NOT_ON_WINDOWS.test(part)) return 'its name has one of the characters < > : " | ? *, which Windows does not take';
  if (/[. ]$/.test(part)) return 'a name that ends with a dot or a space is another one on Windows';
  if (DEVICE.test(part)) return 'its name is that of a device on Windows';
  if (Buffer.byteLength(part) > MAX_NAME_BYTES) return `its name is longer than ${MAX_NAME_BYTES} bytes`;
  return undefined;
}
