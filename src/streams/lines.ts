import type { OperatorFunction } from 'rxjs';
import { type Line, LineDecoder, type LineOptions } from '../wire/lines.js';
import { decode } from './decode.js';

/**
 * Bytes to lines of text. Holds less than `maxLineBytes`; a longer line comes in pieces, or ends the stream with a ProtocolError
 * ERR_LIMIT_EXCEEDED if `tooLong` is `fail`. Errors with an OptionsError for a limit that is none.
 */
export function lines(options?: LineOptions): OperatorFunction<Uint8Array, Line> {
  return decode(() => new LineDecoder(options));
}
