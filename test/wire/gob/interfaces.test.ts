import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createGobDecoder, createGobEncoder, type GobAny, type GobSchema, gob } from '../../../src/wire/gob/index.js';
import { toHex } from './hex.js';
import { codeOf, count, messages, receiving } from './stream.js';

const In = gob.struct('In', { X: gob.int, Y: gob.int });
const AnyS = gob.struct('AnyS', { V: gob.interface() });
const registry = gob.registry({ 'main.In': In, 'main.AnyS': AnyS });

const ascii = (text: string): string => count(text.length) + toHex(new TextEncoder().encode(text));

/** How many messages a stream has, and how many of them are definitions. */
function tally(stream: Uint8Array): { readonly all: number; readonly definitions: number } {
  let all = 0;
  let definitions = 0;
  for (let at = 0; at < stream.length; ) {
    const size = stream[at]! < 0x80 ? 1 : 0x101 - stream[at]!;
    let length = size === 1 ? stream[at]! : 0;
    for (let i = 1; i < size; i += 1) length = length * 256 + stream[at + i]!;
    const id = stream[at + size]! < 0x80 ? stream[at + size]! : stream[at + size + 1]!;
    definitions += id % 2;
    all += 1;
    at += size + length;
  }
  return { all, definitions };
}

describe('interface values', () => {
  test('G-19 types are defined ahead of the value, which is one message', () => {
    const encoder = createGobEncoder({ registry });
    const value = { V: { type: 'main.AnyS', value: { V: { type: 'main.In', value: { X: 1, Y: 2 } } } } };
    assert.deepEqual(tally(encoder.encode(AnyS, value)), { all: 3, definitions: 2 });
    assert.deepEqual(tally(encoder.encode(AnyS, value)), { all: 1, definitions: 0 });
  });

  test('G-18 an unregistered name is an error that leaves the stream usable, also in values over several messages', () => {
    const split = messages(
      'ff8103010104416e795301ff820001010101560110000000',
      `ff8201${ascii('main.Other')}ff8303010102496e01ff840001020101580104000101590104000000`,
      'ff8405010201040000',
      `ff8201${ascii('int')}0402005400`,
    );
    for (let at = 0; at <= split.length; at += 2) {
      const decoder = createGobDecoder({ registry });
      const outcomes: string[] = [];
      for (const part of [split.slice(0, at), split.slice(at)]) {
        decoder.push(new Uint8Array(Buffer.from(part, 'hex')));
        for (;;) {
          let value: unknown;
          const code = codeOf(() => {
            value = decoder.next(AnyS);
          });
          if (code === 'no error' && value === undefined) break;
          outcomes.push(code === 'no error' ? JSON.stringify(value) : code);
        }
      }
      assert.deepEqual(outcomes, ['ERR_GOB_TYPE', '{"V":{"type":"int","value":42}}'], `split at ${at / 2}`);
      decoder.end();
    }
  });

  test('without a schema names need no registry', () => {
    const encoder = createGobEncoder({ registry: gob.registry({ 'nobody/knows.Me': In }) });
    const bytes = encoder.encode(AnyS, { V: { type: 'nobody/knows.Me', value: { X: 1, Y: 2 } } });
    assert.deepEqual({ ...(receiving(toHex(bytes)).next() as { V: object }).V }, { X: 1, Y: 2 });
  });

  test('G-20 predeclared names keep widths apart', () => {
    const encode = (type: string, value: unknown): string =>
      toHex(createGobEncoder().encode(gob.interface(), { type, value }));
    assert.ok(encode('int32', 1).includes(ascii('int32')));
    assert.deepEqual(receiving(encode('uint16', 65_535)).next(gob.interface()), { type: 'uint16', value: 65_535 });
    assert.equal(
      codeOf(() => encode('uint16', 65_536)),
      'ERR_OPTIONS',
    );
    const lying = messages(`1000${ascii('int8')}040400fe0258`);
    assert.equal(
      codeOf(() => receiving(lying).next(gob.interface())),
      'ERR_GOB_TYPE',
    );
  });

  test('a registry of the schema goes before that of the stream', () => {
    const own = gob.interface(gob.registry({ 'main.In': gob.struct('In', { X: gob.int64 }) }));
    const bytes = createGobEncoder({ registry }).encode(own, { type: 'main.In', value: { X: 5n } });
    assert.deepEqual(receiving(toHex(bytes), { registry }).next(own), { type: 'main.In', value: { X: 5n } });
    assert.deepEqual(receiving(toHex(bytes), { registry }).next(gob.interface()), {
      type: 'main.In',
      value: { X: 5, Y: 0 },
    });
  });

  test('names that are unknown, empty or too long cannot be sent, too long ones are not received', () => {
    const encoder = createGobEncoder();
    for (const type of ['main.Unknown', '', 'x'.repeat(1025)]) {
      assert.equal(
        codeOf(() => encoder.append(gob.interface(), { type, value: 1 })),
        'ERR_OPTIONS',
      );
    }
    const long = messages(`1000${ascii('x'.repeat(1025))}04020002`);
    assert.equal(
      codeOf(() => receiving(long).next()),
      'ERR_GOB',
    );
  });

  test('an error inside names the type', () => {
    const bytes = createGobEncoder().encode(gob.map(gob.string, gob.interface()), { k: { type: 'uint', value: 5 } });
    const Wrong = gob.map(gob.string, gob.interface(gob.registry({ uint: gob.string })));
    assert.throws(() => receiving(toHex(bytes)).next(Wrong), {
      message: 'gob: map["k"](uint): expected string, got uint',
    });
  });
});

