import assert from 'node:assert/strict';
import { createServer } from 'node:http2';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { GreeterDefinition } from '../../../../examples/gen/greeter.js';
import { createGrpcChannel, createGrpcClient, GrpcError, Metadata, status } from '../../../../src/grpc.js';
import type { ServiceOf } from '../../../../src/index.js';
import { memoryDialer } from '../../../support/dialers.js';
import { ENGINES } from '../../../support/engines.js';
import { servicePair } from '../../../support/service-pair.js';

const KIB = 1024;

/** Answers with as much metadata as the name says, before and after the message, and says how much has come. */
const greeter: ServiceOf<typeof GreeterDefinition> = {
  greet({ name }, call) {
    const kib = Number(name);
    call.sendHeaders(sized(kib));
    call.trailers.merge(sized(kib));
    return { greeting: String(lengthOf(call.metadata) / KIB) };
  },
};

function sized(kib: number): Metadata {
  const metadata = new Metadata();
  metadata.set('filling', 'y'.repeat(kib * KIB));
  return metadata;
}

function lengthOf(metadata: Metadata): number {
  return String(metadata.get('filling')[0] ?? '').length;
}

for (const client of ENGINES) {
  for (const server of ENGINES) {
    test(`metadata of any size up to 31 KiB arrives in both directions (${client} to ${server})`, async () => {
      await using pair = servicePair(GreeterDefinition, greeter, { client, server });
      for (const kib of [1, 15, 16, 17, 31]) {
        const seen: number[] = [];
        const see = (metadata: Metadata): void => void seen.push(lengthOf(metadata) / KIB);
        const call$ = pair.client.greet(
          { name: String(kib) },
          { metadata: sized(kib), onHeaders: see, onTrailers: see },
        );
        const { greeting } = await firstValueFrom(call$);
        assert.deepEqual([greeting, seen], [String(kib), [kib, kib]]);
      }
    });

    test(`metadata of a response above 32 KiB fails that call only, with its size (${client} to ${server})`, async () => {
      await using pair = servicePair(GreeterDefinition, greeter, { client, server });
      await assert.rejects(firstValueFrom(pair.client.greet({ name: '33' })), (error) => {
        assert.ok(GrpcError.is(error) && error.status === status.INTERNAL, String(error));
        return /has \d+ bytes, at most 32768 can be sent/.test(error.detail);
      });
      assert.deepEqual(await firstValueFrom(pair.client.greet({ name: '1' })), { greeting: '0' });
    });

    test(`metadata of a request above 64 KiB fails that call only, with its size (${client} to ${server})`, async () => {
      await using pair = servicePair(GreeterDefinition, greeter, { client, server });
      const fitting = pair.client.greet({ name: '0' }, { metadata: sized(63) });
      assert.deepEqual(await firstValueFrom(fitting), { greeting: '63' });
      for (const kib of [64, 300, 20_000]) {
        await assert.rejects(firstValueFrom(pair.client.greet({ name: '0' }, { metadata: sized(kib) })), (error) => {
          assert.ok(GrpcError.is(error) && error.status === status.RESOURCE_EXHAUSTED, String(error));
          return /metadata have \d+ bytes, at most 65536 can be sent/.test(error.detail);
        });
      }
      assert.deepEqual(await firstValueFrom(pair.client.greet({ name: '1' })), { greeting: '0' });
    });
  }
}

/** A server of node that accepts header lists of 8192 bytes, as netty does, and counts the requests that it gets. */
function smallServer(): { readonly inject: (far: Duplex) => void; readonly requests: () => number } {
  let requests = 0;
  const server = createServer({ settings: { maxHeaderListSize: 8192 } });
  server.on('stream', (stream) => {
    requests += 1;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '9' }, { endStream: true });
  });
  return { inject: (far) => void server.emit('connection', far), requests: () => requests };
}

for (const [what, options, channelOptions] of [
  ['metadata', { metadata: sized(8) }, {}],
  ['an authority', {}, { authority: 'a'.repeat(8 * KIB) }],
] as const) {
  test(`${what} above what the peer announces to accept fails its call before it is sent, with both sizes`, async () => {
    const server = smallServer();
    await using channel = createGrpcChannel({ dialer: memoryDialer(server.inject), ...channelOptions });
    const client = createGrpcClient(channel, GreeterDefinition);
    await assert.rejects(firstValueFrom(client.greet({ name: '0' }, options)), (error) => {
      assert.ok(GrpcError.is(error) && error.status === status.RESOURCE_EXHAUSTED, String(error));
      return /have 8\d{3} bytes, at most 8192 can be sent: the peer accepts no more/.test(error.detail);
    });
    assert.equal(server.requests(), 0);
    assert.equal(channel.state.status, 'ready');
  });
}

test('metadata within what the peer announces to accept is sent', async () => {
  const server = smallServer();
  await using channel = createGrpcChannel({ dialer: memoryDialer(server.inject) });
  const client = createGrpcClient(channel, GreeterDefinition);
  const answered = (error: unknown) => GrpcError.is(error) && error.status === status.FAILED_PRECONDITION;
  await assert.rejects(firstValueFrom(client.greet({ name: '0' }, { metadata: sized(7) })), answered);
  assert.equal(server.requests(), 1);
});
