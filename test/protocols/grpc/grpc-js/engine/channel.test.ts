import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { firstValueFrom } from 'rxjs';
import { GrpcJsStream } from '../../../../../src/protocols/grpc/grpc-js/engine/stream.js';
import { memoryRig } from '../../../../support/probe-rig.js';

const engine = 'grpc-js';

test('grpc-js’s channel uses only the connections of the dialer, without a listener', async () => {
  const types = new Set<string>();
  const hook = createHook({ init: (_id, type) => void types.add(type) }).enable();
  await using rig = memoryRig({ engine });
  await firstValueFrom(rig.client.echo({}));
  hook.disable();
  assert.ok(types.has('HTTP2SESSION'));
  const reached = [...types].filter((type) => /^(TCP|PIPE)(SERVER|CONNECT)WRAP$|^GETADDRINFO/.test(type));
  assert.deepEqual(reached, []);
});

test('calls that are cancelled in the turn in which they were made leave no stream open', async () => {
  const open = new Set<ServerHttp2Stream>();
  let opened = 0;
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (!String(headers[':path']).endsWith('/Hang')) return stream.respond({ ':status': 503 }, { endStream: true });
    opened++;
    open.add(stream);
    stream.once('close', () => open.delete(stream));
  });
  await using rig = memoryRig({ engine, accept: (far: Duplex) => server.emit('connection', far) });
  await rig.channel.connect();
  for (let call = 0; call < 50; call++) rig.client.hang({}).subscribe().unsubscribe();
  // Whatever the others still send lies before this call.
  await assert.rejects(firstValueFrom(rig.client.echo({})));
  for (let turns = 0; open.size > 0 && turns < 100; turns++) await turn();
  assert.equal(open.size, 0, `of ${opened}`);
});

const partings: readonly (readonly [what: string, greet: (far: Duplex) => void, message: RegExp])[] = [
  ['speaks HTTP/1.1', (far) => void far.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak HTTP\/2/],
  ['closes', (far) => void far.end(), /The peer closed the connection/],
];
for (const [what, greet, message] of partings) {
  test(`a peer that ${what} is told by the error, over what is no socket too`, async () => {
    const accept = (far: Duplex) => greet(far.resume());
    await using rig = memoryRig({ engine, accept });
    await assert.rejects(rig.channel.connect(), { code: 'ERR_CONNECTION_LOST', message });
  });
}

for (const [what, loss, expected] of [
  ['is a reset, which may mean a deadline', undefined, [[8, undefined]]],
  ['of a lost connection is its loss', new Error('gone'), [[8, 'gone']]],
] as const) {
  test(`what grpc-js calls cancelled by the peer ${what}`, () => {
    const resets: (readonly [number, string | undefined])[] = [];
    const events = {
      onHeaders: () => {},
      onData: () => {},
      onTrailers: () => {},
      onEnd: () => {},
      onDrain: () => {},
      onReset: (code: number, error?: Error) => void resets.push([code, error?.message]),
    };
    const stream = new GrpcJsStream(
      {} as ConstructorParameters<typeof GrpcJsStream>[0],
      events,
      () => loss,
      () => {},
    );
    const status = { code: 1, details: 'Call cancelled', metadata: new Metadata() };
    stream.onReceiveStatus(status);
    stream.onReceiveStatus(status);
    assert.deepEqual(resets, expected);
  });
}
