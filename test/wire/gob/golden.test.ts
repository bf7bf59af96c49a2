import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createGobDecoder, createGobEncoder, type GobDecoder } from '../../../src/wire/gob/index.js';
import { canonical } from './canonical.js';
import { GOLDEN_CASES, type GoldenCase, registry } from './golden-cases.js';
import { GOLDEN, type GoldenVector } from './golden-vectors.js';
import { fromHex, toHex } from './hex.js';

/** The next value of each schema, or without any; undefined where none is complete. */
function take(decoder: GobDecoder, golden: GoldenCase, index: number, mode: 'schema' | 'plain'): unknown {
  return mode === 'plain' ? decoder.next() : decoder.next(golden.items[index]!.schema);
}

function expected(golden: GoldenCase, mode: 'schema' | 'plain'): unknown[] {
  return golden.items.map(({ value, plain }) => (mode === 'plain' && plain !== undefined ? plain : value));
}

/** Prototypes are no matter of the wire. */
function assertSame(actual: unknown, wanted: unknown, message?: string): void {
  assert.deepEqual(normal(actual), normal(wanted), message);
}

function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: toHex(value) };
  if (Array.isArray(value)) return value.map(normal);
  if (value instanceof Map) return [...value].map(([k, v]) => [normal(k), normal(v)]);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, normal(v)]));
}

function decodeAll(chunks: readonly Uint8Array[], golden: GoldenCase, mode: 'schema' | 'plain'): unknown[] {
  const decoder = createGobDecoder({ registry });
  const values: unknown[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (;;) {
      if (values.length === golden.items.length) break;
      const value = take(decoder, golden, values.length, mode);
      if (value === undefined) break;
      values.push(value);
    }
  }
  decoder.end();
  return values;
}

test(`G-01 every golden stream of ${GOLDEN.go} has its values, and every value its stream`, () => {
  assert.deepEqual(GOLDEN.vectors.map((vector) => vector.name).sort(), Object.keys(GOLDEN_CASES).sort());
  for (const { name, values } of GOLDEN.vectors) assert.equal(values.length, GOLDEN_CASES[name]!.items.length, name);
});

const streams = (vector: GoldenVector): Record<string, Uint8Array> => ({
  'first id 64': fromHex(vector.values.join('')),
  'first id 65': fromHex(vector.shifted.join('')),
});

describe('golden streams of encoding/gob', () => {
  for (const vector of GOLDEN.vectors) {
    const golden = GOLDEN_CASES[vector.name]!;
    for (const [ids, stream] of Object.entries(streams(vector))) {
      for (const mode of ['schema', 'plain'] as const) {
        test(`G-01 G-17 ${vector.name}, ${ids}, ${mode}: decodes to the values, split at every point`, () => {
          const wanted = expected(golden, mode);
          assertSame(decodeAll([stream], golden, mode), wanted);
          assertSame(
            decodeAll(
              [...stream].map((byte) => Uint8Array.of(byte)),
              golden,
              mode,
            ),
            wanted,
            'byte by byte',
          );
          for (let at = 1; at < stream.length; at += 1) {
            assertSame(decodeAll([stream.slice(0, at), stream.slice(at)], golden, mode), wanted, `split at ${at}`);
          }
        });
      }
    }

    test(`G-02 ${vector.name}: is encoded to the same bytes, apart from ids, names and splits`, () => {
      const encoder = createGobEncoder({ registry });
      for (const { schema, value } of golden.items) encoder.append(schema, value);
      const ours = encoder.take();
      if (golden.differs === undefined) assert.deepEqual(canonical(ours), canonical(fromHex(vector.values.join(''))));
      assertSame(decodeAll([ours], golden, 'schema'), expected(golden, 'schema'));
    });

    test(`${vector.name}: is passed over when nobody wants it, split at every point`, () => {
      const stream = fromHex(vector.values.join(''));
      for (let at = 0; at < stream.length; at += 1) {
        const decoder = createGobDecoder();
        let skipped = 0;
        for (const chunk of [stream.slice(0, at), stream.slice(at)]) {
          decoder.push(chunk);
          while (decoder.skip()) skipped += 1;
        }
        decoder.end();
        assert.equal(skipped, golden.items.length, `split at ${at}`);
      }
    });
  }
});
