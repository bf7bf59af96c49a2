import { createHash } from 'node:crypto';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type {
  MessageType,
  ServiceDefinition as OurDefinition,
} from '../../src/protocols/grpc/shared/service-definition.js';
import {
  type Digest,
  type FailRequest,
  type HangRequest,
  type Observation,
  type ObserveRequest,
  type Payload,
  ProbeDefinition,
  type ProduceRequest,
} from '../conformance/gen/probe.js';
import { type Deferred, defer } from './defer.js';

/** A generic definition as a grpc-js service definition. */
export function grpcJsService(definition: OurDefinition): ServiceDefinition {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const request = method.requestType as MessageType<unknown, unknown>;
    const response = method.responseType as MessageType<unknown, unknown>;
    const { requestStream, responseStream, name } = method;
    const bytesOf = (type: MessageType<unknown, unknown>) => (value: unknown) =>
      Buffer.from(type.encode(type.fromPartial(value)).finish());
    const converted = {
      path: `/${definition.fullName}/${name}`,
      requestStream,
      responseStream,
      requestSerialize: bytesOf(request),
      requestDeserialize: (bytes: Buffer) => request.decode(bytes),
      responseSerialize: bytesOf(response),
      responseDeserialize: (bytes: Buffer) => response.decode(bytes),
    };
    return [key, converted] as const;
  });
  return Object.fromEntries(methods);
}

/** The probe service on an unmodified grpc-js server, to test our client against. */
export function grpcJsProbeServer(options: ServerOptions = {}): Server {
  const server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1, ...options });
  server.addService(grpcJsService(ProbeDefinition), probe());
  return server;
}

/** Listens and resolves with the port; 1 for a unix socket. */
export function bind(
  server: Server,
  target: string,
  credentials = ServerCredentials.createInsecure(),
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

interface Hanging {
  readonly begun: Deferred<void>;
  readonly ended: Deferred<void>;
}

function probe(): UntypedServiceImplementation {
  const hanging = new Map<string, Hanging>();
  const find = (token: string): Hanging => {
    const known = hanging.get(token) ?? { begun: defer(), ended: defer() };
    hanging.set(token, known);
    return known;
  };
  const hang = (call: { request: HangRequest; once(event: 'cancelled', listener: () => void): unknown }): void => {
    call.once('cancelled', () => find(call.request.token).ended.resolve());
    find(call.request.token).begun.resolve();
  };
  const observe: handleUnaryCall<ObserveRequest, Partial<Observation>> = (call, answer) => {
    const { begun, ended } = find(call.request.token);
    const { promise } = call.request.ended ? ended : begun;
    promise.then(() => answer(null, { ended: call.request.ended }), answer);
  };
  return { echo, produce, consume, exchange, fail, failLater, hang, hangStream: hang, observe };
}

const echo: handleUnaryCall<Payload, Payload> = (call, answer) => {
  const headers = new Metadata();
  const trailers = new Metadata();
  for (const [name, values] of Object.entries(call.metadata.toJSON())) {
    if (!name.startsWith('echo-')) continue;
    for (const value of values) headers.add(name, value);
    for (const value of values) trailers.add(name.replace('echo-', 'trail-'), value);
  }
  call.sendMetadata(headers);
  answer(null, call.request, trailers);
};

const produce: handleServerStreamingCall<ProduceRequest, Payload> = (call) => {
  void produceAll(call);
};

async function produceAll(call: ServerWritableStream<ProduceRequest, Payload>): Promise<void> {
  const data = Buffer.alloc(call.request.size, 'p');
  const { count } = call.request;
  for (let number = 0; (number < count || count === 0) && !call.cancelled; number++) {
    await send(call, { data, number });
  }
  call.end();
}

function send(call: ServerWritableStream<unknown, Payload>, payload: Payload): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done).off('cancelled', done);
      resolve();
    };
    if (call.write(payload) || call.cancelled) resolve();
    else call.on('drain', done).on('cancelled', done);
  });
}

const consume: handleClientStreamingCall<Payload, Digest> = (call, answer) => {
  const hash = createHash('sha256');
  let count = 0;
  let bytes = 0;
  call.on('data', ({ data }: Payload) => {
    count++;
    bytes += data.length;
    hash.update(data);
  });
  call.on('end', () => answer(null, { count, bytes: BigInt(bytes), sha256: hash.digest('hex') }));
};

const exchange: handleBidiStreamingCall<Payload, Payload> = (call) => {
  call.on('data', (payload: Payload) => {
    if (call.write(payload)) return;
    call.pause();
    call.once('drain', () => call.resume());
  });
  call.on('end', () => call.end());
};

function failure(request: FailRequest): Partial<ServiceError> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(request.trailers)) metadata.set(name, value);
  if (request.details.length > 0) metadata.set('grpc-status-details-bin', Buffer.from(request.details));
  return Object.assign(new Error(request.message), { code: request.code, details: request.message, metadata });
}

const fail: handleUnaryCall<FailRequest, Payload> = (call, answer) => answer(failure(call.request));

const failLater: handleServerStreamingCall<FailRequest, Payload> = (call) => {
  for (let number = 0; number < call.request.after; number++) call.write({ data: Buffer.alloc(0), number });
  call.emit('error', failure(call.request));
};
