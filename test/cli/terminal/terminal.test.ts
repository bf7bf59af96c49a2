import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columns } from '../../../src/cli/terminal/columns.js';
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
