import { StoreError } from '../errors.js';
import { someOf } from '../quote.js';
import { readTree, type Tree } from './tree.js';
import { hashOfTree } from './tree-hash.js';

/**
 * Reads a folder, and resolves with what is in it if its files are the expected ones: by their hash `h1:…`, or by what was read before,
 * which can also say which of them are missing, changed or new. Rejects with StoreError ERR_STORE.
 */
export async function verifyTree(folder: string, expected: string | Tree): Promise<Tree> {
  const actual = await readTree(folder);
  const hash = hashOfTree(actual);
  if (typeof expected === 'string') {
    if (hash === expected) return actual;
    throw changed(folder, `expected ${expected}, got ${hash}`);
  }
  const differences = differencesOf(expected, actual);
  if (differences.length === 0) return actual;
  throw changed(folder, someOf(differences));
}

function differencesOf(expected: Tree, actual: Tree): string[] {
  const missing = [...expected.files.keys()].filter((path) => !actual.files.has(path));
  const added = [...actual.files.keys()].filter((path) => !expected.files.has(path));
  const other = [...expected.files].filter(([path, { digest, isExecutable }]) => {
    const now = actual.files.get(path);
    return now !== undefined && (now.digest !== digest || now.isExecutable !== isExecutable);
  });
  return [
    ...missing.map((path) => `${path} is missing`),
    ...added.map((path) => `${path} is new`),
    ...other.map(([path]) => `${path} is changed`),
  ];
}

function changed(folder: string, what: string): StoreError {
  return new StoreError('ERR_STORE', `The files in ${folder} are not those that were verified: ${what}.`);
}
