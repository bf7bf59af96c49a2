import type { Duplex } from 'node:stream';
import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  ServerInterceptingCallInterface,
  ServerInterceptor,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { OptionsError } from '../../../errors.js';
import { settledWithin } from '../../../streams/settled-within.js';
import type {
  HeaderList,
  Http2Options,
  Http2ServerSession,
  Http2Stream,
  Http2StreamEvents,
} from '../../../transports/http2/engine.js';
import { serveHttp2 } from '../../../transports/http2/open-session.js';
import { resolveHttp2Options } from '../../../transports/http2/options.js';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../message/framing.js';
import { encodeGrpcMessage } from '../shared/percent.js';
import type { ServiceDefinition, ServiceOf } from '../shared/service-definition.js';
import type { GrpcServer, GrpcServerOptions } from './grpc-server.js';
import type { InterceptedCall } from './intercepted-call.js';
import { NativeCall } from './native-call.js';
import { type NativeMethod, nativeMethods, nativeServiceMethods, unimplementedStatus } from './native-method.js';
import { NativePeer } from './native-peer.js';
import { readHead } from './native-request.js';
import { runMethod } from './native-stream.js';

const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;
/** A connection that has not closed by then after its destruction is not waited for. */
const CLOSE_MS = 1000;

/** A gRPC server on our own HTTP/2. Any `:authority` is served (go-plugin's hosts send `unused`). Throws OptionsError. */
export function createNativeGrpcServer(options: GrpcServerOptions = {}): GrpcServer {
  return new NativeGrpcServer(options);
}

class NativeGrpcServer implements GrpcServer {
  readonly serviceNames: string[] = [];
  readonly #options: GrpcServerOptions;
  readonly #http2: Http2Options;
  readonly #limits: { readonly maxReceiveBytes: number; readonly maxSendBytes: number };
  readonly #interceptors: readonly ServerInterceptor[];
  readonly #methods = new Map<string, NativeMethod>();
  readonly #sessions = new Map<Http2ServerSession, Promise<void>>();
  #accepting = true;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#http2 = resolveHttp2Options(options.http2);
    this.#limits = {
      maxReceiveBytes: options.maxReceiveMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
      maxSendBytes: options.maxSendMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES,
    };
    this.#interceptors = options.interceptors ?? [];
  }

  addService<D extends ServiceDefinition>(definition: D, service: ServiceOf<D>): void {
    const { maxBufferedBytes = MAX_BUFFERED_BYTES } = this.#options;
    const intercepted = this.#interceptors.length > 0;
    this.#add(definition.fullName, nativeServiceMethods(definition, service, { maxBufferedBytes, intercepted }));
  }

  addGrpcJsService(definition: GrpcJsServiceDefinition, implementation: UntypedServiceImplementation): void {
    const path = Object.values(definition)[0]?.path ?? '';
    this.#add(path.split('/')[1] ?? path, nativeMethods(definition, implementation));
  }

  inject(connection: Duplex): void {
    connection.on('error', () => {});
    if (!this.#accepting || connection.destroyed) {
      connection.destroy();
      return;
    }
    const peer = new NativePeer(connection, this.#limits);
    const accept = (stream: Http2Stream, headers: HeaderList, endStream: boolean) =>
      this.#accept(peer, stream, headers, endStream);
    let onClosed = () => {};
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve;
    });
    const onClose = () => {
      this.#sessions.delete(session);
      onClosed();
    };
    const session = serveHttp2(connection, accept, { onClose }, this.#http2);
    this.#sessions.set(session, closed);
  }

  async drain({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#accepting = false;
    await settledWithin(graceMs, Promise.all([...this.#sessions.keys()].map((session) => session.close())));
    await this.close();
  }

  async close(): Promise<void> {
    this.#accepting = false;
    const gone = Promise.all(this.#sessions.values());
    for (const session of this.#sessions.keys()) session.destroy();
    await settledWithin(CLOSE_MS, gone);
  }

  #add(name: string, methods: readonly NativeMethod[]): void {
    const taken = methods.find(({ path }) => this.#methods.has(path));
    if (taken !== undefined) {
      throw new OptionsError(`The service ${name} cannot be added: there is a handler of ${taken.path} already.`);
    }
    for (const method of methods) this.#methods.set(method.path, method);
    this.serviceNames.push(name);
  }

  #accept(peer: NativePeer, stream: Http2Stream, headers: HeaderList, endStream: boolean): Http2StreamEvents {
    const head = readHead(headers);
    const method = this.#methods.get(head.path);
    if (!head.isGrpc || method === undefined) return refuse(stream, head.isGrpc, head.path);
    const call = new NativeCall(peer, method, stream, head, headers, endStream);
    if (Number.isNaN(head.timeoutMs)) call.refuseTimeout();
    else runMethod(method, call, this.#intercept(method, call));
    return call;
  }

  /** The last interceptor is the outermost, as on grpc-js. */
  #intercept(method: NativeMethod, call: NativeCall): InterceptedCall {
    if (this.#interceptors.length === 0) return call;
    const wrap = (inner: ServerInterceptingCallInterface, interceptor: ServerInterceptor) =>
      interceptor(method.definition as Parameters<ServerInterceptor>[0], inner);
    return this.#interceptors.reduce(wrap, call as ServerInterceptingCallInterface);
  }
}

const SILENT: Http2StreamEvents = {
  onHeaders: () => {},
  onData: () => {},
  onTrailers: () => {},
  onEnd: () => {},
  onReset: () => {},
  onDrain: () => {},
};

/** A request that is no call of ours: HTTP 415 for what is not gRPC at all, else UNIMPLEMENTED. */
function refuse(stream: Http2Stream, isGrpc: boolean, path: string): Http2StreamEvents {
  if (isGrpc) {
    const { code, details } = unimplementedStatus(path);
    const status = ['grpc-status', String(code), 'grpc-message', encodeGrpcMessage(details)];
    stream.sendHeaders([':status', '200', 'content-type', 'application/grpc', ...status], true);
  } else {
    stream.sendHeaders([':status', '415', 'accept', 'application/grpc'], true);
  }
  return SILENT;
}
