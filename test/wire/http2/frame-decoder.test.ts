import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { ProtocolError } from '../../../src/errors.js';
import { FrameDecoder } from '../../../src/wire/http2/frame-decoder.js';
import {
  encodeGoAway,
  encodePreface,
  encodeSettings,
  FRAME_BYTES,
  headerFramesBytes,
  writeFrameHeader,
  writeHeaders,
  writePing,
  writeResetStream,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../src/wire/http2/frame-encoder.js';
import { FrameFlag, FrameType, Http2ErrorCode } from '../../../src/wire/http2/frames.js';
import { MAX_CONTINUATIONS } from '../../../src/wire/http2/header-block.js';
import { RecordingSink } from './recording-sink.js';

const SETTINGS = encodeSettings([]);

function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: readonly number[] | Uint8Array = [],
): Uint8Array {
  const out = new Uint8Array(9 + payload.length);
  out.set(payload, writeFrameHeader(out, 0, payload.length, type, flags, streamId));
  return out;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

interface Given {
  readonly preface?: boolean;
  readonly maxFrameBytes?: number;
  readonly maxHeaderBlockBytes?: number;
}

function decoderOf(given: Given = {}): { decoder: FrameDecoder; sink: RecordingSink } {
  const sink = new RecordingSink();
  const decoder = new FrameDecoder(sink, sink, {
    expectPreface: given.preface ?? false,
    maxFrameBytes: given.maxFrameBytes ?? 16_384,
    maxHeaderBlockBytes: given.maxHeaderBlockBytes ?? 65_536,
  });
  return { decoder, sink };
}

/** Decodes frames behind a first SETTINGS; that one's event is left out. */
function decode(bytes: Uint8Array, given?: Given): unknown[] {
  const { decoder, sink } = decoderOf(given);
  decoder.push(join(SETTINGS, bytes));
  return sink.events.slice(1);
}

function refuses(code: number, bytes: Uint8Array, given?: Given): void {
  assert.throws(
    () => decode(bytes, given),
    (error) => error instanceof ProtocolError && error.wireCode === code,
    `expected error code ${code}`,
  );
}

const { protocolError, frameSizeError, flowControlError, enhanceYourCalm } = Http2ErrorCode;

/** One frame of every kind, and what it means. */
const EVERY_KIND: readonly (readonly [Uint8Array, ...unknown[]])[] = [
  [
    encodeSettings([3, 100, 4, 0x7fffffff, 99, 7]),
    ['setting', 3, 100],
    ['setting', 4, 0x7fffffff],
    ['setting', 99, 7],
    ['settingsEnd', false],
  ],
  [written(FRAME_BYTES.settingsAck, (out) => writeSettingsAck(out, 0)), ['settingsEnd', true]],
  [frame(FrameType.headers, FrameFlag.endHeaders, 1, [0x82]), ['headers', 1, false, '82', 0]],
  [
    frame(FrameType.headers, 0x4 | 0x1 | 0x8 | 0x20, 3, [2, 0x80, 0, 0, 1, 7, 0x82, 0x84, 0, 0]),
    ['headers', 3, true, '8284', 0],
  ],
  [frame(FrameType.headers, 0x4 | 0x20, 3, [0, 0, 0, 3, 7, 0x82]), ['headers', 3, false, '82', protocolError]],
  [join(frame(1, 0x1, 5, [1, 2]), frame(9, 0, 5), frame(9, 0x4, 5, [3])), ['headers', 5, true, '010203', 0]],
  [frame(FrameType.data, 0, 1, [1, 2, 3]), ['dataStart', 1, 3], ['dataEnd', 1, 3, false, '010203']],
  [frame(FrameType.data, 0x1, 1), ['dataStart', 1, 0], ['dataEnd', 1, 0, true, '']],
  [frame(FrameType.data, 0x9, 1, [3, 8, 9, 0, 0, 0]), ['dataStart', 1, 6], ['dataEnd', 1, 2, true, '0809']],
  [frame(FrameType.data, 0x8, 1, [3, 0, 0, 0]), ['dataStart', 1, 4], ['dataEnd', 1, 0, false, '']],
  [frame(FrameType.data, 0x8, 1, [0]), ['dataStart', 1, 1], ['dataEnd', 1, 0, false, '']],
  [frame(FrameType.priority, 0, 9, [0, 0, 0, 1, 5]), ['priority', 9, 0]],
  [frame(FrameType.priority, 0, 9, [0, 0, 0, 9, 5]), ['priority', 9, protocolError]],
  [frame(FrameType.priority, 0, 9, [0, 0, 0, 9]), ['priority', 9, frameSizeError]],
  [
    written(FRAME_BYTES.resetStream, (out) => writeResetStream(out, 0, 0x7fffffff, 0xffffffff)),
    ['resetStream', 0x7fffffff, 0xffffffff],
  ],
  [
    written(FRAME_BYTES.ping, (out) => writePing(out, 0, true, Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7, 8), 1)),
    ['ping', true, '0102030405060708'],
  ],
  [encodeGoAway(7, 11, 'calm'), ['goAway', 7, 11, '63616c6d']],
  [written(FRAME_BYTES.windowUpdate, (out) => writeWindowUpdate(out, 0, 5, 65_535)), ['windowUpdate', 5, 65_535]],
  [frame(FrameType.windowUpdate, 0, 0, [0x80, 0, 0, 0]), ['windowUpdate', 0, 0]],
  [frame(0xa, 0xff, 77, [1, 2, 3]), ['unknown', 10]],
  [frame(0xff, 0, 0), ['unknown', 255]],
];

