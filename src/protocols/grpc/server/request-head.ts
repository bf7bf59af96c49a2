import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { parseTimeout } from '../shared/deadline.js';
import { Metadata } from '../shared/grpc-js.js';
import { metadataFrom } from '../shared/metadata.js';

/** What the header block of a request says about the call. */
export interface RequestHead {
  readonly path: string;
  /** `:authority`; empty without one. */
  readonly authority: string;
  /** Whether the content type is gRPC's. */
  readonly isGrpc: boolean;
  /** Value of `grpc-encoding`. */
  readonly encoding: string | undefined;
  /** Milliseconds that the caller waits; undefined without a limit, NaN for a value that is none. */
  readonly timeoutMs: number | undefined;
}

/** Heads of the lists that come again: the HPACK decoder gives the same frozen list for the same block. */
const known = new WeakMap<HeaderList, RequestHead>();

/** Reads the head of a request. */
export function readHead(headers: HeaderList): RequestHead {
  const head = known.get(headers);
  if (head !== undefined) return head;
  const read = parse(headers);
  if (Object.isFrozen(headers)) known.set(headers, read);
  return read;
}

function parse(headers: HeaderList): RequestHead {
  let path = '';
  let authority = '';
  let contentType = '';
  let encoding: string | undefined;
  let timeout: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const value = headers[index + 1]!;
    switch (headers[index]) {
      case ':path':
        path = value;
        break;
      case ':authority':
        authority = value;
        break;
      case 'content-type':
        contentType = value;
        break;
      case 'grpc-encoding':
        encoding = value;
        break;
      case 'grpc-timeout':
        timeout = value;
        break;
      default:
    }
  }
  const timeoutMs = timeout === undefined ? undefined : (parseTimeout(timeout) ?? Number.NaN);
  return { path, authority, isGrpc: isGrpcType(contentType), encoding, timeoutMs };
}

/** `application/grpc`, with a suffix (`+proto`) or parameters at most. */
function isGrpcType(contentType: string): boolean {
  return /^application\/grpc(?:$|[+;])/.test(contentType);
}

/** The request's metadata as grpc-js gives it to handlers: everything that is not gRPC's own, and `user-agent`. */
export function requestMetadata(headers: HeaderList): Metadata {
  const metadata = metadataFrom(headers);
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'user-agent') metadata.set('user-agent', headers[index + 1]!);
  }
  return metadata;
}
