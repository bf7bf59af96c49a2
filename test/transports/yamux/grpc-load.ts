/**
 * Runs gRPC over yamux streams, in both directions at once, and checks every answer: `node grpc-load.js CLIENT SERVER CONNECTION CALLS`,
 * where CLIENT and SERVER are native or grpc-js, CONNECTION plain, tls or synchronous, or socket, which has no yamux
 * below. A program of its own, so that other versions of Node can run it. Prints the number of calls that ended as they should.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { count, lastValueFrom, map, range, take } from 'rxjs';
import { createGrpcClient, GrpcError } from '../../../src/grpc.js';
import type { ClientOf } from '../../../src/index.js';
import { type GrpcEngine } from '../../../src/protocols/grpc/shared/grpc-engine.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { probeService } from '../../conformance/plugin/probe-service.js';
import { ProcessControl } from '../../conformance/plugin/process-control.js';
import { ENDPOINTS } from '../../support/engines.js';
import { connectedStreams } from './connected-streams.js';
import { socketPair } from './support.js';
import { synchronousPair } from './synchronous-pair.js';

const CONCURRENCY = 64;
const LARGE = new Uint8Array(300_000);
const PART = { data: new Uint8Array(15_000) };
const [clientEngine = 'native', serverEngine = 'native', connection = 'plain', calls = '1000'] = process.argv.slice(2);
const { createChannel } = ENDPOINTS[clientEngine as GrpcEngine];
const control = new ProcessControl();

type Probe = ClientOf<typeof ProbeDefinition>;

/** One call of the mix; rejects when it does not end as it should. */
async function call(probe: Probe, n: number): Promise<void> {
  if (n % 7 === 0) assert.equal((await lastValueFrom(probe.echo({ data: LARGE }))).data.length, LARGE.length);
  else if (n % 7 === 1) assert.equal(await lastValueFrom(probe.produce({ count: 30, size: 10_000 }).pipe(count())), 30);
  else if (n % 7 === 2) {
    // The caller leaves an endless stream.
    assert.equal((await lastValueFrom(probe.produce({ count: 0, size: 10_000 }).pipe(take(3)))).number, 2);
  } else if (n % 7 === 3)
    assert.equal((await lastValueFrom(probe.consume(range(20).pipe(map(() => PART))))).bytes, 300_000n);
  else if (n % 7 === 4) {
    const request$ = range(10).pipe(map((number) => ({ number })));
    assert.equal(await lastValueFrom(probe.exchange(request$).pipe(count())), 10);
  } else if (n % 7 === 5) await assert.rejects(lastValueFrom(probe.fail({ code: 6, message: 'as told' })), GrpcError);
  else assert.equal((await lastValueFrom(probe.echo({ number: n }))).number, n);
}

/** A dialer's sockets are connected. */
async function connectedSockets(): Promise<[dialed: Duplex, accepted: Duplex]> {
  const [dialed, accepted] = await socketPair();
  if (dialed.connecting) await once(dialed, 'connect');
  return [dialed, accepted];
}

async function run(from: YamuxSession, to: YamuxSession): Promise<number> {
  const [dialed, accepted] =
    connection === 'socket' ? await connectedSockets() : await connectedStreams(from, to, connection === 'tls');
  const server = ENDPOINTS[serverEngine as GrpcEngine].createServer();
  server.addService(ProbeDefinition, probeService(control, 1));
  server.inject(accepted);
  const channel = createChannel({ dialer: { dial: async () => dialed } });
  const probe = createGrpcClient(channel, ProbeDefinition);
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < Number(calls)) {
      await call(probe, next++);
      done++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  await channel.close();
  await server.close();
  return done;
}

const [left, right] = connection === 'synchronous' ? synchronousPair() : await socketPair();
const client = createYamuxSession(left, { role: 'client' });
const server = createYamuxSession(right, { role: 'server' });
// One direction's stream is accepted before the next is opened: they are told apart by order.
const results = await Promise.all([run(client, server), run(server, client)]);
console.log(results.reduce((sum, done) => sum + done, 0));
await Promise.all([client.close(), server.close()]);
