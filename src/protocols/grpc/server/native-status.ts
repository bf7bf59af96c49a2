import type { ServerErrorResponse, StatusObject } from '@grpc/grpc-js';
import { Metadata, status as Status } from '../shared/grpc-js.js';
import type { InterceptedCall } from './intercepted-call.js';

/** The status of what a grpc-js handler gives to its callback or emits as `error`. */
export function handlerStatus(
  error: ServerErrorResponse | Partial<StatusObject>,
  trailers?: Metadata,
): Parameters<InterceptedCall['sendStatus']>[0] {
  const metadata = trailers ?? error.metadata;
  const known = metadata instanceof Metadata ? metadata : null;
  const message = 'message' in error ? error.message : 'Unknown Error';
  if (!Number.isInteger(error.code)) return { code: Status.UNKNOWN, details: message, metadata: known };
  const details = typeof error.details === 'string' ? error.details : message;
  return { code: error.code!, details, metadata: known };
}

/** The end of a call that went well. */
export function okStatus(metadata: Metadata | undefined): {
  readonly code: Status;
  readonly details: string;
  readonly metadata?: Metadata;
} {
  return metadata === undefined ? OK : { code: Status.OK, details: 'OK', metadata };
}

const OK = Object.freeze({ code: Status.OK, details: 'OK' });
