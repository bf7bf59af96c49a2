import type { StatusObject } from '@grpc/grpc-js';
import { PluginError, type PluginErrorOptions } from '../../../errors.js';
import { type Peer, peerDetails } from '../../peer.js';
import { Metadata, status as Status } from './grpc-js.js';
import { isMetadata, type MetadataInput, metadataFrom, resolveMetadata, toMetadata } from './metadata.js';
import { type CallStatus, statusNameOf } from './status.js';

/** Further properties of a GrpcError. */
export interface GrpcErrorOptions extends PluginErrorOptions {
  /** Trailing metadata: a Metadata, or an object of names and values. @default empty */
  readonly metadata?: MetadataInput;
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
    const { method, details: { plugin } = {} } = options;
    const where = `${plugin === undefined ? '' : `${plugin}: `}${method === undefined ? '' : `${method} `}`;
    super('ERR_GRPC', `${where}${statusNameOf(code)}${detail === '' ? '' : `: ${detail}`}`, options);
    this.status = code;
    this.detail = detail;
    this.metadata = resolveMetadata('the metadata of a GrpcError', options.metadata) ?? new Metadata();
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
export function errorFromStatus(status: CallStatus, method: string, peer: Peer = {}): GrpcError {
  const { code, detail, trailers, cause, delivery } = status;
  const options = { metadata: metadataFrom(trailers), method, ...(cause === undefined ? {} : { cause }) };
  const details = peerDetails(peer);
  if (delivery === undefined) return new GrpcError(code, detail, { ...options, details });
  const known = PluginError.is(cause) ? cause.details : {};
  return new GrpcError(code, detail, { ...options, details: { ...details, ...known, delivery } });
}

/** Returns a GrpcError as it is, and wraps anything else that was thrown in one, as its cause. */
export function toGrpcError(thrown: unknown, method?: string): GrpcError {
  if (GrpcError.is(thrown)) return thrown;
  const { code, details, metadata } = toStatusObject(thrown);
  return new GrpcError(code, details, { metadata, cause: thrown, ...(method === undefined ? {} : { method }) });
}

/**
 * The status that a failure is sent as. A GrpcError keeps its own. So does an object that is meant as a status: with an integer `code` of
 * gRPC's, 0 to 16, and `details` or `metadata` (grpc-js's ServiceError has all three). Many errors have a numeric `code` that means
 * something else, such as an exit code. An exceeded limit is RESOURCE_EXHAUSTED, an AbortError CANCELLED, a TimeoutError
 * DEADLINE_EXCEEDED; anything else is UNKNOWN with its message, as in grpc-go. Stack, cause and other properties are not sent.
 */
export function toStatusObject(thrown: unknown): StatusObject {
  try {
    if (GrpcError.is(thrown)) return statusOf(thrown.status, thrown.detail, thrown.metadata);
    if (isStatusLike(thrown)) return statusOf(thrown.code, thrown.details ?? messageOf(thrown), thrown.metadata);
    return statusOf(codeOf(thrown), messageOf(thrown), undefined);
  } catch {
    return statusOf(Status.UNKNOWN, 'an object was thrown whose properties cannot be read', undefined);
  }
}

/** The numeric `code` of a failure that is not meant as a gRPC status; undefined where there is none. */
export function foreignCode(thrown: unknown): number | undefined {
  try {
    if (GrpcError.is(thrown) || isStatusLike(thrown) || !hasNumericCode(thrown)) return undefined;
    return thrown.code;
  } catch {
    return undefined;
  }
}

/** Whether a failure is neither meant as a status nor an abort, a timeout or a limit: most likely a mistake of who threw it. */
export function isUnexpected(thrown: unknown): boolean {
  try {
    return !GrpcError.is(thrown) && !isStatusLike(thrown) && codeOf(thrown) === Status.UNKNOWN;
  } catch {
    return true;
  }
}

function statusOf(code: number, details: string, metadata: unknown): StatusObject {
  return { code: knownFailure(code), details, metadata: toMetadata(metadata) ?? new Metadata() };
}

interface StatusLike {
  readonly code: number;
  readonly details?: string;
  readonly metadata?: unknown;
}

function isStatusLike(value: unknown): value is StatusLike {
  if (!hasNumericCode(value) || !(value.code in Status)) return false;
  const { details, metadata } = value as { readonly details?: unknown; readonly metadata?: unknown };
  return typeof details === 'string' || (details === undefined && isMetadata(metadata));
}

function hasNumericCode(value: unknown): value is { readonly code: number } {
  return typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'number';
}

/** A failure is never sent as OK, nor with a code that gRPC does not define. */
function knownFailure(code: number): Status {
  return code !== Status.OK && code in Status ? code : Status.UNKNOWN;
}

/** By name: an error of another realm, such as a test's under Jest, is no instance of this realm's Error. */
function codeOf(thrown: unknown): Status {
  if (PluginError.is(thrown)) {
    if (thrown.code === 'ERR_LIMIT_EXCEEDED') return Status.RESOURCE_EXHAUSTED;
    if (thrown.code === 'ERR_TIMEOUT') return Status.DEADLINE_EXCEEDED;
  }
  if (typeof thrown !== 'object' || thrown === null || !('name' in thrown) || !('message' in thrown))
    return Status.UNKNOWN;
  if (thrown.name === 'AbortError') return Status.CANCELLED;
  return thrown.name === 'TimeoutError' ? Status.DEADLINE_EXCEEDED : Status.UNKNOWN;
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null) {
    if ('message' in thrown && typeof thrown.message === 'string') return thrown.message;
    return 'details' in thrown && typeof thrown.details === 'string'
      ? thrown.details
      : 'an object was thrown that is not an Error';
  }
  return String(thrown);
}
