import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { ServerCredentials, status as Status } from '@grpc/grpc-js';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { type ChannelState, GrpcChannel } from '../../../src/protocols/grpc/channel.js';
import { createGrpcClient } from '../../../src/protocols/grpc/client.js';
import { GrpcError } from '../../../src/protocols/grpc/errors.js';
import { selfSignedAuthority } from '../../../src/transports/certificate.js';
import { secureDialer } from '../../../src/transports/tls.js';
import type { Dialer } from '../../../src/transports/transport.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { deferred } from '../../support/deferred.js';
import { memoryDialer, netDialer } from '../../support/dialers.js';
import { duplexPair } from '../../support/duplex-pair.js';
import { currentEngine, test } from '../../support/engines.js';
import { bind, grpcJsProbeServer } from '../../support/grpc-js-probe.js';
import { memoryRig, unixRig } from '../../support/probe-rig.js';

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
  const late = deferred<Duplex>();
  await using rig = memoryRig({ channel: { dialer: { dial: () => late.promise }, connectTimeoutMs: 10 } });
  await assert.rejects(rig.channel.connect(), { code: 'ERR_DIAL_TIMEOUT' });
  far.on('error', () => {});
  const closed = new Promise((resolve) => far.resume().once('close', resolve));
  late.resolve(near);
  await closed;
  assert.equal(near.destroyed, true);
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
  const { promise: opened, resolve: open } = deferred<Dialer>();
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

test('a lost connection ends the calls with UNAVAILABLE, and the next call connects anew', async () => {
  await using backend = memoryRig();
  const ends: Duplex[] = [];
  const injector = backend.server.createConnectionInjector(ServerCredentials.createInsecure());
  const accept = (far: Duplex) => {
    ends.push(far);
    injector.injectConnection(far);
  };
  await using rig = memoryRig({ accept });
  const hanging = [
    rejection(firstValueFrom(rig.client.hang({ token: 'a' }))),
    rejection(lastValueFrom(rig.client.hangStream({ token: 'b' }))),
  ];
  await firstValueFrom(backend.client.observe({ token: 'a' }));
  await firstValueFrom(backend.client.observe({ token: 'b' }));
  ends[0]!.destroy();
  for (const error of await Promise.all(hanging)) {
    assert.equal(error.status, Status.UNAVAILABLE);
    assert.match(error.detail, /connection was lost/);
  }
  assert.equal(rig.channel.state.status, 'idle');
  await firstValueFrom(rig.client.echo({}));
  assert.equal(ends.length, 2);
});

test('after GOAWAY running calls finish and new ones go over a new connection', async () => {
  const sessions: ServerHttp2Session[] = [];
  const release = deferred();
  const server = createServer();
  server.on('session', (session) => sessions.push(session));
  const arrived = deferred();
  server.on('stream', (stream) => {
    arrived.resolve();
    const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '9' };
    void release.promise.then(() => stream.respond(answer, { endStream: true }));
  });
  await using rig = memoryRig({ accept: (far) => server.emit('connection', far) });
  const first = rejection(firstValueFrom(rig.client.echo({})));
  await arrived.promise;
  sessions[0]!.goaway(0, 1);
  await become(rig.channel, 'idle');
  const second = rejection(firstValueFrom(rig.client.echo({})));
  await become(rig.channel, 'ready');
  assert.equal(sessions.length, 2);
  release.resolve();
  assert.deepEqual(
    [(await first).status, (await second).status],
    [Status.FAILED_PRECONDITION, Status.FAILED_PRECONDITION],
  );
});

test('a server that shuts down by force ends the call; a restarted one is found again', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'g-'));
  const path = join(directory, 's');
  const channel = new GrpcChannel({
    engine: currentEngine,
    dialer: netDialer(path),
    backoff: { initialMs: 1, maxMs: 10 },
  });
  const client = createGrpcClient(channel, ProbeDefinition);
  const first = grpcJsProbeServer();
  await bind(first, `unix:${path}`);
  const hanging = rejection(firstValueFrom(client.hang({ token: 'x' })));
  await firstValueFrom(client.observe({ token: 'x' }));
  first.forceShutdown();
  const { status } = await hanging;
  assert.ok(status === Status.UNAVAILABLE || status === Status.CANCELLED, `status ${status}`);
  await firstValueFrom(channel.state$.pipe(filter((state) => state.status !== 'ready')));
  const absent = await rejection(firstValueFrom(client.echo({})));
  assert.equal(absent.status, Status.UNAVAILABLE);
  assert.match(absent.detail, /ENOENT|ECONNREFUSED/);
  const patient = firstValueFrom(client.echo({ number: 5 }, { waitForReady: true }));
  const second = grpcJsProbeServer();
  await bind(second, `unix:${path}`);
  assert.equal((await patient).number, 5);
  await channel.close();
  second.forceShutdown();
  rmSync(directory, { recursive: true });
});

test('closing ends every call with CANCELLED, now and later, and completes the states', async () => {
  await using rig = memoryRig();
  const hanging = rejection(firstValueFrom(rig.client.hang({ token: 'x' })));
  await firstValueFrom(rig.client.observe({ token: 'x' }));
  const closing = rig.channel.close();
  assert.equal((await hanging).status, Status.CANCELLED);
  await closing;
  await rig.channel.close();
  assert.equal((await rejection(firstValueFrom(rig.client.echo({})))).status, Status.CANCELLED);
  await assert.rejects(rig.channel.connect(), { code: 'ERR_CLOSED' });
  assert.deepEqual((await firstValueFrom(rig.channel.state$.pipe(toArray()))).map(statusOf), ['shutdown']);
});

