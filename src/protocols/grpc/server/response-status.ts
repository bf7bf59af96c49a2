import { errorMessage } from '../../../errors.js';
import type { Logger } from '../../../wire/logs/logger.js';
import { GrpcError, toStatusObject } from '../shared/errors.js';
import { Metadata, status as Status } from '../shared/grpc-js.js';
import { isSendable } from '../shared/metadata.js';
import type { CallEnd } from './call.js';

/** Peers refuse header blocks above 16 to 64 KiB, and with them the whole call; a character takes up to nine bytes there. */
const MAX_DETAILS_LENGTH = 4096;

/** The same for metadata: above 64 KiB a host on Node loses its connection, without noticing it. */
const MAX_METADATA_BYTES = 32 * 1024;
/** What HTTP/2 counts for a header besides name and value (RFC 9113 §10.5.1). */
const HEADER_COST_BYTES = 32;

/** The method whose call is answered: what cannot be sent is logged by it. */
export interface AnsweredMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly logger: Logger;
}

/**
 * The trailing metadata of a response: the handler's, with that of its error merged over it; undefined when there is neither. Throws
 * GrpcError INTERNAL for more than can be sent.
 */
export function mergeTrailers(method: AnsweredMethod, trailers?: Metadata, failure?: Metadata): Metadata | undefined {
  if (trailers === undefined && failure === undefined) return undefined;
  const merged = trailers?.clone() ?? new Metadata();
  for (const name of Object.keys(failure?.getMap() ?? {})) {
    merged.remove(name);
    for (const value of failure?.get(name) ?? []) merged.add(name, value);
  }
  return sendable(method, merged);
}

/** The end of a call that failed, in a form that no header can break. What cannot be sent is left out, and logged. */
export function failedEnd(method: AnsweredMethod, thrown: unknown, trailers: Metadata | undefined): CallEnd {
  const { code, details, metadata } = toStatusObject(thrown);
  const text = headerText(method, details);
  try {
    return { code, details: text, metadata: mergeTrailers(method, trailers, metadata) };
  } catch (error) {
    // The status matters more than its metadata.
    const fields = { method: method.path, error: GrpcError.is(error) ? error.detail : errorMessage(error) };
    method.logger.warn('the metadata of a failed call was left out', fields);
    return { code, details: text };
  }
}

/**
 * Removes names that would break the response: metadata that was received somewhere and is passed on may have them. Throws GrpcError
 * INTERNAL for more than can be sent.
 */
export function sendable({ path, logger }: AnsweredMethod, metadata: Metadata): Metadata {
  let bytes = 0;
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    if (!isSendable(name)) {
      metadata.remove(name);
      logger.debug('metadata was left out: its name belongs to gRPC or HTTP/2', { method: path, name });
    } else for (const value of values) bytes += name.length + value.length + HEADER_COST_BYTES;
  }
  if (bytes <= MAX_METADATA_BYTES) return metadata;
  const detail = `The metadata of a response of ${path} has ${bytes} bytes, at most ${MAX_METADATA_BYTES} can be sent.`;
  throw new GrpcError(Status.INTERNAL, detail);
}

/** Well-formed, for grpc-js's `encodeURI` throws otherwise, where it cannot be caught; and short enough for a header. */
function headerText({ path, logger }: AnsweredMethod, details: string): string {
  if (details.length > MAX_DETAILS_LENGTH) {
    const fields = { method: path, chars: details.length, maxChars: MAX_DETAILS_LENGTH };
    logger.warn('the message of a failed call was cut', fields);
  }
  const text = details.length > MAX_DETAILS_LENGTH ? `${details.slice(0, MAX_DETAILS_LENGTH - 1)}…` : details;
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
