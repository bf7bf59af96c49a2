import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createGobDecoder, createGobEncoder, type GobSchema, gob } from '../../../src/wire/gob/index.js';
import { fromHex, toHex } from './hex.js';
import { codeOf, count, messages, receiving } from './stream.js';

const encode = <T>(schema: GobSchema<T>, value: T): string => toHex(createGobEncoder().encode(schema, value));

function roundTrip<T>(schema: GobSchema<T>, value: T): T | undefined {
  const decoder = createGobDecoder();
  decoder.push(createGobEncoder().encode(schema, value));
  return decoder.next(schema);
}

/** type In struct{X, Y int} as id 65. */
const IN = 'ff8103010102496e01ff820001020101580104000101590104000000';
const In = gob.struct('In', { X: gob.int, Y: gob.int });

describe('integers', () => {
  test('G-03 unsigned 0 to 127 take one byte, others the negated count and the minimal bytes', () => {
    for (let value = 0; value < 128; value += 1) assert.equal(encode(gob.uint, value), `030600${count(value)}`);
    const exact = { 128: 'ff80', 255: 'ffff', 256: 'fe0100', 65_535: 'feffff', 65_536: 'fd010000' };
    for (const [value, bytes] of Object.entries(exact)) {
      assert.equal(encode(gob.uint, Number(value)).slice(6), bytes);
    }
    assert.equal(encode(gob.uint64, 2n ** 64n - 1n).slice(6), 'f8ffffffffffffffff');
    assert.equal(encode(gob.uint64, 2n ** 55n).slice(6), 'f980000000000000');
  });

  test('G-04 non-minimal integers are accepted', () => {
    assert.equal(receiving(messages('0600ff05')).next(gob.uint), 5);
    assert.equal(receiving(messages('0600f80000000000000005')).next(gob.uint), 5);
    assert.equal(receiving(messages('fe000600fd000005')).next(gob.uint), 5);
    assert.equal(receiving('ff03060005').next(gob.uint), 5);
  });

  test('G-04 integers that begin with 0x80 to 0xf7 are refused, and the stream goes on', () => {
    for (let first = 0x80; first <= 0xf7; first += 1) {
      const decoder = receiving(messages(`0600${first.toString(16)}0000000000000000`, '060007'));
      assert.equal(
        codeOf(() => decoder.next(gob.uint)),
        'ERR_GOB',
      );
      assert.equal(decoder.next(gob.uint), 7);
    }
  });

  test('G-05 the extremes of 64 bits survive', () => {
    for (const value of [2n ** 63n - 1n, -(2n ** 63n), 0n, -1n]) assert.equal(roundTrip(gob.int64, value), value);
    for (const value of [2n ** 64n - 1n, 0n]) assert.equal(roundTrip(gob.uint64, value), value);
    for (const value of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      assert.equal(roundTrip(gob.int, value), value);
      assert.equal(receiving(encode(gob.int, value)).next(), value);
    }
  });

  test('without a schema integers are numbers where that is exact, else bigints', () => {
    assert.equal(receiving(encode(gob.int64, 2n ** 53n - 1n)).next(), 2 ** 53 - 1);
    assert.equal(receiving(encode(gob.int64, 2n ** 53n)).next(), 2n ** 53n);
    assert.equal(receiving(encode(gob.int64, -(2n ** 53n))).next(), -(2n ** 53n));
    assert.equal(receiving(encode(gob.uint64, 2n ** 63n)).next(), 2n ** 63n);
  });

  test('G-15 values out of range are refused both ways, at each end of each width', () => {
    const widths: readonly (readonly [GobSchema<number>, number, number])[] = [
      [gob.int8, -128, 127],
      [gob.int16, -32_768, 32_767],
      [gob.int32, -(2 ** 31), 2 ** 31 - 1],
      [gob.uint8, 0, 255],
      [gob.uint16, 0, 65_535],
      [gob.uint32, 0, 2 ** 32 - 1],
    ];
    for (const [schema, min, max] of widths) {
      assert.equal(roundTrip(schema, min), min);
      assert.equal(roundTrip(schema, max), max);
      for (const value of [min - 1, max + 1])
        assert.equal(
          codeOf(() => encode(schema, value)),
          'ERR_OPTIONS',
        );
      const wide = min < 0 ? gob.int : gob.uint;
      assert.equal(
        codeOf(() => receiving(encode(wide, max + 1)).next(schema)),
        'ERR_GOB_TYPE',
      );
      if (min < 0)
        assert.equal(
          codeOf(() => receiving(encode(wide, min - 1)).next(schema)),
          'ERR_GOB_TYPE',
        );
    }
    assert.equal(
      codeOf(() => receiving(encode(gob.int64, 2n ** 53n)).next(gob.int)),
      'ERR_GOB_TYPE',
    );
    assert.equal(
      codeOf(() => encode(gob.int64, 2n ** 63n)),
      'ERR_OPTIONS',
    );
    assert.equal(
      codeOf(() => encode(gob.uint64, -1n)),
      'ERR_OPTIONS',
    );
    assert.equal(
      codeOf(() => encode(gob.int, 0.5)),
      'ERR_OPTIONS',
    );
  });

  test('G-15 float32 and complex64 refuse what overflows them, but not infinity, NaN and underflow', () => {
    assert.equal(
      codeOf(() => receiving(encode(gob.float, 1e39)).next(gob.float32)),
      'ERR_GOB_TYPE',
    );
    assert.equal(
      codeOf(() => receiving(encode(gob.complex, { real: 0, imag: -1e39 })).next(gob.complex64)),
      'ERR_GOB_TYPE',
    );
    assert.equal(
      codeOf(() => encode(gob.float32, 1e39)),
      'ERR_OPTIONS',
    );
    assert.equal(receiving(encode(gob.float, 1e-60)).next(gob.float32), 1e-60);
    for (const value of [Infinity, -Infinity, NaN]) assert.equal(roundTrip(gob.float32, value), value);
    assert.equal(roundTrip(gob.float32, 0.1), Math.fround(0.1));
  });
});