test('closing while connecting gives up the attempt', async () => {
  let signal: AbortSignal | undefined;
  const dialer: Dialer = {
    dial(options) {
      signal = options?.signal;
      return new Promise(() => {});
    },
  };
  await using rig = memoryRig({ channel: { dialer } });
  const connecting = assert.rejects(rig.channel.connect(), { code: 'ERR_CLOSED' });
  const waiting = rejection(firstValueFrom(rig.client.echo({}, { waitForReady: true })));
  await rig.channel.close();
  await connecting;
  assert.equal((await waiting).status, Status.CANCELLED);
  assert.equal(signal?.aborted, true);
});

test('whoever answers the end of a call with a new call does not keep a closing channel busy', async () => {
  await using rig = memoryRig();
  let calls = 0;
  const ended = deferred();
  const again = () => {
    calls++;
    rig.client
      .hang({ token: 'again' })
      .subscribe({ error: () => (rig.channel.state.status === 'shutdown' && calls > 3 ? ended.resolve() : again()) });
  };
  again();
  await firstValueFrom(rig.client.observe({ token: 'again' }));
  await rig.channel.close();
  await ended.promise;
});

test('keepalive notices a peer that fell silent', async () => {
  let silence = false;
  await using backend = memoryRig();
  const injector = backend.server.createConnectionInjector(ServerCredentials.createInsecure());
  const accept = (far: Duplex) => {
    const [front, behind] = duplexPair();
    behind.on('data', (chunk) => silence || far.write(chunk)).on('error', () => {});
    far.on('data', (chunk) => silence || behind.write(chunk)).once('close', () => behind.destroy());
    injector.injectConnection(front);
  };
  await using rig = memoryRig({ accept, channel: { keepalive: { intervalMs: 5, timeoutMs: 40 } } });
  await firstValueFrom(rig.client.echo({}));
  const keepAlive = setInterval(() => {}, 1000);
  const hanging = rejection(firstValueFrom(rig.client.hang({ token: 'silence' })));
  await firstValueFrom(backend.client.observe({ token: 'silence' }));
  silence = true;
  const error = await hanging;
  clearInterval(keepAlive);
  assert.equal(error.status, Status.UNAVAILABLE);
  assert.match(error.detail, /PING|ping/);
});

test('mutual TLS is the dialer’s matter: calls pass, and a stranger’s certificate is UNAVAILABLE', async () => {
  const authority = selfSignedAuthority({ curve: 'P-256' });
  const [plugin, host, stranger] = [await authority.issue(), await authority.issue(), await authority.issue()];
  const server = grpcJsProbeServer();
  const pair = { private_key: Buffer.from(plugin.keyPem), cert_chain: Buffer.from(plugin.certificatePem) };
  const port = await bind(
    server,
    '127.0.0.1:0',
    ServerCredentials.createSsl(Buffer.from(host.certificatePem), [pair], true),
  );
  for (const [identity, passes] of [
    [host, true],
    [stranger, false],
  ] as const) {
    const tls = { key: identity.keyPem, cert: identity.certificatePem, ca: [plugin.certificatePem] };
    const dialer = secureDialer(netDialer(port), tls, { alpn: ['h2'] });
    const channel = new GrpcChannel({ engine: currentEngine, dialer, secure: true });
    const client = createGrpcClient(channel, ProbeDefinition);
    const call = firstValueFrom(client.echo({ data: Buffer.alloc(5_000_000) }));
    if (passes) assert.equal((await call).data.length, 5_000_000);
    else assert.equal((await rejection(call)).status, Status.UNAVAILABLE);
    await channel.close();
  }
  server.forceShutdown();
});

test('options that cannot be are refused before anything is dialed', () => {
  const dialer = neverDials;
  for (const options of [
    { connectTimeoutMs: 0 },
    { authority: 'a b\n' },
    { maxReceiveMessageBytes: -1 },
    { keepalive: { intervalMs: 0 } },
  ]) {
    assert.throws(() => new GrpcChannel({ dialer, ...options }), { code: 'ERR_OPTIONS' });
  }
});

for (const [where, open] of [
  ['an in-memory Duplex', () => memoryRig()],
  ['a unix socket', () => unixRig()],
] as const) {
  test(`2 000 mixed calls at a time-sharing of 50 pass over ${where}`, async () => {
    await using rig = await open();
    const { client } = rig;
    let next = 0;
    const kinds = [
      async (n: number) =>
        assert.equal((await firstValueFrom(client.echo({ number: n, data: Buffer.alloc(n % 5000) }))).number, n),
      async (n: number) =>
        assert.equal(
          (await lastValueFrom(client.produce({ count: 1 + (n % 20), size: 500 }).pipe(toArray()))).length,
          1 + (n % 20),
        ),
      async (n: number) => assert.equal((await firstValueFrom(client.consume([{ number: n }, {}]))).count, 2),
      async () => assert.equal((await lastValueFrom(client.exchange([{}, {}, {}]).pipe(toArray()))).length, 3),
      async () =>
        assert.equal((await rejection(firstValueFrom(client.fail({ code: 3 })))).status, Status.INVALID_ARGUMENT),
      async (n: number) =>
        client
          .hang({ token: `mixed-${n}` })
          .subscribe()
          .unsubscribe(),
      async (n: number) =>
        assert.equal((await firstValueFrom(client.echo({ data: Buffer.alloc(300_000, n) }))).data.length, 300_000),
    ];
    const worker = async () => {
      while (next < 2000) {
        const n = next++;
        await kinds[n % kinds.length]!(n);
      }
    };
    await Promise.all(Array.from({ length: 50 }, worker));
  });
}

async function rejection(promise: Promise<unknown>): Promise<GrpcError> {
  const error = await promise.then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (!GrpcError.is(error)) throw error;
  return error;
}
