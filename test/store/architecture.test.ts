/** The rooms of packages/store, as test/architecture.test.ts has those of the library. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../../packages/store/src/', import.meta.url));

/** What every room may import: errors, and small functions without a state. */
const BASE: readonly string[] = ['errors', 'digest', 'quote', 'sources/source'];
const PARTS: readonly string[] = [...BASE, 'owner', 'only-editor', 'signing', 'archive', 'versions', 'lock'];

/** A file belongs to the longest name here that its path begins with; each room may import itself and those that are listed. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  digest: [],
  quote: [],
  owner: [],
  'only-editor': ['errors', 'owner'],
  'sources/source': ['digest'],
  signing: BASE,
  archive: BASE,
  versions: BASE,
  lock: [...BASE, 'only-editor', 'versions'],
  sources: [...BASE, 'only-editor', 'signing', 'archive', 'versions', 'lock'],
  store: PARTS,
  publish: [...BASE, 'signing', 'archive', 'sources'],
  operations: [...PARTS, 'sources', 'store'],
  'create-store': [...PARTS, 'sources', 'store', 'operations'],
  index: [...PARTS, 'sources', 'store', 'operations', 'create-store', 'publish'],
  cli: [...PARTS, 'sources', 'store', 'operations', 'create-store', 'publish', 'index'],
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));

test('every import in packages/store/src points to a room before it', () => {
  assert.ok(files.length > 10, 'no sources found: the test would pass for nothing');
  assert.deepEqual(
    files.flatMap((file) => targetsOf(file).flatMap((target) => breachOf(file, target))),
    [],
  );
});

test('a breach is found', () => {
  assert.equal(breachOf('lock/x.ts', 'store/y.ts').length, 1);
  assert.equal(breachOf('lock/x.ts', 'lock/y.ts').length, 0);
  assert.equal(breachOf('unknown/x.ts', 'lock/y.ts').length, 1);
});

test('no files import each other in a circle, not even for their types', () => {
  const circles = files.filter((file) => reaches(file, file));
  assert.deepEqual(circles, []);
});

test('no folder has more than 25 files, no file more than 300 lines', () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(posix.dirname(file), (counts.get(posix.dirname(file)) ?? 0) + 1);
  assert.deepEqual(
    [...counts].filter(([, count]) => count > 25),
    [],
  );
  assert.deepEqual(
    files.filter((file) => read(file).split('\n').length > 301),
    [],
  );
});

function read(file: string): string {
  return readFileSync(join(src, file), 'utf8');
}

/** The files of the package that one imports. */
function targetsOf(file: string): string[] {
  const text = read(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const names = [...text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'(\.[^']+)'/g)].map((match) => match[1]!);
  return names.map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'));
}

function roomOf(file: string): string | undefined {
  const parts = file.replace(/\.ts$/, '').split('/');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/')).find((name) => name in ROOMS);
}

function breachOf(file: string, target: string): string[] {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === undefined || to === undefined) return [`${file} or ${target} is in no room of the table`];
  return from === to || ROOMS[from]!.includes(to) ? [] : [`${file} imports ${target}: ${from} may not import ${to}`];
}

function reaches(from: string, to: string): boolean {
  const seen = new Set<string>();
  const left = targetsOf(from);
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (file === to) return true;
    if (seen.has(file)) continue;
    seen.add(file);
    left.push(...targetsOf(file));
  }
  return false;
}
