import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTable } from '../support/markdown-table.js';

const sources = fileURLToPath(new URL('../../../src/', import.meta.url));
const read = (file: string) => readFileSync(posix.join(sources, file), 'utf8');

interface Exported {
  readonly name: string;
  readonly file: string;
}

const DECLARATION = 'export (?:declare )?(?:async )?(?:function\\*?|class|interface|type|const|enum)';

/** What a module exports by its own declarations and by those it passes on. Of other packages' things nothing is known. */
function exportsOf(file: string): Exported[] {
  const text = read(file);
  const target = (path: string) => posix.join(posix.dirname(file), path).replace(/\.js$/, '.ts');
  const own = [...text.matchAll(new RegExp(`^${DECLARATION} (\\w+)`, 'gm'))].map(([, name]) => ({ name: name!, file }));
  const named = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm)].flatMap(([, list, path]) =>
    [...list!.matchAll(/(?:type )?(\w+)(?: as \w+)?/g)].map(([, name]) => ({ name: name!, file: target(path!) })),
  );
  const all = [...text.matchAll(/^export \* from '(\.[^']+)'/gm)].flatMap(([, path]) => exportsOf(target(path!)));
  return [...own, ...named, ...all];
}

/** The text before a declaration, wherever it is in the end; undefined when it is another package's. */
function textBefore({ name, file }: Exported): string | undefined {
  const text = read(file);
  const at = text.search(new RegExp(`^${DECLARATION} ${name}\\b`, 'm'));
  if (at >= 0) return text.slice(0, at).trimEnd();
  const passedOn = exportsOf(file).find((exported) => exported.name === name && exported.file !== file);
  return passedOn === undefined ? undefined : textBefore(passedOn);
}

const { exports: entries } = JSON.parse(readFileSync(posix.join(sources, '../package.json'), 'utf8')) as {
  exports: Record<string, { types: { default: string } }>;
};

for (const [entry, { types }] of Object.entries(entries)) {
  test(`${entry}: every export says what it is`, () => {
    const file = types.default.replace('./dist/src/', '').replace(/\.d\.ts$/, '.ts');
    assert.ok(existsSync(posix.join(sources, file)));
    const exported = exportsOf(file);
    assert.notEqual(exported.length, 0);
    const silent = exported.filter((one) => textBefore(one)?.endsWith('*/') === false);
    assert.deepEqual(silent, []);
  });
}

function namesOf(entry: string): string[] {
  const file = entries[entry]!.types.default.replace('./dist/src/', '').replace(/\.d\.ts$/, '.ts');
  return exportsOf(file).map(({ name }) => name);
}

test('a name stands in one entry; only the codecs of ./wire name the types of their values again', () => {
  const places = new Map<string, string[]>();
  for (const entry of Object.keys(entries).filter((name) => name !== './wire')) {
    for (const name of new Set(namesOf(entry))) places.set(name, [...(places.get(name) ?? []), entry]);
  }
  assert.deepEqual(
    [...places].filter(([, found]) => found.length > 1),
    [],
  );
  assert.ok(places.size > 150);
});

test('the main entry stays small', () => {
  const names = new Set(namesOf('.'));
  assert.ok(names.size <= 120, `${names.size} names`);
});

test('docs/upgrading.md names only what the entries export', () => {
  const rows = readTable('upgrading.md', 'Import from', 'Names');
  const wrong = rows.flatMap(([entry = '', names = '']) => {
    const exported = new Set(namesOf(entry.replace('rxplug', '.')));
    return names.split(' ').filter((name) => !exported.has(name.replaceAll('`', '')));
  });
  assert.ok(rows.length > 3);
  assert.deepEqual(wrong, []);
});
