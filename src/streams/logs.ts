import type { OperatorFunction } from 'rxjs';
import type { LineTail } from '../wire/line-tail.js';
import { LineDecoder, type LineOptions } from '../wire/lines.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import { createLogParser, type LogParserOptions } from '../wire/logs/parse-line.js';
import { type Decoder, decode } from './decode.js';

/** Which entries `logs` gives, and what it remembers. */
export interface LogOptions extends LogParserOptions, Pick<LineOptions, 'maxLineBytes'> {
  /** Remembers the last lines, also those below the level. Borrowed. */
  readonly tail?: LineTail;
}

/**
 * A plugin's stderr to log entries. Every line is one, whatever it holds; pieces of a line over `maxLineBytes` come as entries of
 * kind `piece`, so memory is bounded. Errors only with its source.
 */
export function logs(options: LogOptions = {}): OperatorFunction<Uint8Array, LogEntry> {
  return decode(() => createLogDecoder(options));
}

/** The decoder of `logs`, for who takes the entries of a chunk at once: an operator for each costs a tenth of the rate. */
export function createLogDecoder(options: LogOptions): Decoder<LogEntry> {
  const { maxLineBytes, tail } = options;
  const lines = new LineDecoder(maxLineBytes === undefined ? {} : { maxLineBytes });
  const parser = createLogParser(options);
  const parse = (decoded: ReturnType<LineDecoder['push']>): LogEntry[] => {
    const entries: LogEntry[] = [];
    for (const line of decoded) {
      tail?.push(line);
      const entry = parser.parse(line);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  };
  return { push: (chunk) => parse(lines.push(chunk)), end: () => parse(lines.end()) };
}
