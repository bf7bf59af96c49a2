import type { Duplex } from 'node:stream';
import {
  type ConnectionInjector,
  type ServiceDefinition as GrpcJsServiceDefinition,
  Server,
  type ServerOptions,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { OptionsError } from '../../../../errors.js';
import { settledWithin } from '../../../../streams/settled-within.js';
import type { GrpcServer, GrpcServerOptions, ServiceLimits } from '../../server/grpc-server.js';
import { handlerMethods } from '../../server/handler.js';
import { type ResolvedServerOptions, resolveServerOptions } from '../../server/options.js';
import type { HandlersOf, ServiceDefinition } from '../../shared/service-definition.js';
import { toGrpcJsService } from '../adapters/handlers.js';
import { createInjector } from './http2-servers.js';
import { keepAliveOptions } from './keep-alive.js';

/** A connection that has not closed by then after its destruction is not waited for. */
const CLOSE_MS = 1000;

/**
 * A gRPC server that is grpc-js's own, fed with connections. Known limit: on Node 20 a peer that violates HTTP/2
 * gets an error, but its connection stays open until `close` (node:http2 does not notice its end; Node 24 does).
 */
export function createGrpcJsServer(options: GrpcServerOptions = {}): GrpcServer {
  return new GrpcJsServer(resolveServerOptions(options));
}

class GrpcJsServer implements GrpcServer {
  readonly serviceNames: string[] = [];
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #connections = new Set<Duplex>();
  readonly #options: ResolvedServerOptions;
  #accepting = true;

  constructor(options: ResolvedServerOptions) {
    this.#options = options;
    this.#server = new Server(grpcJsOptions(options));
    this.#injector = createInjector(this.#server, options.http2);
  }

  addService<D extends ServiceDefinition>(
    definition: D,
    service: HandlersOf<D>,
    { strictMessages = this.#options.strictMessages }: ServiceLimits = {},
  ): void {
    const methods = handlerMethods(definition, service, { ...this.#options, strictMessages });
    const adapted = toGrpcJsService(methods, this.#options.interceptors.length > 0);
    this.#add(definition.fullName, adapted.definition, adapted.implementation);
  }

  addGrpcJsService(definition: GrpcJsServiceDefinition, implementation: UntypedServiceImplementation): void {
    const path = Object.values(definition)[0]?.path ?? '';
    this.#add(path.split('/')[1] ?? path, definition, implementation);
  }

  inject(connection: Duplex): void {
    connection.on('error', () => {});
    if (!this.#accepting || connection.destroyed) {
      connection.destroy();
      return;
    }
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    this.#injector.injectConnection(connection);
  }

  async drain({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#accepting = false;
    const gone = this.#gone();
    // Its callback is no use: on Node 24 it comes at once, while calls are running.
    this.#server.tryShutdown(() => {});
    await settledWithin(graceMs, gone);
    await this.close();
  }

  async close(): Promise<void> {
    this.#accepting = false;
    const gone = this.#gone();
    // grpc-js would reset the streams first, and callers would take that for a cancellation of their own.
    for (const connection of this.#connections) connection.destroy();
    await settledWithin(CLOSE_MS, gone);
    this.#server.forceShutdown();
  }

  async #gone(): Promise<void> {
    const closed = (connection: Duplex) => new Promise<void>((resolve) => connection.once('close', () => resolve()));
    await Promise.all([...this.#connections].map(closed));
  }

  #add(name: string, definition: GrpcJsServiceDefinition, implementation: UntypedServiceImplementation): void {
    try {
      if (Object.keys(definition).length > 0) this.#server.addService(definition, implementation);
    } catch (cause) {
      throw new OptionsError(`The service ${name} cannot be added: ${(cause as Error).message}`, { cause });
    }
    this.serviceNames.push(name);
  }
}

function grpcJsOptions(options: ResolvedServerOptions): ServerOptions {
  return {
    'grpc.max_receive_message_length': options.maxReceiveMessageBytes,
    'grpc.max_send_message_length': options.maxSendMessageBytes,
    'grpc.max_concurrent_streams': options.http2.maxConcurrentStreams,
    ...keepAliveOptions(options.http2),
    interceptors: [...options.interceptors],
  };
}
