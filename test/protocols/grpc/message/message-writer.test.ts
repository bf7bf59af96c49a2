import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import * as fc from 'fast-check';
import { MessageWriter } from '../../../../src/protocols/grpc/message/message-writer.js';

type Step = readonly [method: 'fork' | 'join'] | readonly [method: keyof typeof VALUES, value: unknown];

const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const signed = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const wide = (big: fc.Arbitrary<bigint>) => fc.oneof(big, big.map(String), fc.integer({ min: 0 }));
const text = fc.oneof(
  fc.string({ maxLength: 100 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom(
    '',
    'ä',
    '€',
    '\ud800',
    '😀',
    'x'.repeat(64),
    'x'.repeat(65),
    'ä'.repeat(64),
    'x'.repeat(127),
    'x'.repeat(128),
  ),
);
const VALUES = {
  uint32,
  int32,
  sint32: int32,
  bool: fc.boolean(),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(127, 128, 16_383, 16_384, 65_536, 70_000).map((size) => new Uint8Array(size).fill(size)),
  ),
  raw: fc.uint8Array({ maxLength: 20 }),
  string: text,
  float: fc.float(),
  double: fc.double(),
  fixed32: uint32,
  sfixed32: int32,
  fixed64: wide(unsigned),
  sfixed64: wide(signed),
  uint64: wide(unsigned),
  int64: wide(signed),
  sint64: wide(signed),
};

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Step>(['fork'], ['join']) },
  ...Object.entries(VALUES).map(([method, values]) =>
    (values as fc.Arbitrary<unknown>).map((value) => [method as keyof typeof VALUES, value] as const),
  ),
);

/** Writes the steps; a `join` without a `fork` is left out, and open ones are joined at the end. */
function write(writer: BinaryWriter, steps: readonly Step[]): Uint8Array {
  let open = 0;
  for (const [method, value] of steps) {
    if (method === 'join' && open === 0) continue;
    if (method === 'fork') open += 1;
    if (method === 'join') open -= 1;
    (writer[method] as (value?: unknown) => BinaryWriter).call(writer, value);
  }
  for (; open > 0; open -= 1) writer.join();
  return writer.finish();
}

test('writes what BinaryWriter writes, message after message, and never overwrites a finished message', () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 30 }), { maxLength: 12 }), (messages) => {
      const ours = new MessageWriter();
      const written = messages.map((steps) => write(ours, steps));
      for (const [index, steps] of messages.entries()) {
        assert.deepEqual(Buffer.from(written[index]!), Buffer.from(write(new BinaryWriter(), steps)));
      }
    }),
    { numRuns: 400 },
  );
});

suite('values of the wrong kind', () => {
  const cases: readonly (readonly [method: keyof typeof VALUES, value: unknown])[] = [
    ['uint32', -1],
    ['uint32', 2 ** 32],
    ['uint32', 1.5],
    ['uint32', Number.NaN],
    ['uint32', 'x'],
    ['int32', 2 ** 31],
    ['int32', -(2 ** 31) - 1],
    ['int32', 0.5],
    ['sint32', 2 ** 31],
    ['fixed32', -1],
    ['sfixed32', 2 ** 31],
    ['float', 1e39],
    ['uint64', -1n],
    ['uint64', 2n ** 64n],
    ['int64', 2n ** 63n],
    ['sint64', -(2n ** 63n) - 1n],
    ['fixed64', -1],
    ['sfixed64', 2n ** 63n],
    ['int64', 'x'],
    ['bytes', 5],
    ['bytes', 'text'],
    ['bytes', null],
  ];
  for (const [method, value] of cases) {
    test(`${method} refuses ${String(value)}, as BinaryWriter does`, () => {
      for (const writer of [new BinaryWriter(), new MessageWriter()]) {
        assert.throws(() => (writer[method] as (value: unknown) => unknown).call(writer, value));
      }
    });
  }

  test('numbers that come as text are taken', () => {
    for (const method of ['uint32', 'int32', 'sint32', 'fixed32', 'sfixed32', 'float'] as const) {
      const bytes = [new BinaryWriter(), new MessageWriter()].map((writer) => {
        (writer[method] as (value: unknown) => unknown).call(writer, '42');
        return Buffer.from(writer.finish()).toString('hex');
      });
      assert.equal(bytes[1], bytes[0]);
    }
  });
});

test('ending a submessage that was not begun is an error', () => {
  assert.throws(() => new MessageWriter().join());
});

test('a message for which the buffer is too small is moved whole', () => {
  const writer = new MessageWriter();
  const text = 'x'.repeat(1000);
  for (let message = 0; message < 200; message += 1) {
    for (let field = 0; field < 50; field += 1) writer.uint32(10).string(text);
    const reader = new BinaryReader(writer.finish());
    let fields = 0;
    for (; reader.pos < reader.len; fields += 1) {
      assert.equal(reader.uint32(), 10);
      assert.equal(reader.string(), text);
    }
    assert.equal(fields, 50);
  }
});