describe('gob.any', () => {
  const roundTrip = (value: GobAny): GobAny | undefined => {
    const decoder = createGobDecoder();
    decoder.push(createGobEncoder().encode(gob.any, value));
    return decoder.next(gob.any);
  };

  test('sends plain values as the obvious Go types', () => {
    const names: readonly (readonly [GobAny, string])[] = [
      ['s', 'string'],
      [true, 'bool'],
      [5, 'int'],
      [5.5, 'float64'],
      [-0, 'float64'],
      [2 ** 60, 'float64'],
      [2n ** 62n, 'int64'],
      [2n ** 63n, 'uint64'],
      [Uint8Array.of(1), '[]uint8'],
      [[1], '[]interface {}'],
      [{ a: 1 }, 'map[string]interface {}'],
    ];
    for (const [value, name] of names) {
      const bytes = toHex(createGobEncoder().encode(gob.any, value));
      assert.ok(bytes.includes(ascii(name)), name);
      assert.deepEqual(JSON.stringify(roundTrip(value), show), JSON.stringify(value, show));
    }
    assert.equal(roundTrip(null), null);
  });

  test('refuses what has no obvious Go type', () => {
    for (const value of [new Map(), new Date(), 2n ** 64n, Symbol('x'), () => 1]) {
      assert.equal(
        codeOf(() => createGobEncoder().append(gob.any as GobSchema, value)),
        'ERR_OPTIONS',
      );
    }
  });

  test('a cycle ends at the depth limit', () => {
    const cycle: { [key: string]: GobAny } = {};
    cycle['self'] = cycle;
    assert.throws(() => createGobEncoder().append(gob.any, cycle), {
      code: 'ERR_OPTIONS',
      message: /nested deeper than 1000/,
    });
  });

  function show(_: string, value: unknown): unknown {
    return typeof value === 'bigint' ? `${value}n` : value;
  }
});

describe('names that mean something to JavaScript', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0'];

  test('keys of maps are nothing but keys', () => {
    const encoder = createGobEncoder();
    const value = Object.fromEntries(NAMES.map((name, i) => [name, i]));
    const bytes = toHex(encoder.encode(gob.map(gob.string, gob.int), value));
    for (const decoded of [receiving(bytes).next(), receiving(bytes).next(gob.map(gob.string, gob.int))]) {
      assert.equal(Object.getPrototypeOf(decoded), null);
      assert.deepEqual(new Map(Object.entries(decoded as object)), new Map(Object.entries(value)));
    }
    assert.equal(({} as Record<string, unknown>)['0'], undefined);
  });

  test('fields of a struct are nothing but fields', () => {
    const names = NAMES.map((name) => `01${ascii(name)}010400`).join('');
    const values = NAMES.map((_, i) => `01${count(2 * (i + 1))}`).join('');
    const stream = messages(`ff8103010001${count(NAMES.length)}${names}0000`, `ff82${values}00`);
    const decoded = receiving(stream).next() as Record<string, unknown>;
    assert.equal(Object.getPrototypeOf(decoded), null);
    assert.deepEqual(
      NAMES.map((name) => decoded[name]),
      [1, 2, 3, 4, 5],
    );
    assert.deepEqual(receiving(stream).next(gob.empty), {});
  });

  test('a schema has only names that Go exports', () => {
    for (const name of [...NAMES, 'lower', '', '9A', 'A-B']) {
      assert.equal(
        codeOf(() => gob.struct('S', { [name]: gob.int })),
        'ERR_OPTIONS',
      );
    }
    gob.struct('S', { A: gob.int, Äö_9: gob.int });
  });
});
