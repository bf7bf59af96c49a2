import type {
  ServiceDefinition as GrpcJsServiceDefinition,
  MethodDefinition,
  ServerInterceptingCallInterface,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { status as Status } from '@grpc/grpc-js';
import { frameMessage } from './framing.js';

/** A method of a service as our server calls it. */
export interface NativeMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly deserialize: (bytes: Buffer) => unknown;
  /** A response with its prefix of five bytes. */
  readonly serializeFramed: (message: unknown) => Uint8Array;
  /** A handler in grpc-js's form; its kind follows from the two streams. */
  readonly handler: UntypedHandleCall;
  readonly definition: MethodDefinition<unknown, unknown>;
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
      deserialize: method.requestDeserialize,
      serializeFramed: (message) => frameMessage(serialize(message)),
      handler: handlerOf(name, method, implementation),
      definition: method as MethodDefinition<unknown, unknown>,
    };
  });
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

/** What interceptors and surfaces act on. */
export type InterceptedCall = ServerInterceptingCallInterface;
