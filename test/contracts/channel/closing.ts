import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { status as Status } from '@grpc/grpc-js';
import { filter, firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import type { ChannelState, GrpcChannel } from '../../../src/protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../../src/protocols/grpc/client/client.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import type { Dialer } from '../../../src/transports/transport.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { defer } from '../../support/defer.js';
import { netDialer } from '../../support/dialers.js';
import { bind, grpcJsProbeServer } from '../../support/grpc-js-probe.js';
import { rejection } from '../../support/rejection.js';
import type { ChannelTests } from './tests.js';

function become(channel: GrpcChannel, status: ChannelState['status']): Promise<ChannelState> {
  return firstValueFrom(channel.state$.pipe(filter((state) => state.status === status)));
}

/** What calls and later calls see when the connection, the server or the channel ends. */
export function closing({ on, each }: ChannelTests): void {
  each('a lost connection ends the calls with UNAVAILABLE, and the next call connects again', async ({ open }) => {
    await using backend = open();
    const ends: Duplex[] = [];
    const accept = (far: Duplex) => {
      ends.push(far);
      backend.server.inject(far);
    };
    await using rig = open({ accept });
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

  on('after GOAWAY running calls finish and new ones go over a new connection', async ({ open }) => {
    const sessions: ServerHttp2Session[] = [];
    const release = defer();
    const server = createServer();
    server.on('session', (session) => sessions.push(session));
    const arrived = defer();
    server.on('stream', (stream) => {
      arrived.resolve();
      const answer = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '9' };
      void release.promise.then(() => stream.respond(answer, { endStream: true }));
    });
    await using rig = open({ accept: (far) => server.emit('connection', far) });
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

  on('a server that shuts down by force ends the call; after its restart calls succeed', async ({ createChannel }) => {
    const directory = mkdtempSync(join(tmpdir(), 'g-'));
    const path = join(directory, 's');
    const channel = createChannel({
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

  each('close ends running and later calls with CANCELLED, and completes state$', async ({ open }) => {
    await using rig = open();
    const hanging = rejection(firstValueFrom(rig.client.hang({ token: 'x' })));
    await firstValueFrom(rig.client.observe({ token: 'x' }));
    const closing = rig.channel.close();
    assert.equal((await hanging).status, Status.CANCELLED);
    await closing;
    await rig.channel.close();
    assert.equal((await rejection(firstValueFrom(rig.client.echo({})))).status, Status.CANCELLED);
    await assert.rejects(rig.channel.connect(), { code: 'ERR_CLOSED' });
    assert.deepEqual(
      (await firstValueFrom(rig.channel.state$.pipe(toArray()))).map(({ status }) => status),
      ['shutdown'],
    );
  });

  on('close ends an attempt to connect', async ({ open }) => {
    let signal: AbortSignal | undefined;
    const dialer: Dialer = {
      dial(options) {
        signal = options?.signal;
        return new Promise(() => {});
      },
    };
    await using rig = open({ channel: { dialer } });
    const connecting = assert.rejects(rig.channel.connect(), { code: 'ERR_CLOSED' });
    const waiting = rejection(firstValueFrom(rig.client.echo({}, { waitForReady: true })));
    await rig.channel.close();
    await connecting;
    assert.equal((await waiting).status, Status.CANCELLED);
    assert.equal(signal?.aborted, true);
  });

  each('a caller that makes a new call at the end of each does not delay close', async ({ open }) => {
    await using rig = open();
    let calls = 0;
    const ended = defer();
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

  each('keep-alive detects a peer that sends nothing any more', async ({ open }) => {
    let silence = false;
    await using backend = open();
    const accept = (far: Duplex) => {
      const [front, behind] = duplexPair();
      behind.on('data', (chunk) => silence || far.write(chunk)).on('error', () => {});
      far.on('data', (chunk) => silence || behind.write(chunk)).once('close', () => behind.destroy());
      backend.server.inject(front);
    };
    await using rig = open({ accept, channel: { http2: { keepAliveMs: 5, keepAliveTimeoutMs: 40 } } });
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
}
