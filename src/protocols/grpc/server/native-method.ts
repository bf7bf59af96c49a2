import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  MethodDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { decoderOf } from '../message/decode.js';
import type { AnyMessageType } from '../message/encode.js';
import { frameMessage } from '../message/framing.js';
import { status as Status } from '../shared/grpc-js.js';
import { methodPath, type ServiceDefinition, type ServiceOf } from '../shared/service-definition.js';
import { adapt, type HandlerOptions, handlersOf } from './handlers.js';
import type { MethodCodec } from './method-codec.js';
import { FramedCodec } from './native-codec.js';
import type { LightMethod } from './native-light.js';
import { encodeMessage } from './service-codec.js';

/** A method of a service as our server calls it. */
export interface NativeMethod extends MethodCodec {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** A handler in grpc-js's form; its kind follows from the two streams. */
  readonly handler: UntypedHandleCall;
  readonly definition: MethodDefinition<unknown, unknown>;
  /** The same handler where it is one of ours and takes one request; used where no interceptors are in between. */
  readonly run?: LightMethod['run'];
}

/** The methods of a service of ours. */
export function nativeServiceMethods<D extends ServiceDefinition>(
  definition: D,
  service: ServiceOf<D>,
  options: HandlerOptions,
): NativeMethod[] {
  const handlers = handlersOf(definition, service);
  return Object.entries(definition.methods).map(([key, method]) => {
    const path = methodPath(definition, method);
    const codec = new FramedCodec(path, method.responseType as AnyMessageType, !options.intercepted);
    const handler = adapt(method, handlers.get(key)!, codec, options);
    return {
      path,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      deserialize: decoderOf(method.requestType as AnyMessageType),
      serializeFramed: codec.serializeFramed,
      handler: handler as UntypedHandleCall,
      definition: {
        path,
        requestStream: method.requestStream,
        responseStream: method.responseStream,
        requestSerialize: (input: unknown) => encodeMessage(method.requestType, input),
        requestDeserialize: (bytes: Buffer) => method.requestType.decode(bytes),
        responseSerialize: (input: unknown) => encodeMessage(method.responseType, input),
        responseDeserialize: (bytes: Buffer) => method.responseType.decode(bytes),
      },
      // What a LightCall has is what an adapted handler uses; the type of its parameter is grpc-js's, which has more.
      ...(method.requestStream ? {} : { run: handler as (call: never, respond: never) => void as LightMethod['run'] }),
    };
  });
}

/** The methods of a service in grpc-js's form. One without a handler answers UNIMPLEMENTED, as grpc-js does. */
export function nativeMethods(
  definition: GrpcJsServiceDefinition,
  implementation: UntypedServiceImplementation,
): NativeMethod[] {
  return Object.entries(definition).map(([name, method]) => {
    const serialize = method.responseSerialize as (message: unknown) => Buffer;
    return {
      path: method.path,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      deserialize: (bytes, start, end) => method.requestDeserialize(bufferOf(bytes, start, end)),
      serializeFramed: (message) => frameMessage(bytesOf(serialize(message))),
      handler: handlerOf(name, method, implementation),
      definition: method as MethodDefinition<unknown, unknown>,
    };
  });
}

function bufferOf(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

function bytesOf(serialized: unknown): Uint8Array {
  if (serialized instanceof Uint8Array) return serialized;
  throw new TypeError(`the serializer gave no bytes but ${typeof serialized}`);
}

/** By the key of the definition, or by the method's original name (`getValue` and `GetValue`), as grpc-js looks for it. */
function handlerOf(
  name: string,
  method: MethodDefinition<unknown, unknown> & { originalName?: string },
  implementation: UntypedServiceImplementation,
): UntypedHandleCall {
  const found =
    implementation[name] ?? (method.originalName === undefined ? undefined : implementation[method.originalName]);
  return found === undefined ? unimplemented(method) : (found.bind(implementation) as UntypedHandleCall);
}

/** The status for a method that nobody implements. */
export function unimplementedStatus(path: string): { readonly code: Status; readonly details: string } {
  return { code: Status.UNIMPLEMENTED, details: `The server does not implement the method ${path}` };
}

function unimplemented(method: MethodDefinition<unknown, unknown>): UntypedHandleCall {
  const status = unimplementedStatus(method.path);
  const refuse = (call: { emit?(event: string, status: object): void }, callback?: (status: object) => void): void => {
    if (callback === undefined) call.emit?.('error', status);
    else callback(status);
  };
  return refuse as UntypedHandleCall;
}
