import { OptionsError } from '../../errors.js';
import type { PluginIdentity } from '../../streams/lifecycle.js';
import type { LogEntry } from '../../wire/logs/log-entry.js';
import { describeValue } from '../../wire/option-names.js';

/** Receives the log entries of all plugins, which each client has in `logs$`. Must not throw. */
export interface LogSink {
  write(entry: LogEntry, plugin: PluginIdentity & { readonly id: string }): void;
}

/** Throws OptionsError for what is none: a path, a level, a logger. */
export function checkLogSink(sink: LogSink | undefined): LogSink | undefined {
  if (sink === undefined || (typeof sink === 'object' && sink !== null && typeof sink.write === 'function'))
    return sink;
  throw new OptionsError(
    `Expected \`logSink\` to be an object with a \`write\` function, got ${describeValue(sink)}. For the terminal pass \`terminalSink()\`.`,
  );
}
