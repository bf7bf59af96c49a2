import type { Duplex } from 'node:stream';
import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  ServerInterceptor,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Http2Options } from '../../../transports/http2/interfaces.js';
import type { Logger } from '../../../wire/logs/logger.js';
import type { HandlersOf, ServiceDefinition } from '../shared/service-definition.js';

/** How gRPC is served: limits in bytes, interceptors. */
export interface GrpcServerOptions {
  /** Windows, keep-alive and limits of HTTP/2. Engine `grpc-js` has the windows, the keep-alive and `maxConcurrentStreams`. */
  readonly http2?: Http2Options;
  /** Run in order around every call, of our services too. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Largest request; a larger one is refused at its header. @default 2 147 483 647 bytes, what a Go host may send */
  readonly maxReceiveMessageBytes?: number;
  /** Largest response; a larger one fails its call. @default 2 147 483 647 bytes */
  readonly maxSendMessageBytes?: number;
  /** Most bytes of responses that one call's Observable may emit ahead of its caller; over it the call fails. @default 64 MiB */
  readonly maxBufferedBytes?: number;
  /** Logs what callers do not learn, such as the code of an error that is not a gRPC status. @default in a plugin its logger, else silent */
  readonly logger?: Logger;
  /**
   * Refuses responses with fields that the message does not have, and values of another type, with the path of the field: the call fails with
   * INTERNAL. Each response is also decoded again. @default false; in a plugin whether the environment variable RXPLUG_STRICT_MESSAGES is set
   */
  readonly strictMessages?: boolean;
}

/** Limits of one service, in the place of the server's. */
export interface ServiceLimits {
  /** Largest request, in bytes; a larger one is refused at its header. Engine `grpc-js` has the server's alone. @default the server's */
  readonly maxReceiveMessageBytes?: number;
  /** Refuses responses with wrong fields. @default the server's */
  readonly strictMessages?: boolean;
  /**
   * Takes calls also while handlers of calls that have ended occupy `maxConcurrentStreams`: for health checks and the like, whose own handlers
   * end with their calls. @default false
   */
  readonly alwaysTaken?: boolean;
}

/** A gRPC server without a listener: connections are handed to it. Both engines have one. */
export interface GrpcServer {
  /** Full names of the services, in the order in which they were added. */
  readonly serviceNames: readonly string[];
  /** Adds a service of a generic definition, for calls from then on. Throws OptionsError for a service that was added already. */
  addService<D extends ServiceDefinition>(definition: D, service: HandlersOf<D>, limits?: ServiceLimits): void;
  /** Adds a service as generated for, or loaded by, grpc-js. */
  addGrpcJsService(definition: GrpcJsServiceDefinition, implementation: UntypedServiceImplementation): void;
  /** Serves a connection, which the server owns from here on: HTTP/2 with prior knowledge, TLS being done. Closed: destroys it. */
  inject(connection: Duplex): void;
  /** Refuses new connections and calls, lets the running calls end within `graceMs`, ends the others with UNAVAILABLE, then closes. */
  drain(options: { readonly graceMs: number }): Promise<void>;
  /**
   * Closes every connection; running calls end with UNAVAILABLE. What was sent before is written first, within a bound. Idempotent. Resolves
   * when they are closed.
   */
  close(): Promise<void>;
}
