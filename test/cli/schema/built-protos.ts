import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const BUF = fileURLToPath(import.meta.resolve('@bufbuild/buf/bin/buf'));

/** What `buf build` reads a folder of .proto files to, without comments. Throws with its errors. */
export function buildProtos(directory: string): FileDescriptorSet {
  const args = ['build', directory, '--as-file-descriptor-set', '--exclude-source-info', '-o', '-#format=binpb'];
  return fromBinary(FileDescriptorSetSchema, execFileSync(process.execPath, [BUF, ...args], { stdio: 'pipe' }));
}

/** The same of texts by file name. */
export function buildTexts(texts: ReadonlyMap<string, string>): FileDescriptorSet {
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-protos-'));
  try {
    for (const [name, text] of texts) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return buildProtos(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