describe('structs', () => {
  const All = gob.struct('All', {
    B: gob.bool,
    I: gob.int,
    U: gob.uint64,
    F: gob.float,
    C: gob.complex,
    S: gob.string,
    D: gob.bytes,
    L: gob.slice(gob.int),
    T: gob.time,
    E: gob.interface(),
  });
  const zero = {
    B: false,
    I: 0,
    U: 0n,
    F: -0,
    C: { real: -0, imag: 0 },
    S: '',
    D: new Uint8Array(0),
    L: [],
    T: { unixSeconds: -62_135_596_800, nanoseconds: 0, zoneOffsetSeconds: null },
    E: null,
  };

  test('G-06 zero fields are omitted, and absent ones are zero', () => {
    const bytes = encode(All, zero);
    assert.match(bytes, /03ff[0-9a-f]{2}00$/, 'the value is nothing but its terminator');
    const expected = { ...zero, F: 0, C: { real: 0, imag: 0 } };
    assert.deepEqual(receiving(bytes).next(All), expected);
  });

  test('G-06 zero fields that are sent are read like absent ones', () => {
    const stream = messages(IN, 'ff820100010000');
    assert.deepEqual(receiving(stream).next(In), { X: 0, Y: 0 });
  });

  test('G-07 arrays, structs and empty maps are sent although zero', () => {
    const Whole = gob.struct('', { A: gob.array(2, gob.int), S: In, M: gob.map(gob.string, gob.int) });
    const bytes = encode(Whole, { A: [0, 0], S: { X: 0, Y: 0 }, M: {} });
    assert.ok(bytes.endsWith('01020000' + '0100' + '0100' + '00'), bytes);
  });

  test('G-08 G-28 values that are no structs carry the zero byte; -0, NaN and infinities survive at top level', () => {
    assert.equal(encode(gob.float, -0), '040800ff80');
    for (const value of [-0, NaN, Infinity, -Infinity]) {
      assert.equal(roundTrip(gob.float, value), value);
      assert.ok(Object.is(receiving(encode(gob.float, value)).next(), value));
    }
    assert.equal(
      codeOf(() => receiving(messages('06010700')).next(gob.uint)),
      'ERR_GOB',
    );
  });

  test('G-12 missing and wrong ids in definitions, and any names, are accepted', () => {
    const unnamed = messages('ff810301000102010158010400010159010400000 0'.replace(' ', ''), 'ff8201020000');
    assert.deepEqual(receiving(unnamed).next(In), { X: 1, Y: 0 });
    const wrongId = messages('ff8103010102 3f3f 01 ff f0 00 0102 010158 010400 010159 010400 00 00', 'ff82010200');
    assert.deepEqual(receiving(wrongId).next(In), { X: 1, Y: 0 });
  });

  test('G-13 fields are matched by name in any order, unknown ones are skipped whatever their type', () => {
    const Wide = gob.struct('Wide', {
      M: gob.map(gob.string, gob.slice(gob.bytes)),
      Y: gob.int,
      T: gob.time,
      E: gob.interface(),
      A: gob.array(1, gob.complex),
      X: gob.int,
      N: gob.optional(In),
    });
    const registry = gob.registry({ 'main.In': In });
    const encoder = createGobEncoder({ registry });
    const value = {
      M: { a: [Uint8Array.of(1)] },
      Y: 2,
      T: { unixSeconds: 1, nanoseconds: 2, zoneOffsetSeconds: 60 },
      E: { type: 'main.In', value: { X: 9, Y: 9 } },
      A: [{ real: 1, imag: 1 }],
      X: 1,
      N: { X: 8, Y: 8 },
    };
    const stream = toHex(encoder.encode(Wide, value)) + toHex(encoder.encode(gob.string, 'next'));
    const decoder = receiving(stream);
    assert.deepEqual(decoder.next(In), { X: 1, Y: 2 }, 'no registry is needed for what is skipped');
    assert.equal(decoder.next(gob.string), 'next');
    assert.deepEqual(receiving(encode(In, { X: 1, Y: 2 })).next(gob.struct('', { Y: gob.int, Z: gob.string })), {
      Y: 2,
      Z: '',
    });
  });

  test('structs without a common field do not match, unless one has none', () => {
    const Z = gob.struct('', { Z: gob.int });
    assert.equal(
      codeOf(() => receiving(encode(In, { X: 1, Y: 2 })).next(Z)),
      'ERR_GOB_TYPE',
    );
    assert.deepEqual(receiving(encode(In, { X: 1, Y: 2 })).next(gob.empty), {});
    assert.deepEqual(receiving(encode(gob.empty, {})).next(In), { X: 0, Y: 0 });
    const Outer = <T>(inner: GobSchema<T>) => gob.struct('', { Inner: inner });
    assert.deepEqual(receiving(encode(Outer(In), { Inner: { X: 1, Y: 2 } })).next(Outer(Z)), { Inner: { Z: 0 } });
  });

  test('G-24 nil pointer fields are omitted, pointers to zero scalars too; nil elements cannot be sent', () => {
    const P = gob.struct('', { I: gob.pointer(gob.int), S: gob.pointer(In) });
    assert.deepEqual(roundTrip(P, { I: null, S: null }), { I: null, S: null });
    assert.deepEqual(roundTrip(P, { I: 0, S: { X: 0, Y: 0 } }), { I: null, S: { X: 0, Y: 0 } });
    assert.equal(
      codeOf(() => encode(gob.slice(gob.pointer(gob.int)), [1, null])),
      'ERR_OPTIONS',
    );
    assert.equal(
      codeOf(() => encode(gob.pointer(gob.int), null)),
      'ERR_OPTIONS',
    );
  });

  test('an optional field is missing where it is nil', () => {
    const O = gob.struct('', { A: gob.optional(gob.int), B: gob.int });
    assert.deepEqual(roundTrip(O, { B: 1 }), { B: 1 });
    assert.deepEqual(roundTrip(O, { A: 2, B: 1 }), { A: 2, B: 1 });
  });

  test('G-25 an empty struct is a definition without fields and the byte 00', () => {
    assert.equal(encode(gob.empty, {}), '0aff81030102ff82000000' + '03ff8200');
  });

  test('a struct that ends with its message needs no terminator', () => {
    assert.deepEqual(receiving(messages(IN, 'ff820102')).next(In), { X: 1, Y: 0 });
  });

  test('a field number beyond the type is an error, and the stream goes on', () => {
    const decoder = receiving(messages(IN, 'ff82030200', 'ff82010200'));
    assert.equal(
      codeOf(() => decoder.next(In)),
      'ERR_GOB',
    );
    assert.deepEqual(decoder.next(In), { X: 1, Y: 0 });
  });

  test('absent fields get zero values of their own', () => {
    const O = gob.struct('', { L: gob.slice(gob.int), S: In, A: gob.array(1, gob.slice(gob.int)) });
    const stream = encode(gob.empty, {});
    const [a, b] = [receiving(stream).next(O)!, receiving(stream).next(O)!];
    a.L.push(1);
    a.S.X = 5;
    a.A[0]!.push(6);
    assert.deepEqual(b, { L: [], S: { X: 0, Y: 0 }, A: [[]] });
  });
});

