import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { ACCEPTED_ENCODINGS } from '../message/compression.js';
import { status as Status } from '../shared/grpc-js.js';
import { appendMetadata } from '../shared/metadata.js';
import { encodeGrpcMessage } from '../shared/percent.js';
import type { CallEnd } from './call.js';

/** Headers of every response, before its metadata. One list for all: HTTP/2 encodes it once. */
export const RESPONSE_HEADERS: HeaderList = Object.freeze(
  Object.entries({
    ':status': '200',
    'content-type': 'application/grpc',
    'grpc-accept-encoding': ACCEPTED_ENCODINGS,
  }).flat(),
);

const OK_TRAILERS: HeaderList = Object.freeze(['grpc-status', '0']);

/** A status as trailers. OK is sent without a text, as grpc-go does. */
export function statusTrailers({ code, details, metadata }: CallEnd): HeaderList {
  if (code === Status.OK && metadata === undefined) return OK_TRAILERS;
  const trailers = ['grpc-status', String(code)];
  if (code !== Status.OK && details !== '') trailers.push('grpc-message', encodeGrpcMessage(details));
  if (metadata !== undefined) appendMetadata(trailers, metadata);
  return trailers;
}
