import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '../../../src/errors.js';
import { createYamuxDecoder, type YamuxFrameSink } from '../../../src/wire/yamux/decoder.js';
import { encodeYamuxHeader, YamuxFlag, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { allGolden } from './golden.js';

/** A frame as a test compares it: payload pieces glued together, `complete` once its last byte came. */
interface Frame {
  type: number;
  flags: number;
  streamId: number;
  length: number;
  payload: number[];
  complete: boolean;
}

class Recorder implements YamuxFrameSink {
  readonly frames: Frame[] = [];
  readonly pieces: Uint8Array[] = [];

  onHeader(type: number, flags: number, streamId: number, length: number): void {
    const complete = type !== YamuxFrameType.data || length === 0;
    this.frames.push({ type, flags, streamId, length, payload: [], complete });
  }

  onPayload(piece: Uint8Array, remaining: number): void {
    assert.ok(piece.length > 0, 'an empty piece');
    const frame = this.frames.at(-1)!;
    this.pieces.push(piece);
    frame.payload.push(...piece);
    assert.equal(remaining, frame.length - frame.payload.length);
    frame.complete = remaining === 0;
  }
}

/** The slow and obvious reading of the format: everything gathered first, then cut with a DataView. */
function oracle(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= 12) {
    const type = view.getUint8(at + 1);
    const length = view.getUint32(at + 8);
    const wanted = type === 0 ? length : 0;
    const payload = Array.from(bytes.subarray(at + 12, at + 12 + wanted));
    const complete = payload.length === wanted;
    frames.push({ type, flags: view.getUint16(at + 2), streamId: view.getUint32(at + 4), length, payload, complete });
    at += 12 + payload.length;
  }
  return frames;
}

function decode(chunks: readonly Uint8Array[]): { frames: Frame[]; atBoundary: boolean } {
  const recorder = new Recorder();
  const decoder = createYamuxDecoder(recorder);
  for (const chunk of chunks) decoder.push(chunk);
  return { frames: recorder.frames, atBoundary: decoder.atBoundary };
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const points = [0, ...at.map((point) => point % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, index) => bytes.slice(points[index], end));
}

const { data, ping, windowUpdate } = YamuxFrameType;

const anyFrame = fc
  .record({
    type: fc.nat(3),
    flags: fc.nat(0xffff),
    streamId: fc.integer({ min: 0, max: 0xffffffff }),
    value: fc.integer({ min: 0, max: 0xffffffff }),
    payload: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ type, flags, streamId, value, payload }) => {
    const isData = type === data;
    const header = encodeYamuxHeader({ type, flags, streamId, length: isData ? payload.length : value });
    return isData ? Uint8Array.of(...header, ...payload) : header;
  });

test('Y-24 reads the golden conversation alike at every split into two', () => {
  const bytes = allGolden();
  const whole = oracle(bytes);
  assert.ok(whole.length > 10);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(decode([bytes.slice(0, at), bytes.slice(at)]), { frames: whole, atBoundary: true }, `at ${at}`);
  }
});

test('Y-24 reads the golden conversation byte by byte', () => {
  const bytes = allGolden();
  const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.deepEqual(decode(chunks), { frames: oracle(bytes), atBoundary: true });
});

test('Y-24 agrees with the oracle on any frames, cut anywhere', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 8 }), (frames, points) => {
      const bytes = new Uint8Array(Buffer.concat(frames));
      assert.deepEqual(decode(cut(bytes, points)), { frames: oracle(bytes), atBoundary: true });
    }),
    { numRuns: 500 },
  );
});

test('survives any bytes: what it reads is what the oracle reads, or it is a ProtocolError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(), { maxLength: 4 }), (noise, points) => {
      // Mostly valid starts, or the very first byte would end nearly every run.
      const bytes = noise.map((byte, index) => (index % 16 < 2 ? byte & 1 : byte));
      const recorder = new Recorder();
      const decoder = createYamuxDecoder(recorder);
      try {
        for (const chunk of cut(bytes, points)) decoder.push(chunk);
        assert.deepEqual(recorder.frames, oracle(bytes));
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
        assert.equal(error.code, 'ERR_YAMUX_PROTOCOL');
        assert.deepEqual(recorder.frames, oracle(bytes).slice(0, recorder.frames.length));
      }
    }),
    { numRuns: 1000 },
  );
});

test('announces a data frame before any of its payload, and hands payload on without copying it', () => {
  const recorder = new Recorder();
  const decoder = createYamuxDecoder(recorder);
  decoder.push(encodeYamuxHeader({ type: data, flags: 0, streamId: 1, length: 0xffffffff }));
  assert.deepEqual(recorder.frames, [
    { type: data, flags: 0, streamId: 1, length: 0xffffffff, payload: [], complete: false },
  ]);
  const chunk = new Uint8Array(1000);
  decoder.push(chunk);
  assert.equal(recorder.pieces[0]!.buffer, chunk.buffer);
  assert.equal(decoder.atBoundary, false);
});

test('tells a torn frame from a whole one', () => {
  const header = encodeYamuxHeader({ type: data, flags: 0, streamId: 1, length: 1 });
  assert.equal(decode([]).atBoundary, true);
  assert.equal(decode([header.slice(0, 11)]).atBoundary, false);
  assert.equal(decode([header]).atBoundary, false);
  assert.equal(decode([header, Uint8Array.of(9)]).atBoundary, true);
  assert.equal(decode([encodeYamuxHeader({ type: data, flags: 0, streamId: 1, length: 0 })]).atBoundary, true);
});

test('passes unknown flag bits on instead of judging them', () => {
  const { frames } = decode([encodeYamuxHeader({ type: ping, flags: 0xfff0 | YamuxFlag.syn, streamId: 5, length: 1 })]);
  assert.equal(frames[0]!.flags, 0xfff1);
});

for (const [what, offset, value] of [
  ['version 1', 0, 1],
  ['version 255', 0, 255],
  ['type 4', 1, 4],
  ['type 255', 1, 255],
] as const) {
  test(`Y-19 refuses ${what}, wherever the header is cut`, () => {
    const good = encodeYamuxHeader({ type: windowUpdate, flags: 0, streamId: 1, length: 1 });
    const bad = good.slice();
    bad[offset] = value;
    for (let at = 0; at < 12; at++) {
      const recorder = new Recorder();
      const decoder = createYamuxDecoder(recorder);
      const refused = (error: unknown): boolean =>
        error instanceof ProtocolError &&
        error.code === 'ERR_YAMUX_PROTOCOL' &&
        error.wireCode === 1 &&
        error.message.includes(what);
      decoder.push(good);
      decoder.push(bad.slice(0, at));
      assert.throws(() => decoder.push(bad.slice(at)), refused);
      assert.throws(() => decoder.push(good), refused, 'a failed decoder stays failed');
      assert.equal(recorder.frames.length, 1);
    }
  });
}

test('passes on what its sink throws, and stays failed', () => {
  const refusal = new ProtocolError('ERR_YAMUX_PROTOCOL', 'too long');
  const decoder = createYamuxDecoder({
    onHeader: () => {
      throw refusal;
    },
    onPayload: () => assert.fail('payload of a refused frame'),
  });
  const frame = Uint8Array.of(...encodeYamuxHeader({ type: data, flags: 0, streamId: 1, length: 1 }), 0);
  assert.throws(() => decoder.push(frame), refusal);
  assert.throws(() => decoder.push(frame), refusal);
});
