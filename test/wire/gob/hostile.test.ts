import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PluginError } from '../../../src/errors.js';
import {
  createGobDecoder,
  createGobEncoder,
  type GobDecoderOptions,
  type GobSchema,
  gob,
} from '../../../src/wire/gob/index.js';
import { GOLDEN_CASES, registry } from './golden-cases.js';
import { GOLDEN } from './golden-vectors.js';
import { fromHex, toHex } from './hex.js';
import { codeOf, count, messages, receiving } from './stream.js';

const MIB = 1024 * 1024;

/** The message that an error must have, if any. */
function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('limits', () => {
  test('G-26 a message over the limit is refused at its header, before it is buffered, and for good', () => {
    const decoder = receiving(count(1025), { limits: { maxReceiveMessageBytes: 1024 } });
    assert.equal(
      codeOf(() => decoder.next()),
      'ERR_LIMIT_EXCEEDED',
    );
    decoder.push(fromHex(messages('060007')));
    assert.equal(
      codeOf(() => decoder.next()),
      'ERR_LIMIT_EXCEEDED',
    );
    assert.equal(
      codeOf(() => decoder.skip()),
      'ERR_LIMIT_EXCEEDED',
    );
    assert.equal(
      codeOf(() => decoder.end()),
      'ERR_LIMIT_EXCEEDED',
    );
  });

  test('G-26 a message of exactly the limit passes', () => {
    const bytes = createGobEncoder().encode(gob.bytes, new Uint8Array(1019));
    assert.equal(bytes.length, 1024 + 3);
    const decoder = createGobDecoder({ limits: { maxReceiveMessageBytes: 1024 } });
    decoder.push(bytes);
    assert.equal(decoder.next(gob.bytes)?.length, 1019);
  });

  test('a message cannot begin with what is no integer', () => {
    for (const first of ['80', 'a0', 'f7']) {
      const decoder = receiving(`${first}000000000000000000`);
      assert.equal(
        codeOf(() => decoder.next()),
        'ERR_GOB',
      );
      assert.equal(
        codeOf(() => decoder.next()),
        'ERR_GOB',
      );
    }
  });

  test('an announced gigabyte takes no memory before it arrives', () => {
    const options = { limits: { maxReceiveMessageBytes: 2 ** 40 } };
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 64 }, () => receiving(`${count(2 ** 30)}0c00`, options));
    for (const decoder of decoders) assert.equal(decoder.next(), undefined);
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * MIB);
  });

  test('counts are judged against what is there', () => {
    const bodies: Readonly<Record<string, string>> = {
      string: `0c00${count(2 ** 31)}61`,
      bytes: `0a00${count(2 ** 52)}61`,
      'a number of bytes beyond numbers': '0a00f8ffffffffffffffff61',
    };
    for (const [name, body] of Object.entries(bodies)) {
      assert.equal(
        codeOf(() => receiving(messages(body)).next()),
        'ERR_GOB',
        name,
      );
    }
    const slice = messages('ff81020100 0104 0000', `ff8200${count(2 ** 40)}02`);
    assert.equal(
      codeOf(() => receiving(slice).next()),
      'ERR_GOB',
    );
    const anySlice = messages('ff81020100 0110 0000', `ff8200${count(2 ** 40)}00`);
    assert.equal(
      codeOf(() => receiving(anySlice).next()),
      'ERR_GOB',
    );
    assert.equal(
      codeOf(() => receiving(anySlice).skip()),
      'ERR_GOB',
    );
    const map = messages('ff81040100 0110 0110 0000', `ff8200${count(2 ** 40)}0000`);
    assert.equal(
      codeOf(() => receiving(map).next()),
      'ERR_GOB',
    );
  });

  test('objects are charged to a heap limit: a byte of the wire can ask for far more', () => {
    const fields = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`F${i}`, gob.slice(gob.int)]));
    const Wide = gob.struct('Wide', fields);
    const rows = gob.slice(Wide);
    const empty = gob.slice(gob.empty);
    const bytes = toHex(
      createGobEncoder().encode(
        empty,
        Array.from({ length: 100_000 }, () => ({})),
      ),
    );
    const limits = { maxHeapBytes: 64 * MIB };
    const decoder = receiving(bytes + toHex(createGobEncoder({ firstTypeId: 80 }).encode(rows, [])), { limits });
    assert.equal(
      codeOf(() => decoder.next(rows)),
      'ERR_LIMIT_EXCEEDED',
    );
    assert.deepEqual(decoder.next(rows), [], 'the stream goes on');
    assert.equal(receiving(bytes, { limits }).next(empty)?.length, 100_000);
  });

  test('every kind of object is charged', () => {
    const samples: readonly (readonly [GobSchema, unknown])[] = [
      [gob.slice(gob.slice(gob.int)), Array.from({ length: 60_000 }, () => [])],
      [gob.slice(gob.bytes), Array.from({ length: 20_000 }, () => new Uint8Array(0))],
      [gob.slice(gob.map(gob.int, gob.int)), Array.from({ length: 60_000 }, () => new Map())],
      [gob.slice(gob.complex), Array.from({ length: 30_000 }, () => ({ real: 0, imag: 0 }))],
      [gob.slice(gob.interface()), Array.from({ length: 40_000 }, () => ({ type: 'int', value: 0 }))],
      [gob.slice(gob.opaque('O')), Array.from({ length: 20_000 }, () => new Uint8Array(0))],
      [gob.slice(gob.int), Array.from({ length: 200_000 }, () => 0)],
      [gob.map(gob.int, gob.int), new Map(Array.from({ length: 20_000 }, (_, i) => [i, i]))],
      [gob.slice(gob.string), Array.from({ length: 80_000 }, () => 'twelve bytes')],
    ];
    for (const [i, [schema, value]] of samples.entries()) {
      const bytes = createGobEncoder().encode(schema, value);
      for (const asked of [schema, undefined]) {
        const small = createGobDecoder({ limits: { maxHeapBytes: MIB } });
        small.push(bytes);
        const outcome = codeOf(() => (asked === undefined ? small.next() : small.next(asked)));
        const chargeable = !(i === 4 && asked === undefined);
        if (chargeable) assert.equal(outcome, 'ERR_LIMIT_EXCEEDED', `sample ${i}`);
      }
    }
  });

  test('nesting ends at the depth limit: of values, of definitions, of interfaces, of what is skipped', () => {
    // type 65 = [65]: a slice of itself.
    const self = 'ff81020100 01ff82 0000';
    const nested = (depth: number): string => `ff8200${'01'.repeat(depth)}00`;
    assert.equal(
      messageOf(() => receiving(messages(self, nested(900))).next()),
      '',
    );
    for (const depth of [1100, 100_000, 5_000_000]) {
      const stream = messages(self, nested(depth), '060007');
      const decoder = receiving(stream);
      assert.equal(
        codeOf(() => decoder.next()),
        'ERR_LIMIT_EXCEEDED',
        `depth ${depth}`,
      );
      assert.equal(decoder.next(), 7);
      assert.equal(
        codeOf(() => receiving(stream).skip()),
        'ERR_LIMIT_EXCEEDED',
      );
    }
    const dynamic = `1000${`036162 63 10 ${count(1)} 00`.repeat(5000)}00`;
    assert.equal(
      codeOf(() => receiving(messages(dynamic)).next()),
      'ERR_LIMIT_EXCEEDED',
    );
    assert.equal(
      codeOf(() => receiving(messages(dynamic)).skip()),
      'ERR_GOB',
    );
  });

  test('types nested without end are refused when a value wants them, and cost nothing after', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => {
      const id = 65 + i;
      return `${count(2 * id - 1)}02010001${count(2 * (id + 1))}0000`;
    });
    const value = `${count(2 * 65)}0000`;
    const decoder = receiving(messages(...chain, ...Array.from({ length: 2000 }, () => value), '060007'));
    for (let i = 0; i < 2000; i += 1)
      assert.equal(
        codeOf(() => decoder.next()),
        'ERR_LIMIT_EXCEEDED',
      );
    assert.equal(decoder.next(), 7);
  });

  test('definitions are limited in all', () => {
    const definition = (i: number): string => `${count(2 * (65 + i) - 1)}0201000104 0000`;
    const limits = { maxTypeBytes: 10_000 };
    const stream = messages(...Array.from({ length: 3000 }, (_, i) => definition(i)), '060007');
    const decoder = receiving(stream, { limits });
    let refused = 0;
    for (;;) {
      let value: unknown;
      const code = codeOf(() => {
        value = decoder.next();
      });
      if (value === 7) break;
      assert.equal(code, 'ERR_LIMIT_EXCEEDED');
      refused += 1;
    }
    assert.ok(refused > 1000);
    const wide = `ff81030100 01 ${count(5000)}${'01 0141 0104 00'.repeat(5000)}0000`;
    assert.equal(
      codeOf(() => receiving(messages(wide), { limits }).next()),
      'ERR_LIMIT_EXCEEDED',
    );
    assert.equal(
      codeOf(() => receiving(messages(wide, 'ff8200')).next()),
      'no error',
    );
  });

  test('a value over endless messages ends at the message limit', () => {
    const limits = { maxReceiveMessageBytes: 4096 };
    const decoder = createGobDecoder({ limits });
    decoder.push(fromHex(messages('ff81020100 0110 0000')));
    // Every element brings a new type, and so a new message.
    decoder.push(fromHex(messages(`ff8200${count(1e9)}0161ff8302010001040000`)));
    let code = '';
    for (let i = 0; i < 2000 && code !== 'ERR_LIMIT_EXCEEDED'; i += 1) {
      const id = 67 + i;
      code = codeOf(() => decoder.next());
      assert.ok(code === 'no error' || code === 'ERR_LIMIT_EXCEEDED');
      decoder.push(fromHex(messages(`${count(2 * (id - 1))}0200 00 0161${count(2 * id - 1)}02010001040000`)));
    }
    assert.equal(code, 'ERR_LIMIT_EXCEEDED');
    for (let i = 0; i < 100; i += 1) assert.equal(decoder.next(), undefined, 'the rest is passed over');
    assert.ok(decoder.bufferedBytes < 4096);
  });

  test('a value over many messages is read in linear time', () => {
    // 20 000 messages one by one: were the value read again on each, this would be 200 million elements.
    const encoder = createGobEncoder();
    const rest = toHex(encoder.encode(gob.string, 'after'));
    const decoder = createGobDecoder();
    decoder.push(fromHex(messages('ff81020100 0110 0000')));
    const elements = 20_000;
    decoder.push(fromHex(messages(`ff8200${count(elements)}0161ff8302010001040000`)));
    let value: unknown;
    for (let i = 1; i < elements; i += 1) {
      assert.equal(decoder.next(), undefined);
      decoder.push(fromHex(messages(`${count(2 * (65 + i))}020000 0161${count(2 * (66 + i) - 1)}02010001040000`)));
    }
    decoder.push(fromHex(messages(`${count(2 * (65 + elements))}020000`) + rest));
    value = decoder.next();
    assert.equal((value as unknown[]).length, elements);
    value = decoder.next();
    assert.equal(value, 'after');
  });

  test('limits must be positive integers', () => {
    for (const maxDepth of [0, -1, 1.5, NaN, '5' as unknown as number]) {
      assert.equal(
        codeOf(() => createGobDecoder({ limits: { maxDepth } })),
        'ERR_OPTIONS',
      );
    }
  });
});

