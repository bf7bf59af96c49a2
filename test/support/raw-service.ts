import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { GrpcServerOptions } from '../../src/protocols/grpc/server/grpc-server.js';
import { within } from './defer.js';
import { serveOnUnixSocket } from './grpc-peer.js';
import { createGrpcServer } from './grpc-servers.js';
import { framed, RawCall } from './raw-call.js';

export const identity = (bytes: Buffer): Buffer => bytes;

function method(name: string, requestStream: boolean, responseStream: boolean): ServiceDefinition[string] {
  const codec = {
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  };
  return { path: `/raw.Raw/${name}`, originalName: name.toLowerCase(), requestStream, responseStream, ...codec };
}

function refuse(): never {
  throw new Error('not like this');
}

/** A service of plain bytes, written for grpc-js without our code. */
export const RAW: ServiceDefinition = {
  Unary: method('Unary', false, false),
  Up: method('Up', true, false),
  Down: method('Down', false, true),
  Both: method('Both', true, true),
  Missing: method('Missing', false, false),
  Picky: { ...method('Picky', false, false), requestDeserialize: refuse },
};

export const unary: handleUnaryCall<Buffer, Buffer> = (call, respond) => respond(null, call.request);

export const up: handleClientStreamingCall<Buffer, Buffer> = (call, respond) => {
  const chunks: Buffer[] = [];
  call.on('data', (chunk: Buffer) => chunks.push(chunk));
  call.on('end', () => respond(null, Buffer.concat(chunks)));
};

export const down: handleServerStreamingCall<Buffer, Buffer> = (call) => {
  for (const byte of call.request) call.write(Buffer.of(byte));
  const trailers = new Metadata();
  trailers.set('count', String(call.request.length));
  call.end(trailers);
};

export const both: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on('data', (chunk: Buffer) => call.write(chunk));
  call.on('end', () => call.end());
};

export async function serve(options: GrpcServerOptions = {}, implementation: UntypedServiceImplementation = {}) {
  const server = createGrpcServer(options);
  // Methods are found by their original name and by their key.
  server.addGrpcJsService(RAW, { Unary: unary, up, down, Both: both, Picky: unary, ...implementation });
  return serveOnUnixSocket(server);
}

type Trailers = Awaited<ReturnType<RawCall['finish']>>['trailers'];

export interface Answer {
  readonly code: number;
  readonly detail: string;
  readonly body: Buffer;
  readonly trailers: Trailers;
}

/** One call of raw bytes. */
export async function ask(
  path: string,
  name: string,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  using call = new RawCall(path, `/raw.Raw/${name}`, headers);
  const chunks: Buffer[] = [];
  call.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const finished = call.finish();
  call.stream.end(body);
  const { trailers } = await within(20_000, 'an answer', finished);
  const detail = decodeURIComponent(String(trailers['grpc-message'] ?? ''));
  return { code: Number(trailers['grpc-status'] ?? -1), detail, body: Buffer.concat(chunks), trailers };
}

export function flagged(message: Uint8Array): Buffer {
  const bytes = framed(message);
  bytes[0] = 1;
  return bytes;
}
