import { formatLogLine } from '../wire/logs/format-line.js';
import { checkLevel, createLogger, type Logger, type LogLevel } from '../wire/logs/logger.js';
import { uncapturedWrite } from './stdio-capture.js';

/**
 * A plugin's logger: writes hclog JSON lines to the process's real stderr, which the host reads. `serve` captures `process.stderr`, which
 * does not change where it writes.
 *
 * @example
 * ```ts
 * await serve({ handshake, plugins, logger: pluginLogger('info') });
 * ```
 */
export function pluginLogger(level: LogLevel = 'trace'): Logger {
  checkLevel('pluginLogger', level);
  const write = uncapturedWrite(process.stderr);
  return createLogger({
    level,
    write: (record) => void write(formatLogLine(record, { epochMs: Date.now() })),
  });
}
