import { errorMessage } from '../../../errors.js';
import { decoderOf } from '../message/decode.js';
import { type AnyMessageType, encodeFramed } from '../message/encode.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import {
  type CallOptions,
  type MethodDefinition,
  methodPath,
  type ServiceDefinition,
} from '../shared/service-definition.js';
import type { GrpcCallOptions } from './call.js';
import type { GrpcChannel } from './grpc-channel.js';

/** A method of a service on a channel, in the form that calls need. */
export interface ClientMethod {
  readonly channel: GrpcChannel;
  readonly definition: MethodDefinition;
  readonly path: string;
  /** Partial request to framed bytes. Throws GrpcError INTERNAL. */
  encode(input: unknown): Uint8Array;
  /** Received bytes, from `start` to `end`, to response. Throws GrpcError INTERNAL. */
  decode(bytes: Uint8Array, start: number, end: number): unknown;
}

/** One method of a service, ready to be called on a channel. */
export function clientMethod(
  channel: GrpcChannel,
  service: ServiceDefinition,
  definition: MethodDefinition,
): ClientMethod {
  const path = methodPath(service, definition);
  // The definition's own types say what goes in and out; ClientOf has checked them at the caller's.
  const requestType = definition.requestType as AnyMessageType;
  const decode = decoderOf(definition.responseType as AnyMessageType);
  return {
    channel,
    definition,
    path,
    encode(input) {
      try {
        return encodeFramed(requestType, input);
      } catch (cause) {
        throw failed('The request could not be encoded', path, cause);
      }
    },
    decode(bytes, start, end) {
      try {
        return decode(bytes, start, end);
      } catch (cause) {
        throw failed('The response could not be decoded', path, cause);
      }
    },
  };
}

function failed(what: string, method: string, cause: unknown): GrpcError {
  const why = errorMessage(cause);
  return new GrpcError(Status.INTERNAL, `${what}: ${why}`, { method, cause });
}

/** What of a call's options concerns the channel. */
export function channelOptionsOf(options: CallOptions, demand: number): GrpcCallOptions {
  const { metadata, timeoutMs, waitForReady, background } = options;
  return { metadata, timeoutMs, waitForReady, background, demand };
}
