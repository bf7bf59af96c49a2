import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { NEVER } from 'rxjs';
import { KVDefinition } from '../../../../examples/gen/kv.js';
import { GrpcError } from '../../../../src/protocols/grpc/shared/errors.js';
import { createLogger, type LogRecord } from '../../../../src/wire/logs/logger.js';
import { ENDPOINTS } from '../../../support/engines.js';
import { serveOnUnixSocket } from '../../../support/grpc-peer.js';
import type { KV } from '../../../support/kv-server.js';

// grpc-js does not look at the limit: the tests are of our own engine.

const LIMIT = 1024;
const EMPTY_MESSAGE = Buffer.alloc(5);
const IDLE: KV = { get: () => NEVER, put: () => NEVER, watch: () => NEVER, import: () => NEVER, sync: () => NEVER };

interface Received {
  /** Each header list: its size as SETTINGS_MAX_HEADER_LIST_SIZE counts, and what is in it. */
  readonly lists: readonly { readonly bytes: number; readonly headers: Readonly<Record<string, unknown>> }[];
  readonly told: readonly string[];
}

/** What a client that accepts header lists of 1024 bytes gets as the answer of `get`, and what the server logs. */
async function answerOf(get: KV['get'], path = '/kv.v1.KV/Get', limit = LIMIT): Promise<Received> {
  const told: string[] = [];
  const logger = createLogger({ write: ({ level, message }: LogRecord) => told.push(`${level}: ${message}`) });
  const server = ENDPOINTS.native.createServer({ logger });
  server.addService(KVDefinition, { ...IDLE, get });
  await using socket = await serveOnUnixSocket(server);
  const session = connect('http://localhost', {
    createConnection: () => connectSocket(socket.path),
    settings: { maxHeaderListSize: limit },
  });
  const lists: { bytes: number; headers: Record<string, unknown> }[] = [];
  const take = (headers: Record<string, unknown>, _flags: number, raw?: readonly string[]) => {
    const pairs = raw ?? Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
    const bytes = pairs.join('').length + (pairs.length / 2) * 32;
    lists.push({ bytes, headers: { ...headers } });
  };
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('response', take).on('trailers', take).resume();
  stream.end(EMPTY_MESSAGE);
  await once(stream, 'close');
  session.close();
  for (const { bytes } of lists) assert.ok(bytes <= limit, `${bytes} bytes of headers`);
  return { lists, told };
}

function sized(bytes: number): Metadata {
  const metadata = new Metadata();
  metadata.set('filling', 'y'.repeat(bytes));
  return metadata;
}

const last = ({ lists }: Received) => lists.at(-1)?.headers ?? {};
const messageOf = (received: Received) => decodeURIComponent(String(last(received)['grpc-message']));

test('initial metadata above what the caller accepts fail the call, with both sizes', async () => {
  const received = await answerOf((_, call) => {
    call.sendHeaders(sized(1000));
    return {};
  });
  assert.equal(last(received)['grpc-status'], String(status.RESOURCE_EXHAUSTED));
  assert.match(
    messageOf(received),
    /headers .* \/kv\.v1\.KV\/Get have 1\d{3} bytes, at most 1024 .*SETTINGS_MAX_HEADER_LIST_SIZE/,
  );
  assert.deepEqual(received.told, ['warn: a call failed: its initial metadata could not be sent']);
});

test('trailing metadata of a call that succeeded fail it when they are above what the caller accepts', async () => {
  const received = await answerOf((_, call) => {
    call.trailers.merge(sized(1000));
    return {};
  });
  assert.equal(last(received)['grpc-status'], String(status.RESOURCE_EXHAUSTED));
  assert.match(messageOf(received), /trailers .* have 1\d{3} bytes, at most 1024 can be sent/);
  assert.deepEqual(received.told, ['warn: a call failed: its trailing metadata could not be sent']);
});

for (const [when, first] of [
  ['before its headers', false],
  ['after its headers', true],
] as const) {
  test(`metadata of a call that failed ${when} are left out when they are above what the caller accepts`, async () => {
    const received = await answerOf((_, call) => {
      if (first) call.sendHeaders(new Metadata());
      throw new GrpcError(status.NOT_FOUND, 'no such key', { metadata: sized(1000) });
    });
    assert.equal(last(received)['grpc-status'], String(status.NOT_FOUND));
    assert.equal(messageOf(received), 'no such key');
    assert.equal(last(received)['filling'], undefined);
    assert.deepEqual(received.told, ['warn: the end of a failed call was cut']);
  });

  test(`the message of a call that failed ${when} is cut to what the caller accepts`, async () => {
    for (const letter of ['x', 'é', '%', '😀']) {
      const received = await answerOf((_, call) => {
        if (first) call.sendHeaders(new Metadata());
        throw new GrpcError(status.NOT_FOUND, letter.repeat(2000));
      });
      assert.equal(last(received)['grpc-status'], String(status.NOT_FOUND));
      const text = messageOf(received);
      assert.match(text, new RegExp(`^(?:${letter})+…$`, 'u'));
      const { bytes } = received.lists.at(-1)!;
      assert.ok(bytes > LIMIT - 24, `only ${bytes} bytes are used`);
    }
  });
}

test('a status arrives without a text where there is no room for any', async () => {
  const fail: KV['get'] = () => {
    throw new GrpcError(status.NOT_FOUND, 'no such key');
  };
  const received = await answerOf(fail, '/kv.v1.KV/Get', 230);
  assert.deepEqual(
    [last(received)['grpc-status'], last(received)['grpc-message']],
    [String(status.NOT_FOUND), undefined],
  );
});

test('the path of an unknown method is cut to what the caller accepts', async () => {
  const received = await answerOf(() => ({}), `/kv.v1.KV/${'M'.repeat(2000)}`);
  assert.equal(last(received)['grpc-status'], String(status.UNIMPLEMENTED));
  assert.match(messageOf(received), /does not implement the method \/kv\.v1\.KV\/M+…$/);
});

test('metadata within what the caller accepts are sent', async () => {
  const received = await answerOf((_, call) => {
    call.sendHeaders(sized(700));
    call.trailers.merge(sized(800));
    return {};
  });
  assert.deepEqual(
    received.lists.map(({ headers }) => String(headers['filling']).length),
    [700, 800],
  );
  assert.equal(last(received)['grpc-status'], '0');
  assert.deepEqual(received.told, []);
});