describe('types', () => {
  test('G-09 a type is defined once per stream, before the first value that needs it', () => {
    const encoder = createGobEncoder();
    const first = toHex(encoder.encode(gob.slice(In), [{ X: 1, Y: 0 }]));
    const again = toHex(encoder.encode(gob.slice(In), [{ X: 1, Y: 0 }]));
    const inline = toHex(encoder.encode(gob.slice(gob.struct('In', { X: gob.int, Y: gob.int })), [{ X: 1, Y: 0 }]));
    assert.ok(first.endsWith(again) && first.length > again.length);
    assert.equal(inline, again, 'a schema of the same structure is the same type');
    assert.equal(toHex(encoder.encode(In, { X: 1, Y: 0 })), '05ff82010200', 'a part has been defined with the whole');
  });

  test('G-10 definitions in any order, unused ones, gaps and ids up to 2^31 − 1 are accepted', () => {
    // [][]int: the outer type 2^31 − 1 is defined before the inner one, 2^31 − 2.
    const outer = 'fcfffffffd' + '02' + '01' + '00' + '01' + 'fcfffffffc' + '0000';
    const inner = 'fcfffffffb' + '02' + '01' + '00' + '01' + '04' + '0000';
    const value = 'fcfffffffe' + '00' + '01' + '02' + '0406';
    assert.deepEqual(receiving(messages(outer, IN, inner, value)).next(), [[2, 3]]);
  });

  test('a value whose type is not defined is an error until it is', () => {
    const value = 'ff82010200';
    const decoder = receiving(messages(value, IN, value));
    assert.equal(
      codeOf(() => decoder.next(In)),
      'ERR_GOB',
    );
    assert.deepEqual(decoder.next(In), { X: 1, Y: 0 });
  });

  test('G-11 a second definition of an id, or one of an id below 64, is an error', () => {
    const decoder = receiving(messages(IN, IN, 'ff82010200'));
    assert.equal(
      codeOf(() => decoder.next(In)),
      'ERR_GOB',
    );
    assert.deepEqual(decoder.next(In), { X: 1, Y: 0 });
    assert.equal(
      codeOf(() => receiving(messages('7d0201010001040000')).next()),
      'ERR_GOB',
    );
    assert.equal(
      codeOf(() => receiving(messages(`${IN}00`)).next()),
      'ERR_GOB',
      'data after a definition',
    );
  });

  test('G-14 kinds do not mix', () => {
    const samples: readonly (readonly [GobSchema, string])[] = [
      [gob.bool, encode(gob.bool, true)],
      [gob.int, encode(gob.int, 1)],
      [gob.uint, encode(gob.uint, 1)],
      [gob.float, encode(gob.float, 1)],
      [gob.complex, encode(gob.complex, { real: 1, imag: 1 })],
      [gob.string, encode(gob.string, 'a')],
      [gob.bytes, encode(gob.bytes, Uint8Array.of(1))],
      [gob.interface(), encode(gob.interface(), null)],
      [gob.slice(gob.int), encode(gob.slice(gob.int), [1])],
      [gob.array(1, gob.int), encode(gob.array(1, gob.int), [1])],
      [gob.map(gob.string, gob.int), encode(gob.map(gob.string, gob.int), { a: 1 })],
      [In, encode(In, { X: 1, Y: 1 })],
      [gob.opaque('O'), encode(gob.opaque('O'), Uint8Array.of(1))],
      [gob.opaque('O', 'binary'), encode(gob.opaque('O', 'binary'), Uint8Array.of(1))],
      [gob.opaque('O', 'text'), encode(gob.opaque('O', 'text'), Uint8Array.of(1))],
      [gob.slice(gob.uint), encode(gob.slice(gob.uint), [1])],
      [gob.map(gob.int, gob.int), encode(gob.map(gob.int, gob.int), new Map([[1, 1]]))],
    ];
    for (const [i, [schema]] of samples.entries()) {
      for (const [j, [, bytes]] of samples.entries()) {
        const decoder = receiving(bytes + encode(gob.string, 'next').toString());
        const outcome = codeOf(() => decoder.next(schema));
        assert.equal(outcome, i === j ? 'no error' : 'ERR_GOB_TYPE', `schema ${i} reads ${j}`);
        assert.equal(decoder.next(gob.string), 'next');
      }
    }
  });

  test('G-16 arrays of another length are refused', () => {
    const bytes = encode(gob.array(2, gob.int), [1, 2]);
    assert.equal(
      codeOf(() => receiving(bytes).next(gob.array(3, gob.int))),
      'ERR_GOB_TYPE',
    );
    const lying = messages('ff8101010100010401040000', 'ff820003020406');
    assert.equal(
      codeOf(() => receiving(lying).next()),
      'ERR_GOB',
    );
    assert.equal(
      codeOf(() => encode(gob.array(2, gob.int), [1])),
      'ERR_OPTIONS',
    );
  });

  test('G-22 all three self-encoding forms are length-prefixed bytes', () => {
    const forms = { gob: '05', binary: '06', text: '07' } as const;
    for (const [form, field] of Object.entries(forms)) {
      const schema = gob.opaque('O', form as keyof typeof forms);
      const bytes = encode(schema, Uint8Array.of(1, 2));
      assert.ok(bytes.startsWith(`0dff81${field}`), bytes);
      assert.ok(bytes.endsWith('ff8200020102'));
      assert.deepEqual(receiving(bytes).next(schema), Uint8Array.of(1, 2));
    }
  });

  test('an opaque codec turns bytes into values, and its errors name the path', () => {
    const big = gob.opaque<bigint>('Big', 'gob', {
      encode: (value) => new TextEncoder().encode(String(value)),
      decode: (bytes) => BigInt(new TextDecoder().decode(bytes)),
      zero: () => 0n,
      isZero: (value) => value === 0n,
    });
    const Holder = gob.struct('Holder', { N: big, M: big });
    assert.deepEqual(roundTrip(Holder, { N: 2n ** 80n, M: 0n }), { N: 2n ** 80n, M: 0n });
    const Raw = gob.struct('Holder', { N: gob.opaque('Big') });
    const wrong = receiving(encode(Raw, { N: new TextEncoder().encode('x') }));
    assert.throws(() => wrong.next(Holder), { code: 'ERR_GOB_TYPE', message: /^gob: Holder\.N: / });
  });

  test('a struct that contains itself without a pointer is refused', () => {
    interface Loop {
      L: Loop;
    }
    const Loop: GobSchema<Loop> = gob.struct('Loop', { L: gob.lazy(() => Loop) });
    assert.equal(
      codeOf(() => receiving(encode(gob.empty, {})).next(Loop)),
      'ERR_OPTIONS',
    );
  });
});

