import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianFiles } from '../support/debian.js';

/** Debian's protoc: a folder with a script of this name, which knows where the libraries are. */
export async function protocFolder(): Promise<string | undefined> {
  const files = await debianFiles('protobuf-compiler', 'libprotoc32', 'libprotobuf32');
  if (files === undefined) return undefined;
  const [machine = ''] = readdirSync(join(files, 'usr/lib')).filter((name) => name.includes('linux'));
  const libraries = join(files, 'usr/lib', machine);
  const program = join(files, 'usr/bin/protoc');
  writeFileSync(join(files, 'protoc'), `#!/bin/sh\nLD_LIBRARY_PATH='${libraries}' exec '${program}' "$@"\n`);
  chmodSync(join(files, 'protoc'), 0o755);
  return files;
}
