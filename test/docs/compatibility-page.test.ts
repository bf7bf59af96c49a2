import assert from 'node:assert/strict';
import { test } from 'node:test';
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
