import { malformed } from './refused.js';

export const BLOCK_BYTES = 512;

/** A header of a tar archive, POSIX ustar or GNU. */
export interface TarHeader<Name = string> {
  readonly name: Name;
  readonly mode: number;
  readonly size: number;
  /** One character; `0` for a file, also where the header has a NUL. */
  readonly type: string;
}

/** Where the fields are: offset and size in bytes. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
const TYPE_AT = 156;

const USTAR = 'ustar\x0000';
const GNU = 'ustar  \0';

/**
 * Reads a header. The name is that of the field and, in ustar, the prefix; its bytes are cut off anywhere where an extended header has
 * the whole one. Throws StoreError ERR_ARCHIVE.
 */
export function parseHeader(block: Buffer): TarHeader<Buffer> {
  const magic = field(block, 'magic').toString('latin1');
  if (magic !== USTAR && magic !== GNU) throw malformed('there is no header of an entry where one should be');
  if (octal(block, 'checksum') !== checksumOf(block)) throw malformed("the checksum of an entry's header is wrong");
  const prefix = magic === USTAR ? textField(block, 'prefix') : Buffer.alloc(0);
  const name = nameField(block);
  return {
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    mode: octal(block, 'mode'),
    size: octal(block, 'size'),
    type: block[TYPE_AT] === 0 ? '0' : String.fromCharCode(block[TYPE_AT]!),
  };
}

/** Writes a ustar header, without owner and time. Undefined for a name that does not fit into one. */
export function formatHeader({ name, mode, size, type }: TarHeader): Buffer | undefined {
  const [prefix, rest] = splitName(name) ?? [];
  if (prefix === undefined || rest === undefined) return undefined;
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(rest, FIELD.name[0]);
  for (const [of, value] of [
    ['mode', mode],
    ['uid', 0],
    ['gid', 0],
    ['size', size],
    ['mtime', 0],
  ] as const) {
    const [at, length] = FIELD[of];
    block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  }
  block.write(type, TYPE_AT, 'latin1');
  block.write(USTAR, FIELD.magic[0], 'latin1');
  block.write(prefix, FIELD.prefix[0]);
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, FIELD.checksum[0], 'latin1');
  return block;
}

/** ASCII only: what a name in another alphabet means is only told by an extended header. */
function splitName(name: string): readonly [prefix: string, name: string] | undefined {
  if (!/^[ -~]*$/.test(name)) return undefined;
  if (name.length <= FIELD.name[1]) return ['', name];
  const at = name.indexOf('/', name.length - FIELD.name[1] - 1);
  if (at <= 0 || at > FIELD.prefix[1] || at === name.length - 1) return undefined;
  return [name.slice(0, at), name.slice(at + 1)];
}

/** The sum of all bytes, with spaces in place of the sum itself. */
function checksumOf(block: Buffer): number {
  const [at, length] = FIELD.checksum;
  return block.reduce((sum, byte, index) => sum + (index >= at && index < at + length ? 0x20 : byte), 0);
}

function field(block: Buffer, name: keyof typeof FIELD): Buffer {
  const [at, length] = FIELD[name];
  return block.subarray(at, at + length);
}

/** Up to the first NUL. */
function textField(block: Buffer, name: keyof typeof FIELD): Buffer {
  const bytes = field(block, name);
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** After a NUL there is nothing in a name. After one in the prefix some programs write times. */
function nameField(block: Buffer): Buffer {
  const name = textField(block, 'name');
  if (
    field(block, 'name')
      .subarray(name.length)
      .some((byte) => byte !== 0)
  )
    throw malformed("an entry's name has a NUL in it");
  return name;
}

/** Text of a name. Throws StoreError ERR_ARCHIVE for what is no UTF-8. */
export function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw malformed("an entry's name is no UTF-8", error);
  }
}

/** Base 256, negative numbers and signs are not taken: no size that is allowed needs them. */
function octal(block: Buffer, name: keyof typeof FIELD): number {
  const text = field(block, name).toString('latin1');
  const [, digits] = /^ *([0-7]*)[\0 ]*$/.exec(text) ?? [];
  if (digits === undefined) throw malformed(`the ${name} of an entry is no octal number`);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
