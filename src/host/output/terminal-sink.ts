import type { Writable } from 'node:stream';
import { OptionsError } from '../../errors.js';
import { checkLevel, LOG_LEVELS, type LogLevel } from '../../wire/logs/logger.js';
import { checkOptions, describeValue, optionNames } from '../../wire/option-names.js';
import type { LogSink } from './log-sink.js';
import { formatTerminalLine } from './terminal-line.js';

/** Which entries a `terminalSink` prints, where and how. */
export interface TerminalSinkOptions {
  /** Lowest level that is printed. @default 'info' */
  readonly level?: LogLevel;
  /** Where the lines are written. Borrowed: never ended. @default process.stderr */
  readonly stream?: Writable & { readonly isTTY?: boolean };
  /** Whether levels have colours. @default on a terminal, unless the environment variable NO_COLOR is set */
  readonly colour?: boolean;
}

const NAMES = optionNames<TerminalSinkOptions>()('level stream colour');

/**
 * A log sink for people: one line for each entry, with time, level, the plugin's name, message and fields. Control characters of a plugin are
 * shown as escapes. Throws OptionsError.
 *
 * @example
 * ```ts
 * const client = createClient({ command: ['./kv-plugin'], handshake, plugins, logSink: terminalSink({ level: 'debug' }) });
 * // 12:34:56.789 info  kv-plugin: the plugin is ready id=4711 protocol=grpc protocolVersion=1 ms=83
 * ```
 */
export function terminalSink(options: TerminalSinkOptions = {}): LogSink {
  checkOptions('terminalSink', options, NAMES);
  const { level = 'info', stream = process.stderr } = options;
  checkLevel('terminalSink', level);
  if (typeof stream.write !== 'function')
    throw new OptionsError(`Expected \`stream\` of terminalSink to be a Writable, got ${describeValue(stream)}.`);
  const { colour = stream.isTTY === true && !process.env['NO_COLOR'] } = options;
  const lowest = LOG_LEVELS.indexOf(level);
  return {
    write(entry, { name }) {
      if (LOG_LEVELS.indexOf(entry.level) < lowest) return;
      stream.write(`${formatTerminalLine({ ...entry, name, time: new Date() }, { colour })}\n`);
    },
  };
}
