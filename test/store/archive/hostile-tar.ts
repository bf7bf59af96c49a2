import { gzipSync } from 'node:zlib';

/** The fields of a header, each as it is written: also what no tar program writes. */
export interface RawEntry {
  readonly name?: string | Buffer;
  readonly mode?: string;
  readonly size?: string;
  readonly type?: string;
  readonly linkName?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly checksum?: string;
  readonly body?: string | Buffer;
}

/** A header and its content, padded. */
export function entry({ name = 'x', body = '', mode = '0000644', ...raw }: RawEntry): Buffer {
  const content = Buffer.from(body as string);
  const block = Buffer.alloc(512);
  Buffer.from(name as string).copy(block, 0, 0, 100);
  block.write(mode, 100, 'latin1');
  block.write('0000000', 108);
  block.write('0000000', 116);
  block.write(raw.size ?? content.length.toString(8).padStart(11, '0'), 124, 'latin1');
  block.write('00000000000', 136);
  block.write(raw.type ?? '0', 156, 'latin1');
  block.write(raw.linkName ?? '', 157);
  block.write(raw.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(raw.prefix ?? '', 345);
  block.write(' '.repeat(8), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(raw.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([block, content, Buffer.alloc(-content.length & 511)]);
}

/** An extended header with these records; `x` is of the next entry, `g` of all. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const body = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    const length = [1, 2, 3, 4, 5].map((digits) => digits + rest).find((all) => String(all).length + rest === all)!;
    return `${length} ${key}=${value}\n`;
  });
  return entry({ name: 'PaxHeaders/x', type, body: body.join('') });
}

/** What GNU tar writes before an entry with a long name. */
export function longName(name: string): Buffer {
  return entry({ name: '././@LongLink', type: 'L', magic: 'ustar  \0', body: `${name}\0` });
}

export const END = Buffer.alloc(1024);

/** An archive of these blocks. */
export function archive(...blocks: readonly Buffer[]): Buffer {
  return gzipSync(Buffer.concat([...blocks, END]));
}

/** The bytes in chunks of a size, as a stream gives them. */
export async function* chunksOf(bytes: Buffer, size = 65_536): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
