import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/** An import, or a `require` whose result is kept, that begins a line: what compilers and people write. */
const IMPORTS =
  /^(?:(["'])use strict\1;[ \t]*)?(?:(?:import|export)\b[^'"`;()]*|(?:const|let|var)\b[^'"`;()]*=[^'"`;]*\brequire\()["']([^"'\n]+)["']/gm;

const SUFFIXES = ['', '.js', '.cjs', '.mjs', '.json', '.node', '/index.js'];

/** The first module that a Node script imports from another file. It does not find all of them; what it finds exists. */
export async function importedFile(file: FileHandle, path: string): Promise<string | undefined> {
  const { size } = await file.stat();
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
  const code = buffer.toString('utf8', 0, bytesRead);
  for (const [, , specifier = ''] of code.matchAll(IMPORTS))
    if (!isBuiltin(specifier) && (await isThere(specifier, dirname(path)))) return specifier;
  return undefined;
}

async function isThere(specifier: string, directory: string): Promise<boolean> {
  if (/^\.{0,2}\//.test(specifier)) {
    for (const suffix of SUFFIXES) if (await exists(resolve(directory, specifier) + suffix)) return true;
    return false;
  }
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  if (await exists(join(directory, 'node_modules', name))) return true;
  const parent = dirname(directory);
  return parent !== directory && (await isThere(specifier, parent));
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
