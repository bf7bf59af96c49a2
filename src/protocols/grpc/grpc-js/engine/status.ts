import { type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import { TransportError } from '../../../../errors.js';
import type { HeaderList } from '../../../../transports/http2/interfaces.js';
import { appendMetadata } from '../../shared/metadata.js';
import { encodeGrpcMessage } from '../../shared/percent.js';

/** Details that grpc-js gives only when it has given up the connection. */
const CONNECTION_LOST = /^(Connection dropped|Failed to start HTTP\/2 stream)/;
/** Details of a stream that ended by itself, or with its connection: which of the two grpc-js notices first is a race. */
const MAYBE_LOST = /^(Call cancelled|Channel closed|Write |Received RST_STREAM|read |write )/;
const UNREADABLE = 'A message is compressed, and the headers name no grpc-encoding that grpc-js reads.';

/** Why the connection of a call is lost, if its status says so; `loss` is why the connection is over, undefined while it is not. */
export function lossOf({ details, metadata }: StatusObject, loss: Error | undefined): Error | undefined {
  const lost = CONNECTION_LOST.test(details) || (loss !== undefined && MAYBE_LOST.test(details));
  if (!lost || headersFrom(metadata).length > 0) return undefined;
  // grpc-js leaves a connection open when a PING of the keep-alive is not answered.
  return loss ?? new TransportError('ERR_CONNECTION_LOST', `${details}, as when a PING is not answered.`);
}

/** RST_STREAM CANCEL of the peer, or the end of the stream. */
export function isPeerReset({ code, details, metadata }: StatusObject): boolean {
  return code === Status.CANCELLED && details === 'Call cancelled' && headersFrom(metadata).length === 0;
}

/** A status as trailers, as the peer would have sent them. */
export function trailersFrom({ code, details, metadata }: StatusObject): HeaderList {
  // Of a compression that it does not know, grpc-js makes a status that has neither code nor details.
  const [known, text] = typeof code === 'number' ? [code, details] : [Status.INTERNAL, UNREADABLE];
  return ['grpc-status', String(known), 'grpc-message', encodeGrpcMessage(text), ...headersFrom(metadata)];
}

/** Metadata as it stands on the wire. */
export function headersFrom(metadata: Metadata): HeaderList {
  const headers: string[] = [];
  appendMetadata(headers, metadata);
  return headers;
}
