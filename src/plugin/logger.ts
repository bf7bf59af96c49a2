import { formatLogLine } from '../wire/logs/format-line.js';
import { createLogger, type Logger, type LogLevel } from '../wire/logs/logger.js';

/**
 * A plugin's own logger: hclog JSON lines on the real stderr, from where the host reads them, whether or not `process.stderr` is
 * captured later.
 */
export function pluginLogger(level: LogLevel = 'trace'): Logger {
  const write = process.stderr.write.bind(process.stderr);
  return createLogger({
    level,
    write: (record) => void write(formatLogLine(record, { epochMs: Date.now() })),
  });
}
