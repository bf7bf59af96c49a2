import type { ServiceDefinition as GrpcJsServiceDefinition } from '@grpc/grpc-js';
import { errorMessage } from '../../../errors.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import {
  type MessageType,
  type MethodDefinition,
  methodPath,
  type ServiceDefinition,
} from '../shared/service-definition.js';

/** Encodes a partial message, without copying what the encoder made. Throws what it throws for values out of range. */
export function encodeMessage(type: MessageType, input: unknown): Buffer {
  const bytes = (type as MessageType<unknown, unknown>).encode(type.fromPartial(input as never)).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Judges what a handler gave before it is sent. */
export interface Codec {
  /** Size of a message in bytes. Throws GrpcError INTERNAL for what is not such a message. */
  measure(message: unknown): number;
}

/** The failure of a handler that gave what is no message of its method. */
export function notSendable(path: string, reason: string, cause?: unknown): GrpcError {
  const detail = `The handler of ${path} gave a response that cannot be sent: ${reason}.`;
  return new GrpcError(Status.INTERNAL, detail, cause === undefined ? {} : { cause });
}

/**
 * Encodes the responses of one method before grpc-js asks for their bytes: a message that cannot be encoded becomes a status that
 * says why, and what waits to be sent is known in bytes. The message stays the key, so that interceptors see messages.
 */
export class ResponseCodec implements Codec {
  readonly #type: MessageType;
  readonly #path: string;
  readonly #ahead: WeakMap<object, Buffer> | undefined;

  /** `reuse`: nobody between here and the wire changes messages, so the bytes made ahead are the ones to send. */
  constructor(path: string, type: MessageType, reuse: boolean) {
    this.#path = path;
    this.#type = type;
    this.#ahead = reuse ? new WeakMap() : undefined;
  }

  /** Encodes what a handler gave and returns its size in bytes. Throws GrpcError INTERNAL for what is not such a message. */
  measure(message: unknown): number {
    if (typeof message !== 'object' || message === null)
      throw notSendable(this.#path, `it is ${message === null ? 'null' : typeof message}`);
    try {
      const bytes = encodeMessage(this.#type, message);
      this.#ahead?.set(message, bytes);
      return bytes.byteLength;
    } catch (cause) {
      throw notSendable(this.#path, errorMessage(cause), cause);
    }
  }

  /** The bytes of a message, for grpc-js. */
  readonly serialize = (message: object): Buffer => this.#ahead?.get(message) ?? encodeMessage(this.#type, message);
}

/** A generic definition as grpc-js takes it, methods under the same keys; `codecOf` makes the responses' bytes. */
export function toGrpcJsDefinition(
  definition: ServiceDefinition,
  codecOf: (key: string, method: MethodDefinition) => ResponseCodec,
): GrpcJsServiceDefinition {
  const methods = Object.entries(definition.methods).map(([key, method]) => [
    key,
    {
      path: methodPath(definition, method),
      originalName: key,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestSerialize: (input: unknown) => encodeMessage(method.requestType, input),
      requestDeserialize: (bytes: Buffer) => method.requestType.decode(bytes),
      responseSerialize: codecOf(key, method).serialize,
      responseDeserialize: (bytes: Buffer) => method.responseType.decode(bytes),
    },
  ]);
  return Object.fromEntries(methods) as GrpcJsServiceDefinition;
}
