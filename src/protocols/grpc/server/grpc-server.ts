import type { Duplex } from 'node:stream';
import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  ServerInterceptor,
  ServerOptions,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { GrpcEngine } from '../shared/grpc-engine.js';
import type { ServiceDefinition, ServiceOf } from '../shared/service-definition.js';

/** How a plugin serves gRPC: limits in bytes, interceptors, engine. */
export interface GrpcServerOptions {
  /** What this server stands on. @default that of the whole end: `grpcEngine` */
  readonly engine?: GrpcEngine;
  /** Options of grpc-js; they win over the ones below. */
  readonly channelOptions?: ServerOptions;
  /** Run in order around every call, of our services too. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Largest request, in bytes; judged at its header. @default 2 147 483 647, what a Go host may send */
  readonly maxReceiveBytes?: number;
  /** Most bytes of responses that one call's Observable may emit ahead of its caller; over it the call fails. @default 64 MiB */
  readonly maxBufferedBytes?: number;
  /** HTTP/2 receive window of a stream, in bytes. @default 1 MiB */
  readonly streamWindowBytes?: number;
  /** HTTP/2 receive window of a connection, in bytes. @default 32 MiB; 4 MiB on `'grpc-js'` */
  readonly connectionWindowBytes?: number;
}

/** A gRPC server without a listener: connections are handed to it. What it is built on shows nowhere but in `addGrpcJsService`. */
export interface GrpcServer {
  /** Full names of the services, in the order in which they were added. */
  readonly serviceNames: readonly string[];
  /** Adds a service of a generic definition; calls that come from then on find it. Throws OptionsError for a service given twice. */
  addService<D extends ServiceDefinition>(definition: D, service: ServiceOf<D>): void;
  /** Adds a service as generated for, or loaded by, grpc-js. */
  addGrpcJsService(definition: GrpcJsServiceDefinition, implementation: UntypedServiceImplementation): void;
  /** Serves a connection, which the server owns from here on: HTTP/2 with prior knowledge, TLS being done. Closed: destroys it. */
  inject(connection: Duplex): void;
  /** Takes no more connections and no more calls, lets the running ones end for `graceMs`, then closes. */
  drain(options: { readonly graceMs: number }): Promise<void>;
  /** Cuts every connection at once; callers see UNAVAILABLE. Idempotent. Resolves when they are gone. */
  close(): Promise<void>;
}
