import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as di from 'rxplug/di';
import { readTable } from '../support/markdown-table.js';

test('docs/architecture.md: every token of the table of parts can be bound', () => {
  const rows = readTable('architecture.md', 'part', 'interface');
  const tokens = rows.flatMap(([, , , bind = '']) => bind.match(/\b[A-Z][A-Z_]+\b/g) ?? []);
  assert.ok(tokens.length > 5);
  const unknown = tokens.filter((name) => typeof (di as Readonly<Record<string, unknown>>)[name] !== 'symbol');
  assert.deepEqual(unknown, []);
});
