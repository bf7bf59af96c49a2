import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { status as Status } from '@grpc/grpc-js';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import type { ChannelState, GrpcChannel } from '../../../src/protocols/grpc/client/channel.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import type { Dialer } from '../../../src/transports/transport.js';
import { defer } from '../../support/defer.js';
import { memoryDialer } from '../../support/dialers.js';
import { rejection } from '../../support/rejection.js';
import type { ChannelTests } from './tests.js';

const neverDials: Dialer = { dial: () => new Promise(() => {}) };

function statusOf(state: ChannelState): string {
  return state.status;
}

function become(channel: GrpcChannel, status: ChannelState['status']): Promise<ChannelState> {
  return firstValueFrom(channel.state$.pipe(filter((state) => state.status === status)));
}

const notHttp2: readonly (readonly [what: string, behave: (far: Duplex) => void])[] = [
  ['answers HTTP/1.1', (far) => far.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['sends junk', (far) => far.write(Buffer.alloc(1000, 0xfe))],
  ['stops within a frame', (far) => far.end(Buffer.from([0, 0, 18, 4, 0]))],
  ['ends at once', (far) => far.end()],
  ['closes at once', (far) => far.destroy()],
];

const silent: readonly (readonly [what: string, dialer: Dialer])[] = [
  ['dialer that never settles', neverDials],
  ['peer that sends nothing', memoryDialer((far) => far.resume())],
];

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

/** When a channel connects, what it reports, and how long it tries. */
export function connecting({ on, each }: ChannelTests): void {
  for (const [what, behave] of notHttp2) {
    on(`a peer that ${what} makes calls UNAVAILABLE with the cause`, async ({ open }) => {
      const accept = (far: Duplex) => {
        far.resume();
        behave(far);
      };
      await using rig = open({ accept });
      const error = await rejection(firstValueFrom(rig.client.echo({})));
      assert.equal(error.status, Status.UNAVAILABLE);
      assert.ok(error.cause instanceof Error);
      assert.equal(rig.channel.state.status, 'transient-failure');
    });
  }

  for (const [what, dialer] of silent) {
    on(`the attempt with a ${what} ends after the connect timeout`, async ({ open }) => {
      await using rig = open({ channel: { dialer, connectTimeoutMs: 30 } });
      const error = await rejection(firstValueFrom(rig.client.echo({})));
      assert.equal(error.status, Status.UNAVAILABLE);
      assert.match(error.detail, /within 30 ms/);
      assert.equal((error.cause as { code?: string }).code, 'ERR_DIAL_TIMEOUT');
    });
  }

  for (const [what, dialer] of refusals) {
    on(`a dialer that ${what} fails the attempt with its error text`, async ({ open }) => {
      await using rig = open({ channel: { dialer } });
      await assert.rejects(rig.channel.connect(), { code: 'ERR_DIAL', message: /nobody home/ });
      const error = await rejection(firstValueFrom(rig.client.echo({})));
      assert.match(error.detail, /nobody home/);
    });
  }

  each('the states of a channel: idle until its first call, connecting, ready, and shut down', async ({ open }) => {
    const rig = open();
    const states = lastValueFrom(rig.channel.state$.pipe(toArray()));
    await firstValueFrom(rig.client.echo({}));
    await rig[Symbol.asyncDispose]();
    assert.deepEqual((await states).map(statusOf), ['idle', 'connecting', 'ready', 'shutdown']);
  });

  each('connect connects without a call, and again without effect', async ({ open }) => {
    await using rig = open();
    await Promise.all([rig.channel.connect(), rig.channel.connect()]);
    await rig.channel.connect();
    assert.equal(rig.channel.state.status, 'ready');
  });

  on('a connection that is dialed after the timeout is destroyed', async ({ open }) => {
    const [near, far] = duplexPair();
    const late = defer<Duplex>();
    await using rig = open({ channel: { dialer: { dial: () => late.promise }, connectTimeoutMs: 10 } });
    await assert.rejects(rig.channel.connect(), { code: 'ERR_DIAL_TIMEOUT' });
    far.on('error', () => {});
    const closed = new Promise((resolve) => far.resume().once('close', resolve));
    late.resolve(near);
    await closed;
    assert.equal(near.destroyed, true);
  });

  on('a dialer that returns a closed connection fails the attempt', async ({ open }) => {
    const [near, far] = duplexPair();
    far.on('error', () => {});
    const closed = new Promise((resolve) => near.once('close', resolve));
    near.destroy();
    await closed;
    await using rig = open({ channel: { dialer: { dial: () => Promise.resolve(near) } } });
    await assert.rejects(rig.channel.connect(), { code: 'ERR_CONNECTION_LOST' });
  });

  each('waitForReady waits through failed attempts, other calls fail with the first', async ({ open }) => {
    await using backend = open();
    let attempts = 0;
    const { promise: opened, resolve: openUp } = defer<Dialer>();
    const real = memoryDialer((far) => backend.server.inject(far));
    const dialer: Dialer = {
      dial: async (options) => (++attempts < 4 ? Promise.reject(new Error('not yet')) : (await opened).dial(options)),
    };
    await using rig = open({ channel: { dialer, backoff: { initialMs: 1, maxMs: 2 } } });
    const patient = firstValueFrom(rig.client.echo({ number: 1 }, { waitForReady: true }));
    assert.equal((await rejection(firstValueFrom(rig.client.echo({})))).status, Status.UNAVAILABLE);
    openUp(real);
    assert.equal((await patient).number, 1);
    assert.equal(attempts, 4);
  });

  on(
    'without a waiting call a failed channel is idle after the backoff, and the next call tries again',
    async ({ open }) => {
      let attempts = 0;
      const dialer: Dialer = {
        dial() {
          attempts++;
          return Promise.reject(new Error('no'));
        },
      };
      await using rig = open({ channel: { dialer, backoff: { initialMs: 1, maxMs: 1 } } });
      await assert.rejects(rig.channel.connect());
      // The timer of a backoff without waiting calls holds no process.
      const keepAlive = setInterval(() => {}, 1000);
      await become(rig.channel, 'idle');
      clearInterval(keepAlive);
      assert.equal(attempts, 1);
      await rejection(firstValueFrom(rig.client.echo({})));
      assert.equal(attempts, 2);
    },
  );

  on('a deadline ends a call that waits for its connection, and the error says so', async ({ open }) => {
    await using rig = open({ channel: { dialer: neverDials } });
    const error = await rejection(firstValueFrom(rig.client.echo({}, { timeoutMs: 20, waitForReady: true })));
    assert.equal(error.status, Status.DEADLINE_EXCEEDED);
    assert.match(error.detail, /waited for a connection/);
  });

  on('invalid options are refused before anything is dialed', ({ createChannel }) => {
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
}
