import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGobEncoder, DEFAULT_GOB_LIMITS, type GobSchema, gob } from '../../../src/wire/gob/index.js';
import { encodeTime } from '../../../src/wire/gob/schema/time.js';
import * as ids from '../../../src/wire/gob/schema/type-ids.js';
import { createNetRpcClientCodec, createNetRpcServerCodec, NET_RPC_TEXTS } from '../../../src/wire/net-rpc.js';
import { readTable } from '../../support/markdown-table.js';
import { toHex } from './hex.js';
import { receiving } from './stream.js';

const SCHEMAS: Readonly<Record<string, GobSchema>> = { ...gob, 'interface()': gob.interface() } as never;

function valueOf(text: string): unknown {
  return /^\d+n$/.test(text) ? BigInt(text.slice(0, -1)) : JSON.parse(text);
}

test('docs/wire/gob.md: the gob values are the messages of the table', () => {
  const rows = readTable('wire/gob.md', 'Value', 'Schema', 'Message');
  assert.ok(rows.length > 10);
  for (const [text, schema, message] of rows) {
    const value = valueOf(text!);
    assert.equal(toHex(createGobEncoder().encode(SCHEMAS[schema!]!, value)), message, text);
    assert.deepEqual(receiving(message!).next(SCHEMAS[schema!]!), value);
  }
});

test('docs/wire/gob.md: the type ids are the constants', () => {
  const rows = readTable('wire/gob.md', 'Type id', 'Type');
  const constants: Readonly<Record<string, number>> = ids;
  assert.equal(rows.length, 8);
  for (const [id, name] of rows) assert.equal(constants[`${name!.toUpperCase()}_ID`], Number(id));
});

const EXAMPLES: Readonly<Record<string, readonly [GobSchema, unknown]>> = {
  '[2]int': [gob.array(2, gob.int), [0, 0]],
  '[]string': [gob.slice(gob.string), []],
  'In{X, Y int}': [gob.struct('In', { X: gob.int, Y: gob.int }), { X: 0, Y: 0 }],
  'map[string]int': [gob.map(gob.string, gob.int), {}],
  Time: [gob.time, { unixSeconds: 0, nanoseconds: 0, zoneOffsetSeconds: null }],
  Addr: [gob.opaque('Addr', 'binary'), new Uint8Array(0)],
};

test('docs/wire/gob.md: definitions are written as in the table', () => {
  const rows = readTable('wire/gob.md', 'Field of the definition', 'Form', 'Example');
  assert.equal(rows.length, 6);
  for (const [field, , example, definition] of rows) {
    const [schema, value] = EXAMPLES[example!]!;
    const bytes = createGobEncoder().encode(schema, value);
    assert.equal(toHex(bytes.subarray(0, bytes[0]! + 1)), definition, example);
    assert.equal(bytes[3], Number(field));
  }
});

test('docs/wire/gob.md: time.Time is laid out as in the table, without gaps', () => {
  const rows = readTable('wire/gob.md', 'Offset', 'Size', 'Part of time.Time');
  const bytes = encodeTime({ unixSeconds: 0x01020304, nanoseconds: 0x05060708, zoneOffsetSeconds: 60 * 0x0102 + 3 });
  const values = ['02', (62_135_596_800n + 0x01020304n).toString(16).padStart(16, '0'), '05060708', '0102', '03'];
  let end = 0;
  for (const [index, [offset, size]] of rows.entries()) {
    assert.equal(Number(offset), end);
    end += Number(size);
    assert.equal(toHex(bytes.subarray(Number(offset), end)), values[index]);
  }
  assert.equal(end, bytes.length);
});

test('docs/wire/gob.md: the limits are the defaults', () => {
  const rows = readTable('wire/gob.md', 'Limit of a decoder', 'Default');
  assert.deepEqual(Object.fromEntries(rows.map(([name, value]) => [name, Number(value)])), DEFAULT_GOB_LIMITS);
});

/** The fields of the first definition of a stream. */
function definedFields(stream: Uint8Array): string[] {
  return [
    ...Buffer.from(stream.subarray(0, stream[0]! + 1))
      .toString('latin1')
      .matchAll(/[A-Z][A-Za-z]{2,}/g),
  ].map(([name]) => name);
}

test('docs/wire/net-rpc.md: the net/rpc headers have the fields of the table', () => {
  const client = createNetRpcClientCodec();
  client.request('A.B', 1, gob.string, '');
  const server = createNetRpcServerCodec();
  server.fail({ ServiceMethod: 'A.B', Seq: 1 }, 'no');
  const [request, response] = [definedFields(client.take()), definedFields(server.take())];
  const rows = readTable('wire/net-rpc.md', 'Header', 'Number', 'Field', 'gob type');
  const fields = (header: string) => rows.filter(([name]) => name === header).map(([, , field]) => field);
  assert.deepEqual(request, ['Request', ...fields('Request')]);
  assert.deepEqual(response, ['Response', ...fields('Response')]);
});

test('docs/wire/net-rpc.md: the exchange and the error texts are what the codecs write', () => {
  const [toPlugin, toHost] = readTable('wire/net-rpc.md', 'Direction', 'Bytes of the exchange').map(
    ([, bytes]) => bytes,
  );
  const client = createNetRpcClientCodec();
  client.request('Dispenser.Dispense', 0, gob.string, 'test');
  assert.equal(toHex(client.take()), toPlugin);
  const server = createNetRpcServerCodec();
  server.reply({ ServiceMethod: 'Dispenser.Dispense', Seq: 0 }, gob.uint32, 1);
  assert.equal(toHex(server.take()), toHost);
  const texts = Object.values(NET_RPC_TEXTS);
  const rows = readTable('wire/net-rpc.md', 'ServiceMethod', 'Error text');
  assert.deepEqual(
    rows.map(([, text]) => text),
    rows.map(([name], i) => texts[i]!(name!)),
  );
});
