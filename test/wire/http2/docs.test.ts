import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EMPTY_FRAME_BUDGET,
  MAX_QUEUED_ANSWERS,
  maxHeaderBlockBytes,
  STREAM_ERROR_BUDGET,
} from '../../../src/transports/http2/limits.js';
import { DEFAULT_HTTP2_OPTIONS } from '../../../src/transports/http2/options.js';
import { encodeConnectionPreface, settingsOf } from '../../../src/transports/http2/session/settings.js';
import { FrameDecoder } from '../../../src/wire/http2/frame-decoder.js';
import { encodeSettings, writeFrameHeader } from '../../../src/wire/http2/frame-encoder.js';
import { FRAME_HEADER_BYTES, FrameType, Setting } from '../../../src/wire/http2/frames.js';
import { MAX_CONTINUATIONS } from '../../../src/wire/http2/header-block.js';
import { readTable } from '../../support/markdown-table.js';
import { RecordingSink } from './recording-sink.js';

test('docs/wire/http2.md: an HTTP/2 frame header has the layout of the table', () => {
  const rows = readTable('wire/http2.md', 'Offset', 'Bytes', 'Frame header');
  const out = new Uint8Array(FRAME_HEADER_BYTES);
  assert.equal(writeFrameHeader(out, 0, 0x010203, 4, 5, 0x06070809), FRAME_HEADER_BYTES);
  assert.deepEqual([...out], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  let offset = 0;
  for (const [at, bytes] of rows) {
    assert.equal(Number(at), offset);
    offset += Number(bytes);
  }
  assert.equal(offset, FRAME_HEADER_BYTES);
});

test('docs/wire/http2.md: HTTP/2 frames have the types, streams and sizes of the table', () => {
  const rows = readTable('wire/http2.md', 'Type', 'Frame', 'Stream', 'Payload in bytes');
  assert.deepEqual(Object.fromEntries(rows.map(([type, name]) => [name, Number(type)])), FrameType);
  for (const [type, , stream, payload] of rows) {
    const right = stream === '0' ? 0 : 1;
    if (/^\d+$/.test(payload!)) {
      assert.equal(accepts(Number(type), right, Number(payload)), true, `${type}: ${payload} bytes`);
      if (type !== '2') assert.equal(accepts(Number(type), right, Number(payload) + 1), false, `${type}: one more`);
    }
    const limit = /^up to ([\d ]+)$/.exec(payload!)?.[1]?.replaceAll(' ', '');
    if (limit !== undefined)
      assert.equal(accepts(Number(type), right, Number(limit) + 1), false, `${type}: over ${limit}`);
    if (stream === '0') assert.equal(accepts(Number(type), 1, 8), false, `${type} on a stream`);
    if (stream === 'its own')
      assert.equal(accepts(Number(type), 0, Number(payload) || 0), false, `${type} on stream 0`);
  }
});

/** Whether the decoder takes a frame's header. */
function accepts(type: number, streamId: number, length: number): boolean {
  const limits = { expectPreface: false, maxFrameBytes: 1 << 20, maxHeaderBlockBytes: 1 << 20 };
  const sink = new RecordingSink();
  const decoder = new FrameDecoder(sink, sink, limits);
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  writeFrameHeader(header, 0, length, type, 0, streamId);
  decoder.push(encodeSettings([]));
  try {
    decoder.push(header);
    return true;
  } catch {
    return false;
  }
}

test('docs/wire/http2.md: both ends send the settings of the table', () => {
  const rows = readTable('wire/http2.md', 'Setting', 'Id', 'Client', 'Server');
  for (const [column, server] of [
    [2, false],
    [3, true],
  ] as const) {
    const expected = rows
      .filter((row) => row[column] !== '')
      .map((row) => [row[0], Number(row[1]), Number(row[column])]);
    const names = new Map(Object.entries(Setting).map(([name, id]) => [id as number, name]));
    const pairs = settingsOf(server, DEFAULT_HTTP2_OPTIONS);
    const sent = pairs.flatMap((id, at) => (at % 2 === 0 ? [[names.get(id), id, pairs[at + 1]]] : []));
    assert.deepEqual(
      sent.toSorted((a, b) => Number(a[1]) - Number(b[1])),
      expected,
    );
  }
  const preface = Buffer.from(encodeConnectionPreface(true, DEFAULT_HTTP2_OPTIONS));
  assert.equal(preface.readUInt32BE(preface.length - 4), 33_554_432 - 65_535);
});

test('docs/wire/http2.md: an HTTP/2 session has the bounds of the table', () => {
  const rows = readTable('wire/http2.md', 'Bound', 'Value');
  assert.deepEqual(
    rows.map(([, value]) => value),
    [
      `${MAX_CONTINUATIONS}`,
      `${maxHeaderBlockBytes(DEFAULT_HTTP2_OPTIONS)}`,
      `${STREAM_ERROR_BUDGET.burst}, ${STREAM_ERROR_BUDGET.perSecond}`,
      `${EMPTY_FRAME_BUDGET.burst}, ${EMPTY_FRAME_BUDGET.perSecond}`,
      `${MAX_QUEUED_ANSWERS}`,
    ],
  );
});
