import type { StatusObject } from '@grpc/grpc-js';
import { PluginError, type PluginErrorOptions } from '../../../errors.js';
import { Metadata, status as Status } from './grpc-js.js';
import { metadataFrom } from './metadata.js';
import { type CallStatus, statusNameOf } from './status.js';

/** Further properties of a GrpcError. */
export interface GrpcErrorOptions extends PluginErrorOptions {
  /** Trailing metadata. @default empty */
  readonly metadata?: Metadata;
  /** Path of the method, `/package.Service/Method`; the message begins with it. */
  readonly method?: string;
}

/**
 * A gRPC status other than OK. A handler throws one to answer with that status; a client's Observable errors with one. `detail` is
 * the text on the wire, `message` is the same with method and status name before it.
 *
 * @example
 * throw new GrpcError(status.NOT_FOUND, `There is no key ${key}.`);
 */
export class GrpcError extends PluginError<'ERR_GRPC'> {
  /** gRPC status code, 1 to 16 (grpc-js `status`). */
  readonly status: number;
  readonly detail: string;
  readonly metadata: Metadata;
  readonly method: string | undefined;

  constructor(code: number, detail: string, options: GrpcErrorOptions = {}) {
    const where = options.method === undefined ? '' : `${options.method} `;
    super('ERR_GRPC', `${where}${statusNameOf(code)}${detail === '' ? '' : `: ${detail}`}`, options);
    this.status = code;
    this.detail = detail;
    this.metadata = options.metadata ?? new Metadata();
    this.method = options.method;
  }

  /** `NOT_FOUND` for 5. */
  get statusName(): string {
    return statusNameOf(this.status);
  }

  /** The encoded google.rpc.Status that richer errors of other languages carry (trailer grpc-status-details-bin). */
  get statusDetails(): Uint8Array | undefined {
    const value = this.metadata.get('grpc-status-details-bin')[0];
    return typeof value === 'string' ? undefined : value;
  }

  /** True for errors of this class, across realms and across several copies of the package. */
  static override is(value: unknown): value is GrpcError {
    return PluginError.is(value) && value.code === 'ERR_GRPC';
  }
}
Object.defineProperty(GrpcError.prototype, 'name', { value: 'GrpcError', configurable: true, writable: true });

/** The error of a call that ended with a status other than OK. */
export function errorFromStatus(status: CallStatus, method: string): GrpcError {
  const options = { metadata: metadataFrom(status.trailers), method };
  return new GrpcError(
    status.code,
    status.detail,
    status.cause === undefined ? options : { ...options, cause: status.cause },
  );
}

/** Returns a GrpcError as it is, and wraps anything else that was thrown in one, as its cause. */
export function toGrpcError(thrown: unknown, method?: string): GrpcError {
  if (GrpcError.is(thrown)) return thrown;
  const { code, details, metadata } = toStatusObject(thrown);
  return new GrpcError(code, details, { metadata, cause: thrown, ...(method === undefined ? {} : { method }) });
}

/**
 * The status that a thrown value is sent as. A GrpcError and grpc-js's own errors keep code, details and metadata; an exceeded
 * limit is RESOURCE_EXHAUSTED, an AbortError CANCELLED, a TimeoutError DEADLINE_EXCEEDED; anything else is UNKNOWN with its
 * message, as grpc-go answers. Stack, cause and other properties are not sent.
 */
export function toStatusObject(thrown: unknown): StatusObject {
  if (GrpcError.is(thrown))
    return { code: knownFailure(thrown.status), details: thrown.detail, metadata: thrown.metadata };
  // A DOMException has a number as its code as well: 20 for an abort.
  if (!(thrown instanceof DOMException) && isStatusLike(thrown)) {
    const metadata = thrown.metadata instanceof Metadata ? thrown.metadata : new Metadata();
    return { code: knownFailure(thrown.code), details: thrown.details ?? messageOf(thrown), metadata };
  }
  return { code: codeOf(thrown), details: messageOf(thrown), metadata: new Metadata() };
}

interface StatusLike {
  readonly code: number;
  readonly details?: string;
  readonly metadata?: unknown;
}

function isStatusLike(value: unknown): value is StatusLike {
  if (typeof value !== 'object' || value === null || !('code' in value) || typeof value.code !== 'number') return false;
  return !('details' in value) || value.details === undefined || typeof value.details === 'string';
}

/** A failure is never sent as OK, nor with a code that gRPC does not define. */
function knownFailure(code: number): Status {
  return code !== Status.OK && code in Status ? code : Status.UNKNOWN;
}

function codeOf(thrown: unknown): Status {
  if (PluginError.is(thrown)) {
    if (thrown.code === 'ERR_LIMIT_EXCEEDED') return Status.RESOURCE_EXHAUSTED;
    if (thrown.code === 'ERR_TIMEOUT') return Status.DEADLINE_EXCEEDED;
  }
  if (!(thrown instanceof Error)) return Status.UNKNOWN;
  if (thrown.name === 'AbortError') return Status.CANCELLED;
  return thrown.name === 'TimeoutError' ? Status.DEADLINE_EXCEEDED : Status.UNKNOWN;
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null) {
    return 'message' in thrown && typeof thrown.message === 'string'
      ? thrown.message
      : 'an object was thrown that is not an Error';
  }
  return String(thrown);
}