describe('messages', () => {
  test('G-27 trailing bytes of a message are ignored, a truncated value is an error and the stream goes on', () => {
    const decoder = receiving(messages('0600070102', '0c000561', '060008'));
    assert.equal(decoder.next(gob.uint), 7);
    assert.equal(
      codeOf(() => decoder.next(gob.string)),
      'ERR_GOB',
    );
    assert.equal(decoder.next(gob.uint), 8);
    decoder.end();
  });

  test('G-27 a stream that ends within a message is an error at its end', () => {
    const decoder = receiving('0306');
    assert.equal(decoder.next(), undefined);
    assert.equal(
      codeOf(() => decoder.end()),
      'ERR_GOB',
    );
  });

  test('empty messages are passed over', () => {
    assert.equal(receiving('0000' + '03060007').next(), 7);
  });

  test('an error names the path', () => {
    const Args = gob.struct('PutArgs', { Value: gob.slice(gob.struct('Item', { N: gob.uint8 })) });
    const Wide = gob.struct('PutArgs', { Value: gob.slice(gob.struct('Item', { N: gob.uint })) });
    const Other = gob.struct('PutArgs', { Value: gob.slice(gob.struct('Item', { N: gob.string })) });
    const bytes = encode(Wide, { Value: [{ N: 1 }, { N: 256 }] });
    assert.throws(() => receiving(bytes).next(Args), {
      message: /^gob: PutArgs\.Value\[1\]\.N: the value 256 is out of range/,
    });
    assert.throws(() => receiving(bytes).next(Other), { message: 'gob: PutArgs.Value[].N: expected string, got uint' });
    assert.throws(() => encode(Args, { Value: [{ N: 1 }, { N: -1 }] }), {
      message: /^gob: PutArgs\.Value\[1\]\.N: expected an integer/,
    });
    const Names = gob.map(gob.string, gob.uint8);
    assert.throws(() => encode(Names, { a: 1, 'b"': 300 }), { message: /^gob: map\["b\\""\]: / });
  });

  test('a value that cannot be encoded leaves the stream as it was', () => {
    const encoder = createGobEncoder();
    const untouched = createGobEncoder();
    for (const bad of [{ X: 1, Y: 0.5 }, { X: '1', Y: 1 }, null, undefined, 5]) {
      assert.equal(
        codeOf(() => encoder.append(gob.slice(In) as GobSchema, [bad])),
        'ERR_OPTIONS',
      );
    }
    assert.equal(
      codeOf(() => encoder.appendPair(In, { X: 1, Y: 1 }, gob.string as GobSchema, 5)),
      'ERR_OPTIONS',
    );
    assert.equal(encoder.pendingBytes, 0);
    assert.deepEqual(encoder.encode(In, { X: 1, Y: 2 }), untouched.encode(In, { X: 1, Y: 2 }).slice());
  });

  test('a large value leaves nothing wrong behind it', () => {
    const encoder = createGobEncoder();
    const decoder = createGobDecoder();
    const big = new Uint8Array(3_000_000).map((_, i) => i);
    for (const value of [big, Uint8Array.of(1), big.subarray(0, 70_000), new Uint8Array(0)]) {
      decoder.push(encoder.encode(gob.bytes, value));
      assert.deepEqual(decoder.next(gob.bytes), new Uint8Array(value));
    }
    decoder.push(encoder.encode(gob.string, 'ü'.repeat(200_000)));
    assert.equal(decoder.next(gob.string), 'ü'.repeat(200_000));
  });

  test('bytes are plain, keep at most 8 KiB alive beside themselves, and share none of it', () => {
    const encoder = createGobEncoder();
    const sizes = [0, 1, 100, 2048, 2049, 5000, 200_000, 100, 70_000, 3];
    for (const [i, size] of sizes.entries()) encoder.append(gob.bytes, new Uint8Array(size).fill(i));
    const decoder = createGobDecoder();
    decoder.push(Buffer.from(encoder.take()));
    const values = sizes.map(() => decoder.next(gob.bytes)!);
    for (const [i, value] of values.entries()) {
      assert.equal(value.constructor, Uint8Array);
      assert.ok(value.buffer.byteLength <= Math.max(8192, 2 * value.length), `${value.buffer.byteLength} kept`);
      assert.deepEqual(value, new Uint8Array(sizes[i]!).fill(i));
      value.fill(255);
    }
    assert.ok(values.every((value) => value.every((byte) => byte === 255)));
  });

  test('strings of every length and width survive', () => {
    for (const letter of ['a', 'é', '日', '𝄞', '\ufeff', '\0']) {
      for (const length of [0, 1, 7, 8, 9, 23, 24, 25, 42, 43, 126, 127, 128, 255, 256, 65_535, 65_536]) {
        const value = letter.repeat(length);
        assert.equal(roundTrip(gob.string, value), value, `${length} times ${letter}`);
      }
    }
    assert.equal(roundTrip(gob.string, 'a\ud800b'), 'a\ufffdb');
    assert.equal(receiving(messages('0c0002ff61')).next(), '\ufffda');
    assert.deepEqual(fromHex(encode(gob.string, 'é')), fromHex('050c0002c3a9'));
  });
});
