import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as di from 'rxplug/di';
import { readTable } from '../support/markdown-table.js';
import { filesBelow, read, root } from './repository.js';

test('docs/host.md: every token of the table of parts can be bound', () => {
  const rows = readTable('host.md', 'part', 'interface');
  const tokens = rows.flatMap(([, , , bind = '']) => bind.match(/\b[A-Z][A-Z_]+\b/g) ?? []);
  assert.ok(tokens.length > 5);
  const unknown = tokens.filter((name) => typeof (di as Readonly<Record<string, unknown>>)[name] !== 'symbol');
  assert.deepEqual(unknown, []);
});

/** A variable that is assigned again, a collection that grows, an object with state of its own. */
const MODULE_STATE =
  /^(?:export )?(?:let (\w+)|const (\w+) = new (?:Weak)?(?:Map|Set)<|const (\w+) = new \w+(?:Pool|Registry)\b)/gm;

test('docs/architecture.md lists all state at the level of a module', () => {
  const rows = readTable('architecture.md', 'file', 'state');
  const listed = rows.flatMap(([file = '', state = '']) =>
    state.split(', ').map((name) => `${file} ${name.replaceAll('`', '')}`),
  );
  const found = filesBelow('src', '.ts').flatMap((file) =>
    [...read(file).matchAll(MODULE_STATE)].map(
      ([, assigned, collection, object]) => `${file.slice('src/'.length)} ${assigned ?? collection ?? object}`,
    ),
  );
  assert.deepEqual(listed.toSorted(), found.toSorted());
});

test('docs/architecture.md names only files that are there', () => {
  const page = read('docs/architecture.md');
  const folders = ['', 'protocols/grpc', 'transports/http2', 'transports', 'wire', 'wire/gob', 'host', 'check'];
  const named = [...page.matchAll(/(?<![\w./-])(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts\b/g)].map(([path]) => path);
  const missing = named.filter(
    (path) => !existsSync(join(root, path)) && !folders.some((folder) => existsSync(join(root, 'src', folder, path))),
  );
  assert.ok(named.length > 30, `${named.length} files`);
  assert.deepEqual(missing, []);
});
