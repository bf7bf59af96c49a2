import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { within } from '../../../support/defer.js';
import { test } from '../../../support/grpc-servers.js';
import { serveKv } from '../../../support/kv-server.js';
import { framed, RawCall } from '../../../support/raw-call.js';

const get = () => ({ value: Buffer.from('value') });

test('bytes that are not HTTP/2 end their connection only', async () => {
  await using peer = await serveKv({ get });
  for (const garbage of [
    'GET / HTTP/1.1\r\n\r\n',
    '\0'.repeat(100),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  ]) {
    const connection = connect(peer.path);
    connection.on('error', () => {});
    connection.write(Buffer.from(garbage, 'latin1'));
    await within(10_000, 'the end of the connection', once(connection.resume(), 'close'));
  }
  await peer.unary('get', {});
});

test('any sequence of HTTP/2 frames affects its own connection only', async () => {
  await using peer = await serveKv({ get });
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
  const frame = fc
    .record({
      type: fc.integer({ min: 0, max: 11 }),
      flags: fc.integer({ min: 0, max: 255 }),
      stream: fc.integer({ min: 0, max: 5 }),
      payload: fc.uint8Array({ maxLength: 40 }),
      length: fc.option(fc.integer({ min: 0, max: 0xff_ffff }), { freq: 10 }),
    })
    .map(({ type, flags, stream, payload, length }) => {
      const header = Buffer.alloc(9);
      header.writeUIntBE(length ?? payload.length, 0, 3);
      header[3] = type;
      header[4] = flags;
      header.writeUInt32BE(stream, 5);
      return Buffer.concat([header, payload]);
    });
  const property = fc.asyncProperty(fc.array(frame, { maxLength: 8 }), async (frames) => {
    const connection = connect(peer.path);
    connection.on('error', () => {});
    connection.write(Buffer.concat([preface, ...frames]));
    // The server's settings: it has begun to read. Node 20 answers with GOAWAY, but leaves the closing to us.
    await within(10_000, 'an answer', once(connection, 'data'));
    connection.destroy();
  });
  await fc.assert(property, { numRuns: 200 });
  await peer.unary('get', {});
});

test('requests that are not gRPC are refused, and the connection goes on', async () => {
  await using peer = await serveKv({ get });
  const cases: [string, string, Record<string, string>, Buffer | undefined, RegExp][] = [
    ['an unknown method', '/kv.v1.KV/Nope', {}, framed(new Uint8Array(0)), /^200 12$/],
    ['a path with bytes above ASCII', '/kv.v1.KV/\u00fc%', {}, framed(new Uint8Array(0)), /^200 12$|reset/],
    ['another content type', '/kv.v1.KV/Get', { 'content-type': 'text/html' }, undefined, /^415/],
    ['no message', '/kv.v1.KV/Get', {}, undefined, /^200 12$/],
    ['two messages', '/kv.v1.KV/Get', {}, Buffer.alloc(10), /^200 12$/],
    ['a truncated message', '/kv.v1.KV/Get', {}, Buffer.from([0, 0, 0, 0, 9, 1]), /^200 \d+$/],
    ['a message that is no protobuf', '/kv.v1.KV/Get', {}, framed(Buffer.from([0x0a, 0xff])), /^200 13$/],
    ['an unknown compression', '/kv.v1.KV/Get', { 'grpc-encoding': 'br' }, Buffer.from([1, 0, 0, 0, 1, 0]), /^200 12$/],
    ['broken gzip', '/kv.v1.KV/Get', { 'grpc-encoding': 'gzip' }, Buffer.from([1, 0, 0, 0, 1, 0]), /^200 13$/],
    ['a senseless timeout', '/kv.v1.KV/Get', { 'grpc-timeout': 'soon' }, framed(new Uint8Array(0)), /^200 \d+$/],
  ];
  for (const [what, path, headers, body, expected] of cases) {
    using call = new RawCall(peer.path, path, headers);
    const answered = once(call.stream, 'response').then(([response]) => String(response[':status']));
    if (body === undefined) call.stream.end();
    else call.stream.end(body);
    const outcome = call.finish().then(async ({ trailers }) => [await answered, trailers['grpc-status']].join(' '));
    assert.match(
      await within(
        10_000,
        what,
        outcome.catch(() => 'reset'),
      ),
      expected,
      what,
    );
  }
  await peer.unary('get', {});
});

test('a request over maxReceiveMessageBytes is refused at its header', async () => {
  await using peer = await serveKv({}, { maxReceiveMessageBytes: 1000 });
  using call = new RawCall(peer.path, '/kv.v1.KV/Put');
  call.stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
  const { trailers } = await within(10_000, 'the refusal', call.finish());
  assert.equal(trailers['grpc-status'], String(status.RESOURCE_EXHAUSTED));
});
