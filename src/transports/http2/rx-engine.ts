import type { Http2Engine, Http2ServerEngine } from './engine.js';
import { resolveHttp2Options } from './options.js';
import { ClientSession } from './session/client-session.js';
import { ServerSession } from './session/server-session.js';

/** HTTP/2 in TypeScript, both ends: what gRPC needs of RFC 9113, without push and priorities. */
export const rxHttp2Engine: Http2Engine & Http2ServerEngine = {
  connect: (connection, events, options) => new ClientSession(connection, events, resolveHttp2Options(options)),
  serve: (connection, handler, events, options) =>
    new ServerSession(connection, handler, events, resolveHttp2Options(options)),
};
