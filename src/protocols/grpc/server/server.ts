import type { Duplex } from 'node:stream';
import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  ServerInterceptor,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { OptionsError } from '../../../errors.js';
import { settledWithin } from '../../../streams/settled-within.js';
import type {
  HeaderList,
  Http2ServerSession,
  Http2Stream,
  Http2StreamEvents,
} from '../../../transports/http2/interfaces.js';
import { serveHttp2 } from '../../../transports/http2/open-session.js';
import { Http2ErrorCode } from '../../../wire/http2/frames.js';
import type { Logger } from '../../../wire/logs/logger.js';
import { status as Status } from '../shared/grpc-js.js';
import type { HandlersOf, ServiceDefinition } from '../shared/service-definition.js';
import type { GrpcServer, GrpcServerOptions, ServiceLimits } from './grpc-server.js';
import { type HandlerMethod, handlerMethods } from './handler.js';
import { Http2ServerCall, type ServerMethod } from './http2-call.js';
import { type ResolvedServerOptions, resolveServerOptions } from './options.js';
import { Peer } from './peer.js';
import { type RequestHead, readHead } from './request-head.js';
import { fittingTrailers } from './response-limit.js';

/** A connection that has not closed by then after its end is not waited for. */
const CLOSE_MS = 1000;

/** Methods that take grpc-js's forms of handlers and interceptors (`grpc-js/adapters`). */
export interface GrpcJsMethods {
  /** The methods of a service that is written for grpc-js. */
  ofService(
    definition: GrpcJsServiceDefinition,
    implementation: UntypedServiceImplementation,
    interceptors: readonly ServerInterceptor[],
    logger: Logger,
  ): ServerMethod[];
  /** Methods of ours behind interceptors. */
  intercepted(methods: ReadonlyMap<string, HandlerMethod>, interceptors: readonly ServerInterceptor[]): ServerMethod[];
}

/** A gRPC server on our own HTTP/2. Throws OptionsError. */
export function createNativeServer(options: GrpcServerOptions, grpcJsMethods: GrpcJsMethods): GrpcServer {
  return new NativeServer(resolveServerOptions(options), grpcJsMethods);
}

class NativeServer implements GrpcServer {
  readonly serviceNames: string[] = [];
  readonly #options: ResolvedServerOptions;
  readonly #grpcJsMethods: GrpcJsMethods;
  readonly #methods = new Map<string, ServerMethod>();
  readonly #sessions = new Map<Http2ServerSession, Promise<void>>();
  /** Paths of services that are `alwaysTaken`. */
  readonly #alwaysTaken = new Set<string>();
  #accepting = true;

  constructor(options: ResolvedServerOptions, grpcJsMethods: GrpcJsMethods) {
    this.#options = options;
    this.#grpcJsMethods = grpcJsMethods;
  }

  addService<D extends ServiceDefinition>(definition: D, service: HandlersOf<D>, limits: ServiceLimits = {}): void {
    const { interceptors, maxBufferedBytes, logger, strictMessages } = this.#options;
    const { alwaysTaken = false, ...own } = limits;
    const methods = handlerMethods(definition, service, { strictMessages, ...own, maxBufferedBytes, logger });
    const direct = interceptors.length === 0;
    this.#add(
      definition.fullName,
      direct ? [...methods.values()] : this.#grpcJsMethods.intercepted(methods, interceptors),
    );
    if (alwaysTaken) for (const { path } of methods.values()) this.#alwaysTaken.add(path);
  }

  addGrpcJsService(definition: GrpcJsServiceDefinition, implementation: UntypedServiceImplementation): void {
    const path = Object.values(definition)[0]?.path ?? '';
    const { interceptors, logger } = this.#options;
    const methods = this.#grpcJsMethods.ofService(definition, implementation, interceptors, logger);
    this.#add(path.split('/')[1] ?? path, methods);
  }

  inject(connection: Duplex): void {
    connection.on('error', () => {});
    if (!this.#accepting || connection.destroyed) {
      connection.destroy();
      return;
    }
    const peer = new Peer(connection, this.#options, () => session.peerMaxHeaderListBytes);
    const { maxConcurrentStreams } = this.#options.http2;
    const accept = (stream: Http2Stream, headers: HeaderList, endStream: boolean) => {
      const free = maxConcurrentStreams - session.openStreams;
      if (peer.abandoned <= free) return this.#accept(peer, stream, headers, endStream);
      const { path } = readHead(headers);
      if (peer.closing <= free && this.#alwaysTaken.has(path)) return this.#accept(peer, stream, headers, endStream);
      stream.reset(Http2ErrorCode.refusedStream);
      peer.tellCrowd(path, maxConcurrentStreams);
      return SILENT;
    };
    let onClosed = () => {};
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve;
    });
    const onClose = () => {
      this.#sessions.delete(session);
      onClosed();
    };
    const session = serveHttp2(connection, accept, { onClose }, this.#options.http2);
    this.#sessions.set(session, closed);
  }

  async drain({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#accepting = false;
    const sessions = [...this.#sessions.keys()];
    const closed = Promise.all(sessions.map((session) => session.close()));
    if (!(await settledWithin(graceMs, closed))) for (const session of sessions) endCalls(session);
    await this.close();
  }

  async close(): Promise<void> {
    this.#accepting = false;
    const closed = Promise.all(this.#sessions.values());
    for (const session of this.#sessions.keys()) session.hangUp();
    await settledWithin(CLOSE_MS, closed);
  }

  #add(name: string, methods: readonly ServerMethod[]): void {
    const taken = methods.find(({ path }) => this.#methods.has(path));
    if (taken !== undefined) {
      throw new OptionsError(`The service ${name} cannot be added: there is a handler of ${taken.path} already.`);
    }
    for (const method of methods) this.#methods.set(method.path, method);
    this.serviceNames.push(name);
  }

  #accept(peer: Peer, stream: Http2Stream, headers: HeaderList, endStream: boolean): Http2StreamEvents {
    const head = readHead(headers);
    const method = this.#methods.get(head.path);
    if (!head.isGrpc || method === undefined) return refuse(stream, head, peer);
    const call = new Http2ServerCall(peer, method, stream, head, headers, endStream);
    if (Number.isNaN(head.timeoutMs)) call.end({ code: Status.INTERNAL, details: 'Invalid grpc-timeout value' });
    else method.start(call);
    return call;
  }
}

/** Their callers learn that the server has ended, where a connection that is lost would leave them to guess. */
function endCalls(session: Http2ServerSession): void {
  for (const receiver of session.receivers())
    if (receiver instanceof Http2ServerCall)
      receiver.end({ code: Status.UNAVAILABLE, details: 'The server has ended' });
}

const SILENT: Http2StreamEvents = {
  onHeaders: () => {},
  onData: () => {},
  onTrailers: () => {},
  onEnd: () => {},
  onReset: () => {},
  onDrain: () => {},
};

/** Rejects non-gRPC requests (415) and unknown methods (UNIMPLEMENTED). */
function refuse(stream: Http2Stream, { isGrpc, path }: RequestHead, peer: Peer): Http2StreamEvents {
  if (isGrpc) {
    const status = { code: Status.UNIMPLEMENTED, details: `The server does not implement the method ${path}` };
    stream.sendHeaders(fittingTrailers(status, path, true, peer), true);
  } else {
    stream.sendHeaders([':status', '415', 'accept', 'application/grpc'], true);
  }
  return SILENT;
}
