import { errorMessage, PluginError, ProtocolError, TransportError } from '../../../errors.js';
import { formatErrorCode, Http2ErrorCode } from '../../../wire/http2/frames.js';

/** Characters of an error, and bytes of GOAWAY's debug data, that are passed on. */
export const MAX_REASON = 200;

/** The peer has ended the session because of an error. */
export function goAwayError(code: number, debugData: Uint8Array): ProtocolError {
  const text = Buffer.from(debugData.subarray(0, MAX_REASON)).toString('utf8');
  const details = text === '' ? {} : { details: { text } };
  const why = text === '' ? '' : `: ${JSON.stringify(text)}`;
  const name = formatErrorCode(code);
  return new ProtocolError(
    'ERR_HTTP2_PROTOCOL',
    `The peer ended the session with GOAWAY ${code} (${name})${why}.`,
    details,
  );
}

/** The connection reported an error. */
export function connectionError(cause: Error): PluginError {
  if (PluginError.is(cause)) return cause;
  return new TransportError('ERR_CONNECTION_LOST', `The connection failed: ${cause.message}.`, { cause });
}

/** Something threw that is not an error of the protocol. */
export function internalError(cause: unknown): ProtocolError {
  const options = { cause, wireCode: Http2ErrorCode.internalError };
  return new ProtocolError('ERR_HTTP2_PROTOCOL', `The HTTP/2 session failed: ${errorMessage(cause)}.`, options);
}
