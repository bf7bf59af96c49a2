/** Smallest files that look like programs of a format: enough header for a diagnosis, nothing to run. */

interface ElfOptions {
  /** e_machine. @default 62, x86-64 */
  readonly machine?: number;
  readonly bits?: 32 | 64;
  readonly bigEndian?: boolean;
  readonly loader?: string;
  readonly programHeadersAt?: bigint;
  readonly loaderBytes?: bigint;
}

/** A 64-bit little-endian ELF file with one program header, PT_INTERP; or just the identification of a 32-bit one. */
export function elfFile(options: ElfOptions = {}): Buffer {
  const { machine = 62, bits = 64, bigEndian = false, loader = '', programHeadersAt = 64n } = options;
  const path = Buffer.from(`${loader}\0`);
  const file = Buffer.concat([Buffer.alloc(64 + 56), path]);
  file.write('\x7fELF', 'latin1');
  file[4] = bits === 64 ? 2 : 1;
  file[5] = bigEndian ? 2 : 1;
  file[6] = 1;
  if (bigEndian) {
    file.writeUInt16BE(2, 16);
    file.writeUInt16BE(machine, 18);
    return file;
  }
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(programHeadersAt, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(loader === '' ? 0 : 1, 56);
  file.writeUInt32LE(3, 64);
  file.writeBigUInt64LE(120n, 64 + 8);
  file.writeBigUInt64LE(options.loaderBytes ?? BigInt(path.length), 64 + 32);
  return file;
}

export function peFile(machine: number): Buffer {
  const file = Buffer.alloc(256);
  file.write('MZ', 'latin1');
  file.writeUInt32LE(0x80, 0x3c);
  file.write('PE\0\0', 0x80, 'latin1');
  file.writeUInt16LE(machine, 0x84);
  return file;
}

export function machOFile(cpuType: number): Buffer {
  const file = Buffer.alloc(64);
  file.writeUInt32LE(0xfeed_facf, 0);
  file.writeUInt32LE(cpuType, 4);
  return file;
}

export function fatMachOFile(cpuTypes: readonly number[]): Buffer {
  const file = Buffer.alloc(8 + 20 * cpuTypes.length);
  file.writeUInt32BE(0xcafe_babe, 0);
  file.writeUInt32BE(cpuTypes.length, 4);
  for (const [index, cpuType] of cpuTypes.entries()) file.writeUInt32BE(cpuType, 8 + 20 * index);
  return file;
}
