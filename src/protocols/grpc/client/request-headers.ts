import { ProtocolError } from '../../../errors.js';
import type { HeaderList } from '../../../transports/http2/interfaces.js';
import { ACCEPTED_ENCODINGS } from '../message/compression.js';
import { formatTimeout } from '../shared/deadline.js';
import { appendMetadata, headerListBytes, listLimitText, mostListBytes } from '../shared/metadata.js';
import type { GrpcCallOptions } from './channel.js';

const PRODUCT = 'grpc-node-rxplug';

/** Bounds the cache. A channel calls few methods, unless its caller generates paths. */
const MAX_TEMPLATES = 256;

/** What the headers of all calls of a channel have in common. */
export interface RequestHeadersOptions {
  readonly authority: string;
  readonly secure: boolean;
  /** Stands before the library's name. */
  readonly userAgent: string | undefined;
}

/**
 * Makes the request headers of a channel's calls (grpc doc/PROTOCOL-HTTP2.md, Requests). Calls of one method without metadata and timeout
 * share one list, which HPACK then encodes once.
 */
export class RequestHeaders {
  readonly #options: RequestHeadersOptions;
  readonly #templates = new Map<string, HeaderList>();

  constructor(options: RequestHeadersOptions) {
    this.#options = options;
  }

  of(path: string, call: GrpcCallOptions, timeoutMs: number | undefined): HeaderList {
    if (call.authority !== undefined) return this.#extend(this.#make(path, call.authority), call, timeoutMs);
    let template = this.#templates.get(path);
    if (template === undefined) {
      template = this.#make(path, this.#options.authority);
      if (this.#templates.size >= MAX_TEMPLATES) this.#templates.clear();
      this.#templates.set(path, template);
    }
    if (call.metadata === undefined && timeoutMs === undefined) return template;
    return this.#extend([...template], call, timeoutMs);
  }

  #extend(headers: string[], call: GrpcCallOptions, timeoutMs: number | undefined): HeaderList {
    if (timeoutMs !== undefined) headers.push('grpc-timeout', formatTimeout(timeoutMs));
    if (call.metadata === undefined) return headers;
    appendMetadata(headers, call.metadata);
    return headers;
  }

  #make(path: string, authority: string): string[] {
    const { secure, userAgent } = this.#options;
    const pseudo = [':method', 'POST', ':scheme', secure ? 'https' : 'http', ':path', path, ':authority', authority];
    const agent = userAgent === undefined ? PRODUCT : `${userAgent} ${PRODUCT}`;
    const fixed = ['te', 'trailers', 'content-type', 'application/grpc', 'user-agent', agent];
    return [...pseudo, ...fixed, 'grpc-accept-encoding', ACCEPTED_ENCODINGS];
  }
}

/** Refuses a request before it is sent, for the peer would reset it or close the connection. Throws ProtocolError ERR_LIMIT_EXCEEDED. */
export function checkHeaderListSize(headers: HeaderList, peerMaxBytes: number): void {
  const bytes = headerListBytes(headers);
  if (bytes <= mostListBytes(peerMaxBytes)) return;
  const text = `the headers with the metadata have ${bytes} bytes, ${listLimitText(peerMaxBytes)}.`;
  throw new ProtocolError('ERR_LIMIT_EXCEEDED', text);
}