function written(bytes: number, write: (out: Uint8Array) => number): Uint8Array {
  const out = new Uint8Array(bytes);
  assert.equal(write(out), bytes);
  return out;
}

test('tells what every kind of frame says', () => {
  for (const [bytes, ...events] of EVERY_KIND) assert.deepEqual(decode(bytes), events);
});

test('says the same wherever the input is split', () => {
  const input = join(encodePreface(), SETTINGS, ...EVERY_KIND.map(([bytes]) => bytes));
  const whole = decoderOf({ preface: true });
  whole.decoder.push(input);
  assert.ok(whole.decoder.idle);
  for (let cut = 0; cut <= input.length; cut += 1) {
    const { decoder, sink } = decoderOf({ preface: true });
    decoder.push(input.subarray(0, cut));
    decoder.push(input.subarray(cut));
    assert.deepEqual(sink.events, whole.sink.events, `cut at ${cut}`);
  }
  const { decoder, sink } = decoderOf({ preface: true });
  for (const byte of input) decoder.push(Uint8Array.of(byte));
  assert.deepEqual(sink.events, whole.sink.events);
});

test('is idle between frames only', () => {
  const { decoder } = decoderOf();
  assert.ok(decoder.idle);
  for (const byte of SETTINGS.subarray(0, -1)) {
    decoder.push(Uint8Array.of(byte));
    assert.ok(!decoder.idle);
  }
  decoder.push(SETTINGS.subarray(-1));
  assert.ok(decoder.idle);
  decoder.push(frame(FrameType.headers, 0, 1, [0x82]));
  assert.ok(!decoder.idle);
});

test('delivers DATA as it comes, as views of the input', () => {
  const pieces: Uint8Array[] = [];
  const { decoder, sink } = decoderOf();
  sink.onDataPiece = (piece) => void pieces.push(piece);
  const input = join(SETTINGS, frame(FrameType.data, 0, 1, new Uint8Array(100)));
  const [first, second] = [input.subarray(0, 50), input.subarray(50)];
  decoder.push(first);
  decoder.push(second);
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [50 - 18, 100 - 32],
  );
  assert.equal(pieces[0]!.buffer, input.buffer);
});

