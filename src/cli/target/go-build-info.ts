import { open } from 'node:fs/promises';

/** What the Go linker writes into every program about its build. Nothing is run to read it. */
export interface GoBuildInfo {
  /** For instance `go1.25.1`. */
  readonly goVersion: string;
  /** Path of the main module; undefined for a program that was built outside of a module, as Debian's are. */
  readonly module: string | undefined;
  /** Version of the main module; `(devel)` for one that was built in its own folder. */
  readonly moduleVersion: string | undefined;
  /** Versions of the modules that are linked in, by path; the version of a replacement where there is one. */
  readonly dependencies: ReadonlyMap<string, string>;
  /** Settings of the build: `GOOS`, `vcs.revision` and others. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Go debug/buildinfo: the block begins with this, at an address that is a multiple of 16. */
const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const ALIGNMENT = 16;
const HEADER_BYTES = 32;
/** Flag of the header: the two strings follow it, each after its length. Go 1.18 and newer write no other form. */
const INLINE_STRINGS = 2;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** The module information of the largest programs has a few hundred kB. */
const MAX_INFO_BYTES = 4 * 1024 * 1024;
/** The module information stands between two marks of this length. */
const MARK_BYTES = 16;

/** Reads the build information of a Go program of any system; undefined for another program. Rejects when the file cannot be read. */
export async function readGoBuildInfo(path: string): Promise<GoBuildInfo | undefined> {
  const file = await open(path, 'r');
  try {
    const read = async (position: number, length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    };
    for await (const position of findMagic(read)) {
      const found = parseBuildInfo(await read(position, MAX_INFO_BYTES));
      if (found !== undefined) return found;
    }
    return undefined;
  } finally {
    await file.close();
  }
}

type Read = (position: number, length: number) => Promise<Buffer>;

/** The file is searched, so that formats of programs need not be known. A program that reads such blocks has the mark in its code, too. */
async function* findMagic(read: Read): AsyncGenerator<number> {
  for (let start = 0; ; start += CHUNK_BYTES) {
    const chunk = await read(start, CHUNK_BYTES + MAGIC.length);
    for (let at = chunk.indexOf(MAGIC); at >= 0; at = chunk.indexOf(MAGIC, at + 1)) {
      if ((start + at) % ALIGNMENT === 0) yield start + at;
    }
    if (chunk.length < CHUNK_BYTES + MAGIC.length) return;
  }
}

/** Parses a block that begins with the mark; undefined for what only looks like one. */
export function parseBuildInfo(block: Buffer): GoBuildInfo | undefined {
  if (block.length <= HEADER_BYTES || (block[MAGIC.length + 1]! & INLINE_STRINGS) === 0) return undefined;
  const version = readString(block, HEADER_BYTES);
  if (version === undefined || !/^(?:go\d|devel)/.test(version.text)) return undefined;
  const info = readString(block, version.end);
  // Latin-1 keeps the marks, which are no UTF-8.
  const lines = (info?.text.slice(MARK_BYTES, -MARK_BYTES) ?? '').split('\n').map((line) => line.split('\t'));
  const [, module, moduleVersion] = lines.find(([kind]) => kind === 'mod') ?? [];
  return {
    goVersion: version.text,
    module,
    moduleVersion,
    dependencies: dependenciesOf(lines),
    settings: new Map(lines.filter(([kind]) => kind === 'build').map(([, setting = '']) => splitSetting(setting))),
  };
}

/** A string after its length, which is a varint (Go encoding/binary.Uvarint). */
function readString(block: Buffer, at: number): { readonly text: string; readonly end: number } | undefined {
  let length = 0;
  for (let shift = 0, index = at; shift < 35 && index < block.length; shift += 7, index++) {
    const byte = block[index]!;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte >= 0x80) continue;
    const end = index + 1 + length;
    return end > block.length ? undefined : { text: block.toString('latin1', index + 1, end), end };
  }
  return undefined;
}

/** A line `=>` tells what the module of the line before is replaced with. */
function dependenciesOf(lines: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let last = '';
  for (const [kind, path = '', version = ''] of lines) {
    if (kind === 'dep') found.set((last = path), version);
    else if (kind === '=>' && found.has(last)) found.set(last, version === '' ? path : version);
  }
  return found;
}

function splitSetting(setting: string): readonly [name: string, value: string] {
  const at = setting.indexOf('=');
  return [setting.slice(0, at), setting.slice(at + 1)];
}
