import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { OptionsError } from '../../../errors.js';
import {
  type MethodDefinition,
  methodPath,
  type ServiceDefinition,
  type ServiceOf,
} from '../shared/service-definition.js';
import { answerOnce } from './answer-once.js';
import { ServerCallContext } from './call-context.js';
import { streamResponses } from './response-stream.js';
import { ResponseWriter } from './response-writer.js';
import { type Codec, ResponseCodec, toGrpcJsDefinition } from './service-codec.js';

/** What handlers need to know of their server. */
export interface HandlerOptions {
  /** Most bytes of responses that an Observable may emit ahead of its caller, per call. */
  readonly maxBufferedBytes: number;
  /** Whether interceptors may change a message between handler and wire. */
  readonly intercepted: boolean;
}

/** A service in the form in which grpc-js takes it. */
export interface GrpcJsService {
  readonly definition: GrpcJsServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type Handler = (request: unknown, call: ServerCallContext) => unknown;
type Unary = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void;
type ClientStream = (call: ServerReadableStream<unknown, unknown>, callback: sendUnaryData<unknown>) => void;
type ServerStream = (call: ServerWritableStream<unknown, unknown>) => void;
type Bidi = (call: ServerDuplexStream<unknown, unknown>) => void;

/**
 * Our handlers as grpc-js handlers. Whatever they do ends the call with a status, never the process: a thrown or rejected value or
 * an error notification by `toStatusObject`, a missing, second or unencodable response as INTERNAL.
 */
export function toGrpcJsService<D extends ServiceDefinition>(
  definition: D,
  service: ServiceOf<D>,
  options: HandlerOptions,
): GrpcJsService {
  const handlers = handlersOf(definition, service);
  const codecs = new Map<string, ResponseCodec>();
  const implementation: UntypedServiceImplementation = {};
  for (const [key, method] of Object.entries(definition.methods)) {
    const codec = new ResponseCodec(methodPath(definition, method), method.responseType, !options.intercepted);
    codecs.set(key, codec);
    implementation[key] = adapt(method, handlers.get(key)!, codec, options);
  }
  return { definition: toGrpcJsDefinition(definition, (key) => codecs.get(key)!), implementation };
}

/** The handlers of a service by the keys of its definition. Throws OptionsError for one that lacks some. */
export function handlersOf(definition: ServiceDefinition, service: object): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  const missing: string[] = [];
  for (const key of Object.keys(definition.methods)) {
    const handler: unknown = Reflect.get(service, key);
    if (typeof handler === 'function') handlers.set(key, handler.bind(service) as Handler);
    else missing.push(key);
  }
  if (missing.length === 0) return handlers;
  throw new OptionsError(
    `The implementation of ${definition.fullName} lacks ${missing.join(', ')}: every method needs a function.`,
  );
}

/** A handler of ours in grpc-js's form. */
export function adapt(method: MethodDefinition, handler: Handler, codec: Codec, options: HandlerOptions) {
  const respond = (
    call: Parameters<ServerStream>[0] | Parameters<Bidi>[0],
    context: ServerCallContext,
    run: () => unknown,
  ) => streamResponses(run, context, new ResponseWriter(call, context, codec, options.maxBufferedBytes));

  const unary: Unary = (call, callback) => {
    const context = new ServerCallContext(call);
    answerOnce(() => handler(call.request, context), context, codec, callback);
  };
  const clientStream: ClientStream = (call, callback) => {
    const context = new ServerCallContext(call, call);
    answerOnce(() => handler(context.request$, context), context, codec, callback);
  };
  const serverStream: ServerStream = (call) => {
    const context = new ServerCallContext(call);
    respond(call, context, () => handler(call.request, context));
  };
  const bidi: Bidi = (call) => {
    const context = new ServerCallContext(call, call);
    respond(call, context, () => handler(context.request$, context));
  };
  if (method.requestStream) return method.responseStream ? bidi : clientStream;
  return method.responseStream ? serverStream : unary;
}