test('hands on nothing of a chunk once it was stopped', () => {
  for (const stopAt of ['onDataStart', 'onDataPiece', 'onDataEnd', 'onHeaders', 'onUnknown'] as const) {
    const { decoder, sink } = decoderOf();
    const original = sink[stopAt].bind(sink) as (...args: unknown[]) => void;
    Object.assign(sink, { [stopAt]: (...args: unknown[]) => (original(...args), decoder.stop()) });
    const head = [frame(FrameType.headers, 0x4, 1), frame(0xee, 0, 0), frame(FrameType.data, 0, 1, [1])];
    decoder.push(join(SETTINGS, ...head, frame(FrameType.priority, 0, 9, [0, 0, 0, 1, 5])));
    decoder.push(frame(FrameType.priority, 0, 9, [0, 0, 0, 1, 5]));
    assert.ok(!sink.events.some((event) => Array.isArray(event) && event[0] === 'priority'), stopAt);
  }
});

suite('refuses', () => {
  test('another preface, at the first wrong byte', () => {
    const { decoder } = decoderOf({ preface: true });
    decoder.push(Uint8Array.from(Buffer.from('PRI * HTTP/')));
    assert.throws(() => decoder.push(Uint8Array.from(Buffer.from('1'))), /client preface/);
    assert.throws(() => decoderOf({ preface: true }).decoder.push(Uint8Array.of(0x16)), /client preface/);
  });

  test('a first frame that is not SETTINGS', () => {
    assert.throws(() => decoderOf().decoder.push(frame(FrameType.ping, 0, 0, new Uint8Array(8))), /first frame/);
    assert.throws(() => decoderOf().decoder.push(frame(FrameType.settings, FrameFlag.ack, 0)), /first frame/);
  });

  test('a frame beyond the size limit at its header, before its payload comes', () => {
    const header = new Uint8Array(9);
    writeFrameHeader(header, 0, 16_385, FrameType.data, 0, 1);
    refuses(frameSizeError, header);
    assert.doesNotThrow(() => decode(header, { maxFrameBytes: 16_385 }));
    writeFrameHeader(header, 0, 16_385, FrameType.goAway, 0, 0);
    refuses(enhanceYourCalm, header, { maxFrameBytes: 1 << 20 });
  });

  test('wrong lengths', () => {
    const lengths: readonly (readonly [type: number, flags: number, id: number, length: number])[] = [
      [FrameType.resetStream, 0, 1, 3],
      [FrameType.resetStream, 0, 1, 5],
      [FrameType.settings, 0, 0, 5],
      [FrameType.settings, FrameFlag.ack, 0, 6],
      [FrameType.ping, 0, 0, 7],
      [FrameType.goAway, 0, 0, 7],
      [FrameType.windowUpdate, 0, 0, 3],
      [FrameType.windowUpdate, 0, 1, 5],
      [FrameType.data, FrameFlag.padded, 1, 0],
      [FrameType.headers, FrameFlag.padded, 1, 0],
      [FrameType.headers, FrameFlag.priority, 1, 4],
    ];
    for (const [type, flags, id, length] of lengths)
      refuses(frameSizeError, frame(type, flags, id, new Uint8Array(length)));
  });

  test('stream ids on the wrong side of 0', () => {
    const wrong: readonly (readonly [type: number, id: number, length: number])[] = [
      [FrameType.data, 0, 1],
      [FrameType.headers, 0, 1],
      [FrameType.priority, 0, 5],
      [FrameType.resetStream, 0, 4],
      [FrameType.continuation, 0, 1],
      [FrameType.settings, 1, 0],
      [FrameType.ping, 1, 8],
      [FrameType.goAway, 1, 8],
    ];
    for (const [type, id, length] of wrong) refuses(protocolError, frame(type, 0, id, new Uint8Array(length)));
  });

  test('padding that is longer than its frame', () => {
    refuses(protocolError, frame(FrameType.data, FrameFlag.padded, 1, [3, 0, 0]));
    refuses(protocolError, frame(FrameType.headers, FrameFlag.padded | 0x4, 1, [3, 0, 0]));
    refuses(protocolError, frame(FrameType.headers, 0x8 | 0x20 | 0x4, 1, [1, 0, 0, 0, 0, 0]));
  });

  test('illegal settings', () => {
    refuses(protocolError, encodeSettings([2, 2]));
    refuses(flowControlError, encodeSettings([4, 0x80000000]));
    refuses(protocolError, encodeSettings([5, 16_383]));
    refuses(protocolError, encodeSettings([5, 16_777_216]));
  });

  test('push', () => {
    refuses(protocolError, frame(FrameType.pushPromise, 0x4, 1, [0, 0, 0, 2]));
  });

  test('anything between the frames of a header block, and CONTINUATION elsewhere', () => {
    const open = frame(FrameType.headers, 0, 1, [0x82]);
    refuses(protocolError, join(open, frame(FrameType.headers, 0x4, 1)));
    refuses(protocolError, join(open, frame(FrameType.continuation, 0x4, 3)));
    refuses(protocolError, join(open, frame(FrameType.ping, 0, 0, new Uint8Array(8))));
    refuses(protocolError, join(open, frame(0xee, 0, 0)));
    refuses(protocolError, frame(FrameType.continuation, 0x4, 1));
    refuses(protocolError, join(frame(FrameType.headers, 0x4, 1), frame(FrameType.continuation, 0x4, 1)));
  });

  test('a header block beyond the limit at the frame header that exceeds it', () => {
    const given = { maxHeaderBlockBytes: 100 };
    refuses(enhanceYourCalm, frame(FrameType.headers, 0x4, 1, new Uint8Array(101)).subarray(0, 9), given);
    const open = frame(FrameType.headers, 0, 1, new Uint8Array(60));
    assert.doesNotThrow(() => decode(join(open, frame(FrameType.continuation, 0, 1, new Uint8Array(40))), given));
    refuses(enhanceYourCalm, join(open, frame(FrameType.continuation, 0, 1, new Uint8Array(41)).subarray(0, 9)), given);
  });

  test('an endless run of empty CONTINUATION frames', () => {
    const open = frame(FrameType.headers, 0, 1, [0x82]);
    const empty = Array.from({ length: MAX_CONTINUATIONS }, () => frame(FrameType.continuation, 0, 1));
    assert.doesNotThrow(() => decode(join(open, ...empty)));
    refuses(enhanceYourCalm, join(open, ...empty, frame(FrameType.continuation, FrameFlag.endHeaders, 1)));
  });
});

