import { type FileHandle, open } from 'node:fs/promises';

/**
 * The format of a program file. Architectures have the names of Node's `process.arch`; `viaEnv` is the program that `#!/usr/bin/env` looks
 * up in PATH.
 */
export type ExecutableFormat =
  | { readonly kind: 'ELF' | 'Mach-O' | 'PE'; readonly architectures: readonly string[]; readonly loader?: string }
  | { readonly kind: 'script'; readonly interpreter: string; readonly viaEnv?: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown' };

const HEAD_BYTES = 4_096;
const MAX_PROGRAM_HEADERS = 128;
const MAX_LOADER_BYTES = 4_096;
const MAX_FAT_ARCHITECTURES = 32;
const PT_INTERP = 3;

/** elf.h e_machine. */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/** mach/machine.h cputype. */
const MACH_MACHINES: Readonly<Record<number, string>> = {
  7: 'ia32',
  12: 'arm',
  18: 'ppc',
  0x0100_0007: 'x64',
  0x0100_000c: 'arm64',
  0x0100_0012: 'ppc64',
};

/** PE format, COFF file header, Machine. */
const PE_MACHINES: Readonly<Record<number, string>> = {
  0x14c: 'ia32',
  0x1c0: 'arm',
  0x1c4: 'arm',
  0x8664: 'x64',
  0xaa64: 'arm64',
  0x6264: 'loong64',
};

/** Detects the format of a program from at most three small parts of the file. Rejects when the file cannot be read. */
export async function readExecutableFormat(path: string): Promise<ExecutableFormat> {
  const file = await open(path, 'r');
  try {
    const head = await readAt(file, 0, HEAD_BYTES);
    if (head.length === 0) return { kind: 'empty' };
    return (await elf(file, head)) ?? (await pe(file, head)) ?? machO(head) ?? script(head) ?? { kind: 'unknown' };
  } finally {
    await file.close();
  }
}

function script(head: Buffer): ExecutableFormat | undefined {
  if (head.length < 3 || head.toString('latin1', 0, 2) !== '#!') return undefined;
  const lineEnd = head.indexOf('\n');
  const line = head.toString('utf8', 2, lineEnd < 0 ? head.length : lineEnd).replace(/^[ \t]+/, '');
  const [interpreter = '', ...words] = line.split(/[ \t]+/);
  const viaEnv = interpreter.endsWith('/env') ? words.find((word) => !/^-|=/.test(word)) : undefined;
  return viaEnv === undefined ? { kind: 'script', interpreter } : { kind: 'script', interpreter, viaEnv };
}

async function elf(file: FileHandle, head: Buffer): Promise<ExecutableFormat | undefined> {
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f45_4c46) return undefined;
  const is64 = head[4] === 2;
  const read = reader(head, head[5] === 2);
  const machine = read.u16(18);
  const architectures = [ELF_MACHINES[machine] ?? `machine ${machine}`];
  const tableAt = is64 ? read.u64(32) : read.u32(28);
  const entryBytes = read.u16(is64 ? 54 : 42);
  const entries = Math.min(read.u16(is64 ? 56 : 44), MAX_PROGRAM_HEADERS);
  if (entryBytes < (is64 ? 56 : 32)) return { kind: 'ELF', architectures };
  const table = await readAt(file, tableAt, entries * entryBytes);
  const loader = await elfLoader(file, reader(table, head[5] === 2), table.length, entryBytes, is64);
  return loader === undefined ? { kind: 'ELF', architectures } : { kind: 'ELF', architectures, loader };
}

async function elfLoader(
  file: FileHandle,
  read: Reader,
  tableBytes: number,
  entryBytes: number,
  is64: boolean,
): Promise<string | undefined> {
  for (let at = 0; at + entryBytes <= tableBytes; at += entryBytes) {
    if (read.u32(at) !== PT_INTERP) continue;
    const offset = is64 ? read.u64(at + 8) : read.u32(at + 4);
    const size = is64 ? read.u64(at + 32) : read.u32(at + 16);
    const path = await readAt(file, offset, Math.min(size, MAX_LOADER_BYTES));
    return path.toString('utf8').replace(/\0[\s\S]*$/, '');
  }
  return undefined;
}

async function pe(file: FileHandle, head: Buffer): Promise<ExecutableFormat | undefined> {
  if (head.length < 64 || head.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const header = await readAt(file, head.readUInt32LE(0x3c), 6);
  if (header.length < 6 || header.toString('latin1', 0, 4) !== 'PE\0\0') return undefined;
  const machine = header.readUInt16LE(4);
  return { kind: 'PE', architectures: [PE_MACHINES[machine] ?? `machine 0x${machine.toString(16)}`] };
}

function machO(head: Buffer): ExecutableFormat | undefined {
  if (head.length < 8) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === 0xfeed_face || magic === 0xfeed_facf) return mach([head.readUInt32BE(4)]);
  if (magic === 0xcefa_edfe || magic === 0xcffa_edfe) return mach([head.readUInt32LE(4)]);
  if (magic !== 0xcafe_babe) return undefined;
  const count = head.readUInt32BE(4);
  // Java class files begin with the same four bytes, followed by a version of 45 or more.
  if (count === 0 || count > MAX_FAT_ARCHITECTURES || head.length < 8 + count * 20) return undefined;
  return mach(Array.from({ length: count }, (_, index) => head.readUInt32BE(8 + index * 20)));
}

function mach(cpuTypes: readonly number[]): ExecutableFormat {
  return { kind: 'Mach-O', architectures: cpuTypes.map((type) => MACH_MACHINES[type] ?? `cpu ${type}`) };
}

interface Reader {
  u16(at: number): number;
  u32(at: number): number;
  /** Not exact beyond 2^53, which is beyond the end of any file. */
  u64(at: number): number;
}

function reader(bytes: Buffer, bigEndian: boolean): Reader {
  return bigEndian
    ? {
        u16: (at) => bytes.readUInt16BE(at),
        u32: (at) => bytes.readUInt32BE(at),
        u64: (at) => Number(bytes.readBigUInt64BE(at)),
      }
    : {
        u16: (at) => bytes.readUInt16LE(at),
        u32: (at) => bytes.readUInt32LE(at),
        u64: (at) => Number(bytes.readBigUInt64LE(at)),
      };
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  if (!Number.isSafeInteger(position) || length <= 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
