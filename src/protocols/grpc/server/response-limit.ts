import type { HeaderList } from '../../../transports/http2/interfaces.js';
import type { Logger } from '../../../wire/logs/logger.js';
import { status as Status } from '../shared/grpc-js.js';
import { headerListBytes, listLimitText, mostListBytes } from '../shared/metadata.js';
import { cutGrpcMessage } from '../shared/percent.js';
import type { CallEnd } from './call.js';
import { RESPONSE_HEADERS, statusTrailers } from './response-headers.js';

/** A caller that accepts header lists up to a size, and where it is told what was not sent. */
export interface Caller {
  /** Infinity unless it has announced a limit (SETTINGS_MAX_HEADER_LIST_SIZE). */
  readonly maxHeaderListBytes: number;
  readonly logger: Logger;
}

/** Beside its text, what the header `grpc-message` costs. */
const MESSAGE_HEADER_BYTES = headerListBytes(['grpc-message', '']);

/** The end of a call whose initial metadata are more than the caller accepts; undefined if they are not. */
export function headersTooLarge(headers: HeaderList, path: string, caller: Caller): CallEnd | undefined {
  if (fits(headers, caller)) return undefined;
  const details = tooLarge('headers', headers, path, caller);
  caller.logger.warn('a call failed: its initial metadata could not be sent', { method: path, error: details });
  return { code: Status.RESOURCE_EXHAUSTED, details };
}

/**
 * The trailers of a call, or its only headers, in a form that the caller accepts, for it would miss the status otherwise: metadata of a
 * failed call are left out, and its message is cut. A call that succeeded fails instead, for it would miss what it was sent.
 */
export function fittingTrailers(status: CallEnd, path: string, only: boolean, caller: Caller): HeaderList {
  const trailers = listOf(status, only);
  if (fits(trailers, caller)) return trailers;
  const error = tooLarge('trailers', trailers, path, caller);
  const succeeded = status.code === Status.OK;
  const { code, details } = succeeded ? { code: Status.RESOURCE_EXHAUSTED, details: error } : status;
  const bareBytes = headerListBytes(listOf({ code, details: '' }, only)) + MESSAGE_HEADER_BYTES;
  const what = succeeded
    ? 'a call failed: its trailing metadata could not be sent'
    : 'the end of a failed call was cut';
  caller.logger.warn(what, { method: path, error });
  return listOf({ code, details: cutGrpcMessage(details, mostListBytes(caller.maxHeaderListBytes) - bareBytes) }, only);
}

function listOf(status: CallEnd, only: boolean): HeaderList {
  const trailers = statusTrailers(status);
  return only ? [...RESPONSE_HEADERS, ...trailers] : trailers;
}

function fits(headers: HeaderList, { maxHeaderListBytes }: Caller): boolean {
  return headerListBytes(headers) <= mostListBytes(maxHeaderListBytes);
}

function tooLarge(what: string, headers: HeaderList, path: string, { maxHeaderListBytes }: Caller): string {
  return `The ${what} of a response of ${path} have ${headerListBytes(headers)} bytes, ${listLimitText(maxHeaderListBytes)}.`;
}