describe('arbitrary bytes', () => {
  const streams = GOLDEN.vectors.map(({ name, values }) => ({ name, bytes: fromHex(values.join('')) }));
  const options: GobDecoderOptions = { registry, limits: { maxReceiveMessageBytes: 4096, maxHeapBytes: MIB } };

  /** Decodes until nothing is left, and says how many steps it took; every error must be one of ours. */
  function exhaust(chunks: readonly Uint8Array[], schemas: readonly GobSchema[]): number {
    const decoder = createGobDecoder(options);
    let steps = 0;
    let last = '';
    let repeated = 0;
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (;;) {
        steps += 1;
        try {
          const schema = schemas[steps % (schemas.length + 2)];
          const done = schema === undefined ? decoder.next() === undefined : decoder.next(schema) === undefined;
          if (done) break;
          last = '';
        } catch (error) {
          assert.ok(PluginError.is(error), `not a typed error: ${String((error as Error).stack)}`);
          // A broken stream raises the same error for ever.
          repeated = error.message === last ? repeated + 1 : 0;
          last = error.message;
          if (repeated > 5) return steps;
        }
      }
    }
    assert.ok(decoder.bufferedBytes <= 4096 + 9 + chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    return steps;
  }

  test('golden streams with bytes changed, cut out and put in never cause anything but typed errors', () => {
    const edit = fc.record({ at: fc.nat(500), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 4 }) });
    const property = fc.property(
      fc.nat(streams.length - 1),
      fc.array(edit, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 100 }),
      (index, edits, size) => {
        const { name, bytes } = streams[index]!;
        const mutant = [...bytes];
        for (const { at, remove, insert } of edits) mutant.splice(at % (mutant.length + 1), remove, ...insert);
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < mutant.length; at += size) chunks.push(Uint8Array.from(mutant.slice(at, at + size)));
        const schemas = GOLDEN_CASES[name]!.items.map((item) => item.schema);
        assert.ok(exhaust(chunks, schemas) <= mutant.length * 2 + chunks.length + 20);
      },
    );
    fc.assert(property, { numRuns: Number(process.env['RXPLUG_GOB_FUZZ'] ?? 4000) });
  });

  test('random bytes never cause anything but typed errors', () => {
    const schemas = Object.values(GOLDEN_CASES).flatMap((golden) => golden.items.map((item) => item.schema));
    const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(schemas.length - 1), (bytes, i) => {
      exhaust([bytes], [schemas[i]!]);
      const length = Math.min(bytes.length, 127);
      exhaust([Uint8Array.of(length), bytes.slice(0, length)], [schemas[i]!]);
    });
    fc.assert(property, { numRuns: Number(process.env['RXPLUG_GOB_FUZZ'] ?? 4000) });
  });
});
