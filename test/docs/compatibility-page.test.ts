import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as grpc from 'rxplug/grpc';
import * as wire from 'rxplug/wire';
import { readTable } from '../support/markdown-table.js';
import { read } from './repository.js';

test('docs/compatibility.md: the options that restore a default of go-plugin exist', () => {
  const rows = readTable('compatibility.md', 'Default', 'go-plugin', 'rxplug', 'As in go-plugin');
  const named = rows.flatMap(([, , ours = '', restored = '']) =>
    [...`${ours} ${restored}`.matchAll(/\b(\w+(?:Ms|Bytes|Group|Host|Protocols))\b/g)].map(([, option]) => option!),
  );
  const options = read('docs/options.md');
  assert.ok(new Set(named).size >= 6, named.join(', '));
  assert.deepEqual(
    named.filter((option) => !options.includes(`\`${option}\``)),
    [],
  );
});

test('docs/compatibility.md: the constants of go-plugin have these names and values', () => {
  const entries: Readonly<Record<string, unknown>> = { 'rxplug/grpc': grpc, 'rxplug/wire': wire };
  const rows = readTable('compatibility.md', 'go-plugin', 'rxplug', 'Value', 'Entry');
  const exported = rows.map(([, name = '', , entry = '']) =>
    name.split('.').reduce<unknown>((of, key) => (of as Readonly<Record<string, unknown>>)[key], entries[entry]),
  );
  assert.deepEqual(
    exported,
    rows.map(([, , value = '']) => JSON.parse(value) as unknown),
  );
  const variables = Object.values(wire.ENV).filter((name) => name.startsWith('PLUGIN_'));
  assert.deepEqual(
    variables.filter((name) => !exported.includes(name)),
    [],
  );
});
