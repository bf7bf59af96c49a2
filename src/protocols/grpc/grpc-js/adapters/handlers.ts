import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { HandlerMethod } from '../../server/handler.js';
import { status as Status } from '../../shared/grpc-js.js';
import type { MessageType, MethodDefinition } from '../../shared/service-definition.js';
import {
  asBuffer,
  HandlerCall,
  type Requests,
  type ResponseSink,
  type Surface,
  withoutPrefix,
} from './handler-call.js';

/** A service in the form in which grpc-js takes it. */
export interface GrpcJsService {
  readonly definition: GrpcJsServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type Respond = sendUnaryData<unknown>;

/**
 * Handlers of ours in grpc-js's form, under the same keys. Without interceptors a response is encoded when the handler gives it, and
 * grpc-js gets its bytes; `intercepted`: interceptors see messages, and a response is encoded behind them.
 */
export function toGrpcJsService(methods: ReadonlyMap<string, HandlerMethod>, intercepted: boolean): GrpcJsService {
  const definitions = [...methods].map(([key, method]) => {
    const serialize = (message: unknown) => withoutPrefix(method.encode(message));
    const responseSerialize = intercepted ? serialize : (bytes: Buffer) => bytes;
    return [key, { ...toGrpcJsMethod(key, method.path, method.definition), responseSerialize }] as const;
  });
  const handlers = [...methods].map(([key, method]) => [key, handlerOf(method, intercepted)] as const);
  return { definition: Object.fromEntries(definitions), implementation: Object.fromEntries(handlers) };
}

/** A method of a generic definition in grpc-js's form. */
export function toGrpcJsMethod(key: string, path: string, method: MethodDefinition): GrpcJsServiceDefinition[string] {
  const { requestStream, responseStream, requestType, responseType } = method;
  return {
    path,
    originalName: key,
    requestStream,
    responseStream,
    requestSerialize: encoderOf(requestType),
    requestDeserialize: (bytes: Buffer) => requestType.decode(bytes),
    responseSerialize: encoderOf(responseType),
    responseDeserialize: (bytes: Buffer) => responseType.decode(bytes),
  };
}

function encoderOf(type: MessageType): (input: unknown) => Buffer {
  const of = type as MessageType<unknown, unknown>;
  return (input) => asBuffer(of.encode(of.fromPartial(input)).finish());
}

function handlerOf(method: HandlerMethod, intercepted: boolean): UntypedHandleCall {
  const { requestStream, responseStream } = method.definition;
  const start = (surface: Surface, requests: Requests, responses: ResponseSink): void =>
    method.start(new HandlerCall(method, surface, requests, responses, intercepted));
  if (responseStream) {
    return requestStream
      ? (call: ServerDuplexStream<unknown, unknown>) => start(call, { stream: call }, streamSink(call))
      : (call: ServerWritableStream<unknown, unknown>) => start(call, { only: call.request }, streamSink(call));
  }
  return requestStream
    ? (call: ServerReadableStream<unknown, unknown>, respond: Respond) =>
        start(call, { stream: call }, unarySink(respond))
    : (call: ServerUnaryCall<unknown, unknown>, respond: Respond) =>
        start(call, { only: call.request }, unarySink(respond));
}

/** The messages of a grpc-js stream, and its end. */
function streamSink(
  stream: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
): ResponseSink {
  return {
    write: (message, written) => void stream.write(message, written),
    end: ({ code, details, metadata }) => {
      if (code === Status.OK) stream.end(metadata);
      else stream.emit('error', { code, details, metadata });
    },
  };
}

/** The one response of a grpc-js call; it is given together with the end. */
function unarySink(respond: Respond): ResponseSink {
  let response: unknown;
  return {
    write: (message) => {
      response = message;
    },
    end: ({ code, details, metadata }) => {
      if (code === Status.OK) respond(null, response, metadata);
      else respond({ code, details, ...(metadata === undefined ? {} : { metadata }) });
    },
  };
}
