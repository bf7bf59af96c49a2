/**
 * Runs HTTP/2 over yamux streams, in both directions at once, and checks every answer: `node http2-load.js KIND CALLS`. A program of
 * its own, so that other versions of Node can run it. Prints the number of calls that ended as they should.
 */

import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { connectedStreams } from './connected-streams.js';
import { socketPair } from './support.js';
import { synchronousPair } from './synchronous-pair.js';

const CONCURRENCY = 64;
const BODY = Buffer.alloc(300_000, 'body');
const SESSION = { settings: { maxConcurrentStreams: 10_000 }, maxSessionMemory: 1000 };

function serveHttp2(connection: Duplex): void {
  const server = http2.createServer(SESSION);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers[':path'] === '/echo') {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    } else if (headers[':path'] === '/large') {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
      stream.end(BODY);
    } else {
      stream.respond({ ':status': 200, 'x-large': 'v'.repeat(500) });
      stream.end('small');
    }
  });
  server.emit('connection', connection);
}

function serveGrpc(connection: Duplex): void {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const plain = (bytes: Buffer): Buffer => bytes;
  const method = (path: string, responseStream: boolean) => ({
    path,
    requestStream: false,
    responseStream,
    requestSerialize: plain,
    requestDeserialize: plain,
    responseSerialize: plain,
    responseDeserialize: plain,
  });
  server.addService(
    { echo: method('/t/Echo', false), large: method('/t/Large', true) },
    {
      echo: (call: { request: Buffer }, done: (error: null, reply: Buffer) => void) => done(null, call.request),
      large: (call: { write(bytes: Buffer): void; end(): void }) => {
        for (let n = 0; n < 30; n++) call.write(BODY.subarray(0, 9995));
        call.end();
      },
    },
  );
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(connection);
}

/** Resolves with the body's length, or 'cancelled'. */
function request(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: Buffer | undefined,
  cancel: boolean,
): Promise<number | 'cancelled'> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined });
    let bytes = 0;
    let endedWell = false;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (cancel) stream.close(http2.constants.NGHTTP2_CANCEL);
    });
    stream.on('end', () => {
      endedWell = true;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (cancel && stream.rstCode === http2.constants.NGHTTP2_CANCEL) resolve('cancelled');
      else if (endedWell && stream.rstCode === 0) resolve(bytes);
      else reject(new Error(`stream closed with ${stream.rstCode}`));
    });
    if (body !== undefined) stream.end(body);
  });
}

type Call = readonly [headers: http2.OutgoingHttpHeaders, body: Buffer | undefined, expected: number, cancel: boolean];

function http2Call(n: number): Call {
  const post = { ':path': '/echo', ':method': 'POST' };
  if (n % 7 === 0) return [post, BODY, BODY.length, false];
  if (n % 7 === 1) return [{ ':path': '/large' }, undefined, BODY.length, false];
  if (n % 7 === 2) return [{ ':path': '/large' }, undefined, BODY.length, true];
  if (n % 7 === 3) return [post, BODY.subarray(0, 100), 100, false];
  return [{ ':path': '/small', 'x-large': 'h'.repeat(500) }, undefined, 5, false];
}

function grpcMessage(bytes: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

function grpcCall(n: number): Call {
  const headers = (path: string) => ({
    ':path': path,
    ':method': 'POST',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  if (n % 3 === 0) return [headers('/t/Large'), grpcMessage(Buffer.alloc(1)), 300_000, n % 2 === 1];
  const size = n % 3 === 1 ? 100 : 200_000;
  return [headers('/t/Echo'), grpcMessage(BODY.subarray(0, size)), size + 5, false];
}

async function load(connection: Duplex, calls: number, callOf: (n: number) => Call): Promise<number> {
  const session = http2.connect('http://localhost', { ...SESSION, createConnection: () => connection });
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const [headers, body, expected, cancel] = callOf(next++);
      const result = await request(session, headers, body, cancel);
      if (result !== expected && result !== 'cancelled') throw new Error(`${result} bytes, expected ${expected}`);
      done++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  // A burst of nothing but headers, which HTTP/2's windows do not hold back.
  const burst = Array.from({ length: 1000 }, () => request(session, http2Call(4)[0], undefined, false));
  if (callOf === http2Call) done += (await Promise.all(burst)).length;
  else await Promise.allSettled(burst);
  await new Promise<void>((resolve) => session.close(resolve));
  return done;
}

async function main(kind: string, calls: number): Promise<void> {
  const [left, right] = kind === 'synchronous' ? synchronousPair() : await socketPair();
  const client = createYamuxSession(left, { role: 'client' });
  const server = createYamuxSession(right, { role: 'server' });
  const serve = kind === 'grpc' ? serveGrpc : serveHttp2;
  const callOf = kind === 'grpc' ? grpcCall : http2Call;
  const run = async (from: YamuxSession, to: YamuxSession): Promise<number> => {
    const [dialed, accepted] = await connectedStreams(from, to, kind === 'tls');
    serve(accepted);
    return load(dialed, calls, callOf);
  };
  // One direction's stream is accepted before the next is opened: they are told apart by order.
  const results = [run(client, server), run(server, client)];
  console.log((await Promise.all(results)).reduce((sum, done) => sum + done, 0));
  await Promise.all([client.close(), server.close()]);
}

await main(process.argv[2] ?? 'plain', Number(process.argv[3] ?? 1000));