test('header blocks of any size come back from the frames they are written in', () => {
  const sizes = fc.constantFrom(0, 1, 16_383, 16_384, 16_385, 40_000);
  fc.assert(
    fc.property(sizes, fc.constantFrom(16_384, 65_536), fc.boolean(), (size, maxFrameBytes, endStream) => {
      const block = Uint8Array.from({ length: size }, (_, index) => index * 7);
      const out = new Uint8Array(headerFramesBytes(size, maxFrameBytes));
      assert.equal(writeHeaders(out, 0, 5, block, endStream, maxFrameBytes), out.length);
      assert.deepEqual(decode(out, { maxFrameBytes }), [
        ['headers', 5, endStream, Buffer.from(block).toString('hex'), 0],
      ]);
    }),
    { numRuns: 20 },
  );
});

test('either decodes or refuses any bytes, however split', () => {
  const chunk = fc.uint8Array({ maxLength: 40 });
  const anyFrame = fc
    .tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 5 }), chunk)
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
  fc.assert(
    fc.property(fc.array(fc.oneof(anyFrame, chunk), { maxLength: 12 }), (chunks) => {
      const { decoder } = decoderOf({ maxHeaderBlockBytes: 200 });
      try {
        decoder.push(SETTINGS);
        for (const one of chunks) decoder.push(one);
      } catch (error) {
        assert.ok(error instanceof ProtocolError && error.wireCode !== undefined, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
