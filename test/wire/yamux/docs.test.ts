import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_YAMUX_OPTIONS } from '../../../src/transports/yamux/options.js';
import { encodeBrokerId } from '../../../src/wire/broker-id.js';
import {
  encodeYamuxHeader,
  YAMUX_HEADER_BYTES,
  YamuxFlag,
  YamuxFrameType,
  YamuxGoAway,
} from '../../../src/wire/yamux/header.js';
import { readTable } from '../../support/markdown-table.js';
import { golden } from './golden.js';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test('docs/wire/yamux.md: the yamux header has the fields of the table, without gaps', () => {
  const rows = readTable('wire/yamux.md', 'Offset', 'Size', 'Header field');
  const header = encodeYamuxHeader({ type: 0x11, flags: 0x2222, streamId: 0x44444444, length: 0x88888888 });
  const values = ['00', '11', '2222', '44444444', '88888888'];
  let end = 0;
  for (const [index, [offset, size]] of rows.entries()) {
    assert.equal(Number(offset), end);
    end += Number(size);
    assert.equal(hex(header.slice(Number(offset), end)), values[index]);
  }
  assert.equal(end, YAMUX_HEADER_BYTES);
});

for (const [column, constants] of [
  ['Frame type', YamuxFrameType],
  ['Flag', YamuxFlag],
  ['Go-away code', YamuxGoAway],
] as const) {
  test(`docs/wire/yamux.md: the table of each ${column} is the table of the constants`, () => {
    const rows = readTable('wire/yamux.md', column, 'Name');
    assert.deepEqual(Object.fromEntries(rows.map(([value, name]) => [name, Number(value)])), constants);
  });
}

test('docs/wire/yamux.md: the yamux examples are what Go wrote', () => {
  const rows = readTable('wire/yamux.md', 'Situation', 'Bytes');
  assert.ok(rows.length > 8);
  for (const [situation, bytes] of rows) assert.equal(bytes, hex(golden(situation!)));
});

test('docs/wire/yamux.md: the times that end a yamux session are the defaults', () => {
  const rows = readTable('wire/yamux.md', 'What ends a session', 'After', 'Option');
  assert.equal(rows.length, 4);
  const defaults: Readonly<Record<string, unknown>> = { ...DEFAULT_YAMUX_OPTIONS };
  for (const [, after, option] of rows) {
    assert.equal(Number(after!.replace(/ ms$/, '').replaceAll(' ', '')), defaults[option!]);
  }
});

test('docs/wire/net-rpc.md: broker ids are written as in the table', () => {
  const rows = readTable('wire/net-rpc.md', 'Broker id', 'Bytes each way');
  assert.ok(rows.length > 0);
  for (const [id, bytes] of rows) assert.equal(hex(encodeBrokerId(Number(id))), bytes);
});
