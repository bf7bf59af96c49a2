import { type Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import type { HeaderList } from '../../../../transports/http2/engine.js';
import { appendMetadata } from '../../shared/metadata.js';
import { type CallStatus, localStatus } from '../../shared/status.js';

/** What grpc-js says only when it has given up the connection. */
const GIVEN_UP = /^(Connection dropped|Failed to start HTTP\/2 stream)/;
/** What it says of a stream, and of one that went with its connection as well: a matter of who hears first. */
const MAYBE_LOST = /^(Call cancelled|Channel closed|Write |Received RST_STREAM|read |write )/;
const UNREADABLE = 'A message is compressed, and the headers name no grpc-encoding that grpc-js reads.';

/** How a call ended, from what grpc-js says of it; `loss` is why its connection is over, undefined while it is not. */
export function statusFromStock(status: StatusObject, loss: Error | undefined): CallStatus {
  const { code, details } = status;
  const trailers = headersFrom(status.metadata);
  const lost = GIVEN_UP.test(details) || (loss !== undefined && MAYBE_LOST.test(details));
  if (lost && trailers.length === 0) return lostStatus(details, loss);
  if (code in Status) return { code, detail: details, trailers };
  // What grpc-js makes of a compression that it does not know has neither code nor text.
  if (typeof code !== 'number') return localStatus(Status.INTERNAL, UNREADABLE);
  return { code: Status.UNKNOWN, detail: `The peer sent grpc-status ${code}. ${details}`, trailers };
}

/** Whether the peer, or the end of the stream, cancelled the call. */
export function isCancelled({ code, details, metadata }: StatusObject): boolean {
  return code === Status.CANCELLED && details === 'Call cancelled' && headersFrom(metadata).length === 0;
}

/** Metadata as it stands on the wire. */
export function headersFrom(metadata: Metadata): HeaderList {
  const headers: string[] = [];
  appendMetadata(headers, metadata);
  return headers;
}

/** grpc-js gives a connection up that is still there when a PING of keepalive is not answered. */
function lostStatus(details: string, loss: Error | undefined): CallStatus {
  const text = loss?.message ?? `${details}, as when a PING of keepalive is not answered.`;
  return localStatus(Status.UNAVAILABLE, `The connection was lost: ${text}`, loss);
}
