import { types } from 'node:util';
import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServerInterceptingCallInterface,
  ServerInterceptor,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from '../../../../wire/logs/logger.js';
import { logHandlerFailure } from '../../../handler-failure.js';
import { frameMessage } from '../../message/framing.js';
import type { HandlerMethod } from '../../server/handler.js';
import type { Http2ServerCall, ServerMethod } from '../../server/http2-call.js';
import { ownMethod } from '../../server/own-method.js';
import type { GrpcJsMethods } from '../../server/server.js';
import { isUnexpected, toStatusObject } from '../../shared/errors.js';
import { Metadata, status as Status } from '../../shared/grpc-js.js';
import { toGrpcJsService } from './handlers.js';
import { GrpcJsServerCall } from './server-call.js';
import { failedStatus, okStatus } from './server-status.js';
import { StreamSurface } from './server-stream-call.js';
import { UnarySurface } from './server-unary-call.js';

type Call = ServerInterceptingCallInterface;
type Listener = Parameters<Call['start']>[0];
type Definition = MethodDefinition<unknown, unknown> & { readonly originalName?: string };
type Interceptors = readonly ServerInterceptor[];

/** Handlers and interceptors of grpc-js's forms on our server. */
export const grpcJsMethods: GrpcJsMethods = {
  ofService: methodsOf,
  intercepted(methods: ReadonlyMap<string, HandlerMethod>, interceptors) {
    const { definition, implementation } = toGrpcJsService(methods, true);
    return [...methods].map(([key, { maxReceiveMessageBytes, logger }]) => {
      const method = definition[key] as Definition;
      return new GrpcJsMethod(method, implementation[key], { interceptors, logger, maxReceiveMessageBytes });
    });
  },
};

function methodsOf(
  definition: GrpcJsServiceDefinition,
  implementation: UntypedServiceImplementation,
  interceptors: Interceptors,
  logger: Logger,
): ServerMethod[] {
  return Object.entries(definition).map(([key, method]) => {
    const handler = handlerOf(key, method, implementation);
    return new GrpcJsMethod(method as Definition, handler, { interceptors, logger });
  });
}

/** By the key of the definition, or by the method's original name (`getValue` and `GetValue`), as grpc-js looks for it. */
function handlerOf(
  key: string,
  { originalName }: Pick<Definition, 'originalName'>,
  implementation: UntypedServiceImplementation,
): UntypedHandleCall | undefined {
  const found = ownMethod(implementation, key) ?? (originalName && ownMethod(implementation, originalName));
  return found as UntypedHandleCall | undefined;
}

interface MethodSettings {
  readonly interceptors: Interceptors;
  readonly logger: Logger;
  readonly maxReceiveMessageBytes?: number | undefined;
}

/** A method whose handler is one of grpc-js's. Without a handler it answers UNIMPLEMENTED, as on grpc-js. */
class GrpcJsMethod implements ServerMethod {
  readonly path: string;
  readonly maxReceiveMessageBytes: number | undefined;
  readonly #definition: Definition;
  readonly #handler: UntypedHandleCall | undefined;
  readonly #interceptors: Interceptors;
  readonly #logger: Logger;

  constructor(
    definition: Definition,
    handler: UntypedHandleCall | undefined,
    { interceptors, logger, maxReceiveMessageBytes }: MethodSettings,
  ) {
    this.path = definition.path;
    this.maxReceiveMessageBytes = maxReceiveMessageBytes;
    this.#definition = definition;
    this.#handler = handler;
    this.#interceptors = interceptors;
    this.#logger = logger;
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    return this.#definition.requestDeserialize(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
  }

  encode(message: unknown): Uint8Array {
    const bytes: unknown = this.#definition.responseSerialize(message);
    if (types.isUint8Array(bytes)) return frameMessage(bytes);
    throw new TypeError(`the serializer gave no bytes but ${typeof bytes}`);
  }

  /** The last interceptor is the outermost, as on grpc-js. */
  start(http2Call: Http2ServerCall): void {
    const inner = new GrpcJsServerCall(http2Call);
    const wrap = (call: Call, interceptor: ServerInterceptor) =>
      interceptor(this.#definition as Parameters<ServerInterceptor>[0], call);
    const call = this.#interceptors.reduce<Call>(wrap, inner);
    const { requestStream, responseStream } = this.#definition;
    if (this.#handler === undefined) this.#refuse(call);
    else if (requestStream) this.#startStream(call, this.#handler);
    else if (responseStream)
      this.#startServerStream(call, this.#handler as handleServerStreamingCall<unknown, unknown>);
    else this.#startUnary(inner, call, this.#handler as handleUnaryCall<unknown, unknown>);
  }

  #run(call: Call, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (isUnexpected(thrown)) logHandlerFailure(this.#logger, { method: this.path }, thrown);
      call.sendStatus(toStatusObject(thrown));
    }
  }

  #refuse(call: Call): void {
    const refuse = () =>
      call.sendStatus({ code: Status.UNIMPLEMENTED, details: `The server does not implement the method ${this.path}` });
    call.start({ onReceiveMetadata: refuse, onReceiveMessage() {}, onReceiveHalfClose() {}, onCancel() {} });
  }

  #startUnary(inner: GrpcJsServerCall, call: Call, handler: handleUnaryCall<unknown, unknown>): void {
    const surface = new UnarySurface(this.path, handler, inner, call, this.#logger);
    if (call !== inner) return call.start(surface);
    inner.listen(surface);
    inner.startRead();
  }

  /** Many requests; one response or many. */
  #startStream(call: Call, handler: UntypedHandleCall): void {
    let surface: StreamSurface | undefined;
    const listener: Listener = {
      onReceiveMetadata: (metadata) => {
        const stream = new StreamSurface(this.#definition, call, metadata);
        surface = stream;
        if (this.#definition.responseStream) {
          this.#run(call, () => (handler as handleBidiStreamingCall<unknown, unknown>)(stream));
        } else {
          const run = handler as handleClientStreamingCall<unknown, unknown>;
          this.#run(call, () =>
            run(stream, (error, value, trailer) => {
              if (error) call.sendStatus(failedStatus(error, trailer));
              else call.sendMessage(value, () => call.sendStatus(okStatus(trailer)));
            }),
          );
        }
      },
      onReceiveMessage: (message) => void surface?.push(message),
      onReceiveHalfClose: () => void surface?.push(null),
      onCancel: () => surface?.onCancel(),
    };
    call.start(listener);
  }

  /** One request, many responses. */
  #startServerStream(call: Call, handler: handleServerStreamingCall<unknown, unknown>): void {
    let metadata = new Metadata();
    let surface: StreamSurface | undefined;
    const requests: unknown[] = [];
    const refuse = (what: string) => {
      const details = `Received ${what} for server streaming method ${this.path}`;
      call.sendStatus({ code: Status.UNIMPLEMENTED, details });
    };
    call.start({
      onReceiveMetadata(received) {
        metadata = received;
        call.startRead();
      },
      onReceiveMessage(message) {
        requests.push(message);
        if (requests.length > 1) refuse('a second request message');
        else call.startRead();
      },
      onReceiveHalfClose: () => {
        if (requests.length === 0) return refuse('no request message');
        const stream = new StreamSurface(this.#definition, call, metadata, requests[0]);
        surface = stream;
        this.#run(call, () => handler(stream));
      },
      onCancel: () => surface?.onCancel(),
    });
  }
}
