import type { ServerErrorResponse, ServerInterceptingCallInterface, StatusObject } from '@grpc/grpc-js';
import { type Metadata, status as Status } from '../../shared/grpc-js.js';
import { toMetadata } from '../../shared/metadata.js';

export type PartialStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** The status of what a grpc-js handler gives to its callback or emits as `error`. */
export function failedStatus(error: ServerErrorResponse | Partial<StatusObject>, trailers?: Metadata): PartialStatus {
  const known = toMetadata(trailers ?? error.metadata) ?? null;
  const message = 'message' in error ? error.message : 'Unknown Error';
  if (!Number.isInteger(error.code)) return { code: Status.UNKNOWN, details: message, metadata: known };
  const details = typeof error.details === 'string' ? error.details : message;
  return { code: error.code!, details, metadata: known };
}

const OK: PartialStatus = Object.freeze({ code: Status.OK, details: 'OK' });

/** The status of a call that succeeded. */
export function okStatus(metadata: Metadata | undefined): PartialStatus {
  return metadata === undefined ? OK : { ...OK, metadata: toMetadata(metadata) ?? null };
}
