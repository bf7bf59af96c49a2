import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelOptions, type Client, credentials, Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { GrpcServer } from '../../src/protocols/grpc/server/grpc-server.js';
import type { InputOf, MessageOf, ServiceDefinition } from '../../src/protocols/grpc/shared/service-definition.js';
import { grpcJsService } from './grpc-js-probe.js';

/** A server of ours on a real unix socket. */
export interface ServedSocket extends AsyncDisposable {
  readonly path: string;
  /** The target with which grpc-js dials it. */
  readonly target: string;
}

/** Passes the connections of a new unix socket to the server. Disposing closes both and removes the socket. */
export async function serveOnUnixSocket(server: GrpcServer): Promise<ServedSocket> {
  const directory = mkdtempSync(join(tmpdir(), 's-'));
  const path = join(directory, 'g.sock');
  const listener = createServer((connection) => server.inject(connection)).listen(path);
  await once(listener, 'listening');
  return {
    path,
    target: `unix:${path}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await server.close();
      rmSync(directory, { recursive: true });
    },
  };
}

type Methods<D extends ServiceDefinition> = D['methods'];
type Request<D extends ServiceDefinition, K extends keyof Methods<D>> = InputOf<Methods<D>[K]['requestType']>;
type Response<D extends ServiceDefinition, K extends keyof Methods<D>> = MessageOf<Methods<D>[K]['responseType']>;

/** The result of a unary call of a grpc-js client, with its metadata. */
export interface Outcome<T> {
  readonly response: T;
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

/** An unmodified grpc-js client, with calls typed by a generic definition. */
export function stockClient<D extends ServiceDefinition>(definition: D, target: string, options: ChannelOptions = {}) {
  const grpcJs = grpcJsService(definition);
  const Constructor = makeGenericClientConstructor({}, definition.name);
  const limits = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
  const client: Client = new Constructor(target, credentials.createInsecure(), { ...limits, ...options });
  const of = (key: keyof Methods<D>) => grpcJs[String(key)]!;

  return {
    client,
    unary<K extends keyof Methods<D>>(
      key: K,
      request: Request<D, K>,
      metadata?: Metadata,
      callOptions: object = {},
    ): Promise<Outcome<Response<D, K>>> {
      const { path, requestSerialize, responseDeserialize } = of(key);
      return new Promise((resolve, reject) => {
        let response: Response<D, K>;
        const seen: { headers?: Metadata } = {};
        const call = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize as (bytes: Buffer) => Response<D, K>,
          request,
          metadata ?? new Metadata(),
          callOptions,
          (error, value) => {
            if (error !== null) reject(error);
            else response = value!;
          },
        );
        call.on('metadata', (headers) => {
          seen.headers = headers;
        });
        call.on('status', (status) => {
          if (status.code === 0) resolve({ response, headers: seen.headers!, trailers: status.metadata });
        });
      });
    },
    clientStream<K extends keyof Methods<D>>(key: K, done: (error: Error | null, value?: Response<D, K>) => void) {
      const { path, requestSerialize, responseDeserialize } = of(key);
      return client.makeClientStreamRequest(
        path,
        requestSerialize as (value: Request<D, K>) => Buffer,
        responseDeserialize as (bytes: Buffer) => Response<D, K>,
        done,
      );
    },
    serverStream<K extends keyof Methods<D>>(key: K, request: Request<D, K>, callOptions: object = {}) {
      const { path, requestSerialize, responseDeserialize } = of(key);
      return client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize as (bytes: Buffer) => Response<D, K>,
        request,
        callOptions,
      );
    },
    bidi<K extends keyof Methods<D>>(key: K) {
      const { path, requestSerialize, responseDeserialize } = of(key);
      return client.makeBidiStreamRequest(
        path,
        requestSerialize as (value: Request<D, K>) => Buffer,
        responseDeserialize as (bytes: Buffer) => Response<D, K>,
      );
    },
    [Symbol.dispose]() {
      client.close();
    },
  };
}
