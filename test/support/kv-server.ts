import assert from 'node:assert/strict';
import type { ServiceError } from '@grpc/grpc-js';
import { NEVER } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import type { GrpcServerOptions } from '../../src/protocols/grpc/server/grpc-server.js';
import type { ServiceOf } from '../../src/protocols/grpc/shared/service-definition.js';
import { serveOnUnixSocket, stockClient } from './grpc-peer.js';
import { createGrpcServer } from './grpc-servers.js';

/** Handlers of the key-value service. */
export type KV = ServiceOf<typeof KVDefinition>;

const SILENT: KV = {
  get: () => NEVER,
  put: () => NEVER,
  watch: () => NEVER,
  import: () => NEVER,
  sync: () => NEVER,
};

/** A server with some handlers, and a grpc-js client for it. */
export async function serveKv(handlers: Partial<KV>, options: GrpcServerOptions = {}) {
  const server = createGrpcServer(options);
  server.addService(KVDefinition, { ...SILENT, ...handlers });
  const socket = await serveOnUnixSocket(server);
  const client = stockClient(KVDefinition, socket.target);
  return {
    ...client,
    path: socket.path,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await socket[Symbol.asyncDispose]();
    },
  };
}

/** The error of a call. Fails the test if the call succeeds. */
export async function failureOf(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => assert.fail('the call succeeded'),
    (error: ServiceError) => error,
  );
}

/** All values of a stream, and the error with which it ended, if any. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<{ values: T[]; error?: ServiceError }> {
  const values: T[] = [];
  try {
    for await (const value of stream) values.push(value);
  } catch (error) {
    return { values, error: error as ServiceError };
  }
  return { values };
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);
