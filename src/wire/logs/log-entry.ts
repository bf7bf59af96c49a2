import type { LogRecord } from './logger.js';

/** A line that a plugin wrote to its stderr, and what it means. */
export interface LogEntry extends LogRecord {
  /**
   * How the meaning was found: `hclog`, a JSON object with a known level; `json`, any other JSON object, which is its own message;
   * `text`, anything else, the level told by a tag; `trace`, a line of a crash report; `piece`, a part of a line over the limit.
   */
  readonly kind: 'hclog' | 'json' | 'text' | 'trace' | 'piece';
  /** As the plugin wrote it, in hclog's JSON format with microseconds; undefined when it wrote none. */
  readonly timestamp: string | undefined;
  /** The line as it was, without its ending. */
  readonly raw: string;
}
