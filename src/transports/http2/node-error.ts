import { PluginError, ProtocolError, TransportError } from '../../errors.js';

/** What ended a session of node:http2, as an error of ours. */
export function sessionError(error: Error): PluginError {
  if (PluginError.is(error)) return error;
  if ('code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_HTTP2')) {
    return new ProtocolError('ERR_HTTP2_PROTOCOL', `The HTTP/2 session failed: ${error.message}.`, { cause: error });
  }
  return new TransportError('ERR_CONNECTION_LOST', `The connection failed: ${error.message}.`, { cause: error });
}
