import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { HeaderList } from '../../../transports/http2/engine.js';
import { ACCEPTED_ENCODINGS } from '../message/compression.js';
import { status as Status } from '../shared/grpc-js.js';
import { appendMetadata } from '../shared/metadata.js';
import { encodeGrpcMessage } from '../shared/percent.js';

type Metrics = ReturnType<ServerInterceptingCallInterface['getMetricsRecorder']>;
type PartialStatus = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Headers of every response, before its metadata. One list for all: HTTP/2 encodes it once. */
export const RESPONSE_HEADERS: HeaderList = Object.freeze(
  Object.entries({
    ':status': '200',
    'content-type': 'application/grpc',
    'grpc-accept-encoding': ACCEPTED_ENCODINGS,
  }).flat(),
);

const OK_TRAILERS: HeaderList = Object.freeze(['grpc-status', '0']);

/** A status as trailers. OK travels without a text, as grpc-go sends it. */
export function statusTrailers({ code, details, metadata }: PartialStatus): HeaderList {
  const bare = metadata === undefined || metadata === null;
  if (code === Status.OK && bare) return OK_TRAILERS;
  const trailers = ['grpc-status', String(code ?? Status.UNKNOWN)];
  if (code !== Status.OK && details) trailers.push('grpc-message', encodeGrpcMessage(details));
  if (!bare) appendMetadata(trailers, metadata);
  return trailers;
}

const ignore = (): void => {};

/** Metrics are sent only by a server of grpc-js that was told so; what a handler records here goes nowhere. */
const unrecorded: Partial<Metrics> = {
  recordRequestCostMetric: ignore,
  recordUtilizationMetric: ignore,
  recordNamedMetric: ignore,
  recordCPUUtilizationMetric: ignore,
  recordMemoryUtilizationMetric: ignore,
  recordApplicationUtilizationMetric: ignore,
  recordQpsMetric: ignore,
  recordEpsMetric: ignore,
  serialize: () => Buffer.alloc(0),
};

/** grpc-js does not export the class, and its type has a private member. */
export const UNRECORDED = unrecorded as Metrics;
