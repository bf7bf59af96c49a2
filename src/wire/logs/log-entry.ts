import type { LogRecord } from './logger.js';

/** A line that a plugin wrote to its stderr, parsed. */
export interface LogEntry extends LogRecord {
  /**
   * What the line is: `hclog`, a JSON object with a known level; `json`, any other JSON object, which is the message; `trace`, a line of a
   * crash report; `text`, any other text, at the level of its tag or at debug; `piece`, a part of a line over the limit.
   */
  readonly kind: 'hclog' | 'json' | 'text' | 'trace' | 'piece';
  /** The time in the line as the plugin wrote it (RFC 3339); undefined when there is none. */
  readonly timestamp: string | undefined;
  /** The line without its ending. */
  readonly raw: string;
}
