import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorsFor } from '../../../src/cli/terminal/colors.js';
import { columns } from '../../../src/cli/terminal/columns.js';
import { withLabels } from '../../../src/cli/terminal/emphasis.js';
import { visible, visibleLine } from '../../../src/cli/terminal/visible.js';

test('control characters of a plugin are shown, and do not reach the terminal', () => {
  assert.equal(visible('\u001b[2Jred\u0007\u202e\r\n\tx\u0085'), '\\u001b[2Jred\\u0007\\u202e\\u000d\n\tx\\u0085');
  assert.equal(visibleLine('a\nb\tc'), 'a\\nb\\tc');
});

test('columns are as wide as their widest cell, and lines do not end with blanks', () => {
  assert.deepEqual(
    columns([
      ['A', 'BB', ''],
      ['aaa', 'b', 'c'],
    ]),
    ['A    BB', 'aaa  b   c'],
  );
});

test('labels are bold and services cyan; what else is indented is as it is', () => {
  const text = withLabels(
    'built with  go1.26\n  socket    there\nservices\n  kv.v1.KV  2 methods',
    colorsFor({ isTTY: true }, {}),
  );
  assert.deepEqual(text.split('\n'), [
    '\u001b[1mbuilt with\u001b[22m  go1.26',
    '  socket    there',
    '\u001b[1mservices\u001b[22m',
    '  \u001b[36mkv.v1.KV\u001b[39m  2 methods',
  ]);
});
