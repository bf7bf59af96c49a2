import { ProtocolError } from '../../../errors.js';
import { formatErrorCode } from '../../../wire/http2/frames.js';

const MAX_TEXT = 200;

/** The peer has ended the session because of an error; its words are kept. */
export function goAwayError(code: number, debugData: Uint8Array): ProtocolError {
  const text = Buffer.from(debugData.subarray(0, MAX_TEXT)).toString('utf8');
  const details = text === '' ? {} : { details: { text } };
  const why = text === '' ? '' : `: ${JSON.stringify(text)}`;
  const name = formatErrorCode(code);
  return new ProtocolError(
    'ERR_HTTP2_PROTOCOL',
    `The peer ended the session with GOAWAY ${code} (${name})${why}.`,
    details,
  );
}
