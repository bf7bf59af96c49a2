import type { Duplex } from 'node:stream';
import type {
  Http2ClientSession,
  Http2Options,
  Http2ServerSession,
  Http2SessionEvents,
  Http2StreamHandler,
} from './interfaces.js';
import { resolveHttp2Options } from './options.js';
import { ClientSession } from './session/client-session.js';
import { ServerSession } from './session/server-session.js';

/**
 * Starts HTTP/2 as a client on any Duplex, which the session owns from here on: what gRPC needs of RFC 9113, with prior knowledge, without
 * push and priorities. TLS, where there is any, is done by the Duplex. Throws OptionsError.
 */
export function connectHttp2(
  connection: Duplex,
  events: Http2SessionEvents,
  options?: Http2Options,
): Http2ClientSession {
  return new ClientSession(connection, events, resolveHttp2Options(options));
}

/** Starts HTTP/2 as a server: `handler` is called for every stream that the client opens. */
export function serveHttp2(
  connection: Duplex,
  handler: Http2StreamHandler,
  events: Http2SessionEvents,
  options?: Http2Options,
): Http2ServerSession {
  return new ServerSession(connection, handler, events, resolveHttp2Options(options));
}
