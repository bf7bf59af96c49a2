import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { ServerCredentials, status as Status } from '@grpc/grpc-js';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import type { ChannelState, GrpcChannel } from '../../../../src/protocols/grpc/client/grpc-channel.js';
import { duplexPair } from '../../../../src/testing/duplex-pair.js';
import type { Dialer } from '../../../../src/transports/transport.js';
import { defer } from '../../../support/defer.js';
import { memoryDialer } from '../../../support/dialers.js';
import { createChannel, test } from '../../../support/engines.js';
import { memoryRig } from '../../../support/probe-rig.js';
import { rejection } from '../../../support/rejection.js';

const neverDials: Dialer = { dial: () => new Promise(() => {}) };

function statusOf(state: ChannelState): string {
  return state.status;
}

function become(channel: GrpcChannel, status: ChannelState['status']): Promise<ChannelState> {
  return firstValueFrom(channel.state$.pipe(filter((state) => state.status === status)));
}

test('a channel is idle until its first call, then connecting and ready, and shut down in the end', async () => {
  const rig = memoryRig();
  const states = lastValueFrom(rig.channel.state$.pipe(toArray()));
  await firstValueFrom(rig.client.echo({}));
  await rig[Symbol.asyncDispose]();
  assert.deepEqual((await states).map(statusOf), ['idle', 'connecting', 'ready', 'shutdown']);
});

test('connect connects without a call, and again without effect', async () => {
  await using rig = memoryRig();
  await Promise.all([rig.channel.connect(), rig.channel.connect()]);
  await rig.channel.connect();
  assert.equal(rig.channel.state.status, 'ready');
});

const strangers: readonly (readonly [what: string, greet: (far: Duplex) => void])[] = [
  ['answers HTTP/1.1', (far) => far.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['sends junk', (far) => far.write(Buffer.alloc(1000, 0xfe))],
  ['stops within a frame', (far) => far.end(Buffer.from([0, 0, 18, 4, 0]))],
  ['ends at once', (far) => far.end()],
  ['closes at once', (far) => far.destroy()],
];
for (const [what, greet] of strangers) {
  test(`a peer that ${what} makes calls UNAVAILABLE with the cause`, async () => {
    const accept = (far: Duplex) => {
      far.resume();
      greet(far);
    };
    await using rig = memoryRig({ accept });
    const error = await rejection(firstValueFrom(rig.client.echo({})));
    assert.equal(error.status, Status.UNAVAILABLE);
    assert.ok(error.cause instanceof Error);
    assert.equal(rig.channel.state.status, 'transient-failure');
  });
}

const silent: readonly (readonly [what: string, dialer: Dialer])[] = [
  ['dialer that never comes back', neverDials],
  ['peer that never speaks', memoryDialer((far) => far.resume())],
];
for (const [what, dialer] of silent) {
  test(`a ${what} is given up after the connect timeout`, async () => {
    await using rig = memoryRig({ channel: { dialer, connectTimeoutMs: 30 } });
    const error = await rejection(firstValueFrom(rig.client.echo({})));
    assert.equal(error.status, Status.UNAVAILABLE);
    assert.match(error.detail, /within 30 ms/);
    assert.equal((error.cause as { code?: string }).code, 'ERR_DIAL_TIMEOUT');
  });
}

test('a connection that comes too late is destroyed', async () => {
  const [near, far] = duplexPair();
  const late = defer<Duplex>();
  await using rig = memoryRig({ channel: { dialer: { dial: () => late.promise }, connectTimeoutMs: 10 } });
  await assert.rejects(rig.channel.connect(), { code: 'ERR_DIAL_TIMEOUT' });
  far.on('error', () => {});
  const closed = new Promise((resolve) => far.resume().once('close', resolve));
  late.resolve(near);
  await closed;
  assert.equal(near.destroyed, true);
});

test('a dialer that gives a connection which is closed already fails the attempt', async () => {
  const [near, far] = duplexPair();
  far.on('error', () => {});
  const closed = new Promise((resolve) => near.once('close', resolve));
  near.destroy();
  await closed;
  await using rig = memoryRig({ channel: { dialer: { dial: () => Promise.resolve(near) } } });
  await assert.rejects(rig.channel.connect(), { code: 'ERR_CONNECTION_LOST' });
});

const refusals: readonly (readonly [what: string, dialer: Dialer])[] = [
  ['rejects', { dial: () => Promise.reject(new Error('nobody home')) }],
  [
    'throws',
    {
      dial() {
        throw new Error('nobody home');
      },
    },
  ],
];
for (const [what, dialer] of refusals) {
  test(`a dialer that ${what} fails the attempt with its words`, async () => {
    await using rig = memoryRig({ channel: { dialer } });
    await assert.rejects(rig.channel.connect(), { code: 'ERR_DIAL', message: /nobody home/ });
    const error = await rejection(firstValueFrom(rig.client.echo({})));
    assert.match(error.detail, /nobody home/);
  });
}

test('waitForReady waits through failed attempts, other calls fail with the first', async () => {
  await using backend = memoryRig();
  let attempts = 0;
  const { promise: opened, resolve: open } = defer<Dialer>();
  const injector = backend.server.createConnectionInjector(ServerCredentials.createInsecure());
  const real = memoryDialer((far) => injector.injectConnection(far));
  const dialer: Dialer = {
    dial: async (options) => (++attempts < 4 ? Promise.reject(new Error('not yet')) : (await opened).dial(options)),
  };
  await using rig = memoryRig({ channel: { dialer, backoff: { initialMs: 1, maxMs: 2 } } });
  const patient = firstValueFrom(rig.client.echo({ number: 1 }, { waitForReady: true }));
  assert.equal((await rejection(firstValueFrom(rig.client.echo({})))).status, Status.UNAVAILABLE);
  open(real);
  assert.equal((await patient).number, 1);
  assert.equal(attempts, 4);
});

test('without a waiting call a failed channel is idle after the backoff, and the next call tries again', async () => {
  let attempts = 0;
  const dialer: Dialer = {
    dial() {
      attempts++;
      return Promise.reject(new Error('no'));
    },
  };
  await using rig = memoryRig({ channel: { dialer, backoff: { initialMs: 1, maxMs: 1 } } });
  await assert.rejects(rig.channel.connect());
  // The timer of a backoff without waiting calls holds no process.
  const keepAlive = setInterval(() => {}, 1000);
  await become(rig.channel, 'idle');
  clearInterval(keepAlive);
  assert.equal(attempts, 1);
  await rejection(firstValueFrom(rig.client.echo({})));
  assert.equal(attempts, 2);
});

test('a deadline ends a call that still waits for its connection, and says so', async () => {
  await using rig = memoryRig({ channel: { dialer: neverDials } });
  const error = await rejection(firstValueFrom(rig.client.echo({}, { timeoutMs: 20, waitForReady: true })));
  assert.equal(error.status, Status.DEADLINE_EXCEEDED);
  assert.match(error.detail, /waited for a connection/);
});

test('options that cannot be are refused before anything is dialed', () => {
  const dialer = neverDials;
  for (const options of [
    { connectTimeoutMs: 0 },
    { authority: 'a b\n' },
    { maxReceiveMessageBytes: -1 },
    { http2: { keepAliveMs: -1 } },
  ]) {
    assert.throws(() => createChannel({ dialer, ...options }), { code: 'ERR_OPTIONS' });
  }
});
