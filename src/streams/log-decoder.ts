import type { LineTail } from '../wire/line-tail.js';
import { LineDecoder, type LineOptions } from '../wire/lines.js';
import { beginsReport } from '../wire/logs/error-line.js';
import type { LogEntry } from '../wire/logs/log-entry.js';
import { createLogParser, type LogParserOptions } from '../wire/logs/parse-line.js';
import type { Decoder } from './decode.js';

/** Which entries a log decoder gives, and what it remembers. */
export interface LogDecoderOptions extends LogParserOptions, Pick<LineOptions, 'maxLineBytes'> {
  /** Receives every line, also those below the level. */
  readonly tail?: LineTail;
}

/**
 * A plugin's stderr to log entries. Every line becomes one; a line over `maxLineBytes` becomes several, of kind `piece`, so that memory
 * is bounded. For `decode`, or to be called for each chunk: an rxjs operator for each entry costs a tenth of the rate.
 */
export function createLogDecoder(options: LogDecoderOptions = {}): Decoder<LogEntry> {
  const { maxLineBytes, tail } = options;
  const lines = new LineDecoder(maxLineBytes === undefined ? {} : { maxLineBytes });
  const parser = createLogParser(options);
  const parse = (decoded: ReturnType<LineDecoder['push']>): LogEntry[] => {
    const entries: LogEntry[] = [];
    for (const line of decoded) {
      tail?.push(line, line.part === 'whole' && beginsReport(line.text));
      const entry = parser.parse(line);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  };
  return { push: (chunk) => parse(lines.push(chunk)), end: () => parse(lines.end()) };
}
