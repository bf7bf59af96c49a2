import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { headerOf } from '../shared/metadata.js';

/** What the first header block of a response says about the call. */
export interface ResponseHead {
  /** HTTP status 200 and the content type of gRPC. */
  readonly isGrpc: boolean;
  /** Value of `grpc-encoding`. */
  readonly encoding: string | undefined;
}

/** Heads of the lists that come again: the HPACK decoder gives the same frozen list for the same block. */
const known = new WeakMap<HeaderList, ResponseHead>();

/** Reads the head of a response. */
export function readResponseHead(headers: HeaderList): ResponseHead {
  const head = known.get(headers);
  if (head !== undefined) return head;
  const isGrpc = headerOf(headers, ':status') === '200' && isGrpcType(headerOf(headers, 'content-type'));
  const read = { isGrpc, encoding: headerOf(headers, 'grpc-encoding') };
  if (Object.isFrozen(headers)) known.set(headers, read);
  return read;
}

function isGrpcType(contentType: string | undefined): boolean {
  return contentType?.startsWith('application/grpc') === true;
}
