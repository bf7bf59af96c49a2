import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { connectHttp2, serveHttp2 } from '../../../src/transports/http2/open-session.js';
import { encodePreface, encodeSettings } from '../../../src/wire/http2/frame-encoder.js';
import { HpackEncoder } from '../../../src/wire/http2/hpack-encoder.js';
import { defer } from '../../support/defer.js';
import { dataFrame, frame, resetFrame, windowFrame } from './raw-peer.js';
import { Accepted, REQUEST, RESPONSE, TRAILERS } from './server-bench.js';

const id = fc.constantFrom(0, 1, 1, 1, 3, 3, 5, 7, 2, 101);
const block = fc
  .constantFrom(REQUEST, RESPONSE, TRAILERS, ['a', 'b'])
  .map((list) => Uint8Array.from(new HpackEncoder().encode(list)));
const flags = fc.constantFrom(0, 1, 4, 5, 5, 8, 0x20, 0xff);
const anyFrame = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(id, block, flags).map(([stream, bytes, bits]) => frame(1, bits, stream, bytes)) },
  {
    weight: 4,
    arbitrary: fc.tuple(id, fc.nat(3000), fc.boolean()).map(([stream, size, end]) => dataFrame(stream, size, end)),
  },
  { weight: 2, arbitrary: fc.tuple(id, fc.nat(12)).map(([stream, code]) => resetFrame(stream, code)) },
  { weight: 2, arbitrary: fc.tuple(id, fc.nat(100_000)).map(([stream, more]) => windowFrame(stream, more)) },
  fc.tuple(fc.integer({ min: 1, max: 7 }), fc.nat(70_000)).map((pair) => encodeSettings(pair)),
  fc
    .tuple(fc.nat(11), flags, id, fc.uint8Array({ maxLength: 20 }))
    .map(([type, bits, stream, bytes]) => frame(type, bits, stream, bytes)),
  fc.uint8Array({ maxLength: 30 }),
);
const script = fc.array(anyFrame, { minLength: 1, maxLength: 30 });

/** Each stream ends at most once, and nothing but a reset follows its end. */
function assertEventOrder(streams: readonly Accepted[]): void {
  for (const { log } of streams) {
    const resets = log.filter((entry) => entry.startsWith('reset')).length;
    assert.ok(resets <= 1, log.join());
    const end = log.indexOf('end');
    assert.ok(end < 0 || log.slice(end + 1).every((entry) => entry.startsWith('reset')), log.join());
    const reset = log.findIndex((entry) => entry.startsWith('reset'));
    assert.ok(reset < 0 || reset === log.length - 1, log.join());
  }
}

test('a server survives any frames, and events of its streams come in an allowed order', async () => {
  await fc.assert(
    fc.asyncProperty(script, fc.nat(3), async (frames, manner) => {
      const [near, far] = duplexPair();
      const closed = defer<Error | undefined>();
      const streams: Accepted[] = [];
      const session = serveHttp2(
        near,
        (stream, headers, endStream) => {
          const accepted = new Accepted(stream, headers, endStream);
          streams.push(accepted);
          if (manner > 0) stream.sendHeaders(RESPONSE);
          if (manner > 1) stream.write(new Uint8Array(100_000));
          if (manner > 2) stream.sendTrailers(TRAILERS);
          return accepted;
        },
        { onClose: closed.resolve },
        { streamWindowBytes: 4000 },
      );
      far.on('error', () => {}).resume();
      far.write(Buffer.concat([encodePreface(), encodeSettings([]), ...frames]));
      for (let count = 0; count < 4; count += 1) await turn();
      for (const { stream, received } of streams) stream.consume(received);
      await turn();
      session.destroy();
      await closed.promise;
      assertEventOrder(streams);
    }),
    { numRuns: 1500 },
  );
});

test('a client survives any frames, and events of its streams come in an allowed order', async () => {
  await fc.assert(
    fc.asyncProperty(script, fc.boolean(), async (frames, endStream) => {
      const [near, far] = duplexPair();
      const closed = defer<Error | undefined>();
      const session = connectHttp2(near, { onClose: closed.resolve }, { streamWindowBytes: 4000 });
      const calls: Accepted[] = [];
      for (let count = 0; count < 3; count += 1) {
        const at = count;
        const stream = session.open(
          REQUEST,
          {
            onHeaders: (_headers, end) => void calls[at]!.log.push(end ? 'end' : 'headers'),
            onData: (chunk) => calls[at]!.onData(chunk),
            onTrailers: (list) => calls[at]!.onTrailers(list),
            onEnd: () => calls[at]!.onEnd(),
            onReset: (code, error) => calls[at]!.onReset(code, error),
            onDrain: () => {},
          },
          endStream,
        );
        calls.push(new Accepted(stream, REQUEST, endStream));
        stream.write(new Uint8Array(100_000));
      }
      far.on('error', () => {}).resume();
      far.write(Buffer.concat([encodeSettings([]), ...frames]));
      for (let count = 0; count < 4; count += 1) await turn();
      session.destroy();
      await closed.promise;
      assertEventOrder(calls);
      for (const { log } of calls) {
        const last = log.at(-1)!;
        assert.ok(last === 'end' || last.startsWith('reset'), log.join());
      }
    }),
    { numRuns: 1500 },
  );
});
