import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { createGobDecoder, createGobEncoder, type GobSchema } from '../../../src/wire/gob/index.js';
import { needsGo } from '../../conformance/build-go.js';
import { descriptions, valuesOf } from './arbitrary.js';
import { type Description, parse, registry, render, schemaOf } from './description.js';
import { GoPeer } from './peer.js';

const RUNS = Number(process.env['RXPLUG_GOB_RUNS'] ?? 150);

const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function encode(schema: GobSchema, values: readonly unknown[]): string {
  const encoder = createGobEncoder({ registry });
  for (const value of values) encoder.append(schema, value);
  return toBase64(encoder.take());
}

/** In pieces of the given size: a value may wait for its messages. */
function decode(schema: GobSchema | undefined, stream: Uint8Array, pieceBytes: number): unknown[] {
  const decoder = createGobDecoder({ registry });
  const values: unknown[] = [];
  for (let at = 0; at < stream.length; at += pieceBytes) {
    decoder.push(stream.slice(at, at + pieceBytes));
    for (;;) {
      const value = schema === undefined ? decoder.next() : decoder.next(schema);
      if (value === undefined) break;
      values.push(value);
    }
  }
  decoder.end();
  return values;
}

function skip(stream: Uint8Array): number {
  const decoder = createGobDecoder();
  decoder.push(stream);
  let skipped = 0;
  while (decoder.skip()) skipped += 1;
  decoder.end();
  return skipped;
}

const renderAll = (d: Description, values: readonly unknown[]): unknown[] => values.map((value) => render(d, value));

describe('gob against encoding/gob, in one run', needsGo(), () => {
  let peer: GoPeer;
  before(async () => {
    peer = await GoPeer.start();
  });
  after(() => peer.stop());

  test('what Go encodes is decoded here, with and without a schema, and what is encoded from it is equal in Go', async (t) => {
    t.diagnostic(await peer.version());
    const property = fc.asyncProperty(fc.nat(2 ** 31), fc.integer({ min: 1, max: 200 }), async (seed, pieceBytes) => {
      const made = await peer.ask({ op: 'random', seed, count: 3 });
      assert.equal(made.error, undefined);
      const type = made.type!;
      const wanted = made.values!.map((value) => parse(type, value));
      const stream = fromBase64(made.stream!);
      const schema = schemaOf(type);
      const values = decode(schema, stream, pieceBytes);
      assert.deepEqual(renderAll(type, values), renderAll(type, wanted));
      assert.equal(decode(undefined, stream, pieceBytes).length, 3);
      assert.equal(skip(stream), 3);
      const checked = await peer.ask({ op: 'check', seed, count: 3, stream: encode(schema, values) });
      assert.equal(checked.error, undefined);
    });
    await fc.assert(property, { numRuns: RUNS, includeErrorInReport: true });
  });

  test('what is encoded here is decoded by Go, and what Go encodes from it is equal here', async (t) => {
    t.diagnostic(await peer.version());
    const samples = descriptions(3).chain((type) =>
      fc.record({ type: fc.constant(type), values: fc.array(valuesOf(type), { minLength: 1, maxLength: 3 }) }),
    );
    const property = fc.asyncProperty(
      samples,
      fc.integer({ min: 1, max: 200 }),
      async ({ type, values }, pieceBytes) => {
        const schema = schemaOf(type);
        const request = { op: 'echo', type, count: values.length, stream: encode(schema, values) } as const;
        const echoed = await peer.ask(request);
        assert.equal(echoed.error, undefined);
        const wanted = renderAll(type, values);
        assert.deepEqual(
          renderAll(
            type,
            echoed.values!.map((value) => parse(type, value)),
          ),
          wanted,
        );
        assert.deepEqual(renderAll(type, decode(schema, fromBase64(echoed.stream!), pieceBytes)), wanted);
      },
    );
    await fc.assert(property, { numRuns: RUNS, includeErrorInReport: true });
  });
});
