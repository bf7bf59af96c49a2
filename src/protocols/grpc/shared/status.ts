import type { Delivery } from '../../../errors.js';
import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { formatErrorCode, Http2ErrorCode } from '../../../wire/http2/frames.js';
import { lostCallMessage } from '../../delivery.js';
import { status as Status } from './grpc-js.js';
import { headerOf } from './metadata.js';
import { decodeGrpcMessage } from './percent.js';

/** How a call ended. The metadata in `trailers` is decoded on demand (`metadataFrom`). */
export interface CallStatus {
  /** gRPC status code, 0 to 16; any other that a peer sends is reported as UNKNOWN. */
  readonly code: number;
  readonly detail: string;
  /** The trailers (or the only header block) as received; empty for a status that the peer did not send. */
  readonly trailers: HeaderList;
  /** The error behind a status that the peer did not send. */
  readonly cause?: unknown;
  /** Whether the request can have reached the peer; only for a status that the loss of the connection has made. */
  readonly delivery?: Delivery;
}

const NO_HEADERS: HeaderList = [];

/** A status that the peer did not send. */
export function localStatus(code: number, detail: string, cause?: unknown): CallStatus {
  return cause === undefined ? { code, detail, trailers: NO_HEADERS } : { code, detail, trailers: NO_HEADERS, cause };
}

/** The status of a call that ended because its peer is gone, or could not be reached. */
export function lostStatus(detail: string, cause: unknown, delivery: Delivery): CallStatus {
  return { code: Status.UNAVAILABLE, detail: lostCallMessage(detail, delivery), trailers: NO_HEADERS, cause, delivery };
}

/** `NOT_FOUND` for 5; `CODE(99)` for a number that gRPC does not know. */
export function statusNameOf(code: number): string {
  return Status[code] ?? `CODE(${code})`;
}

/** Reads grpc-status and grpc-message; undefined without a grpc-status. */
export function statusFromTrailers(trailers: HeaderList): CallStatus | undefined {
  const text = headerOf(trailers, 'grpc-status');
  if (text === undefined) return undefined;
  const message = headerOf(trailers, 'grpc-message');
  const detail = message === undefined ? '' : decodeGrpcMessage(message);
  const code = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  if (code in Status) return { code, detail, trailers };
  return { code: Status.UNKNOWN, detail: `The peer sent grpc-status "${text.slice(0, 40)}". ${detail}`, trailers };
}

const BY_HTTP_STATUS: Readonly<Record<string, number>> = {
  '400': Status.INTERNAL,
  '401': Status.UNAUTHENTICATED,
  '403': Status.PERMISSION_DENIED,
  '404': Status.UNIMPLEMENTED,
  '429': Status.UNAVAILABLE,
  '502': Status.UNAVAILABLE,
  '503': Status.UNAVAILABLE,
  '504': Status.UNAVAILABLE,
};

/** What a response without a grpc-status means (grpc doc/http-grpc-status-mapping.md). */
export function statusFromHttp(headers: HeaderList): CallStatus {
  const http = headerOf(headers, ':status') ?? 'none';
  const type = headerOf(headers, 'content-type') ?? 'none';
  const detail = `The peer did not answer with gRPC: HTTP status ${http}, content-type ${type.slice(0, 100)}.`;
  return { code: BY_HTTP_STATUS[http] ?? Status.UNKNOWN, detail, trailers: headers };
}

const BY_RESET: Readonly<Record<number, number>> = {
  [Http2ErrorCode.cancel]: Status.CANCELLED,
  [Http2ErrorCode.enhanceYourCalm]: Status.RESOURCE_EXHAUSTED,
  [Http2ErrorCode.inadequateSecurity]: Status.PERMISSION_DENIED,
};

/** A refusal has no text of its own; the log of a plugin of ours has the reason. */
const REFUSED =
  'The peer refused the call (REFUSED_STREAM): it has as many running calls as it takes, those included that were cancelled and whose handlers ' +
  'have not ended, or it is about to end.';

/** What an RST_STREAM of the peer means (grpc doc/PROTOCOL-HTTP2.md, section Errors). */
export function statusFromReset(code: number): CallStatus {
  if (code === Http2ErrorCode.refusedStream) return lostStatus(REFUSED, undefined, 'none');
  const detail = `The peer reset the stream: ${formatErrorCode(code)}.`;
  return localStatus(BY_RESET[code] ?? Status.INTERNAL, detail);
}
