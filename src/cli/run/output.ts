import type { Writable } from 'node:stream';
import { type LogLevel, type LogSink, terminalSink } from 'rxplug';
import { formatLogLine } from 'rxplug/wire';
import type { CliContext, OutputStream } from '../process/context.js';
import { visible } from '../terminal/visible.js';
import { LOG_LEVELS } from './levels.js';

/** A sink for the log of a plugin: lines for people, or hclog's JSON. */
export function logSink(
  { process: { stderr } }: CliContext,
  { level, jsonLogs }: { readonly level: LogLevel; readonly jsonLogs: boolean },
  stream: OutputStream = stderr,
): LogSink {
  if (!jsonLogs) return terminalSink({ level, stream: stream as Writable & OutputStream });
  const lowest = LOG_LEVELS.indexOf(level);
  return {
    write(entry) {
      if (LOG_LEVELS.indexOf(entry.level) < lowest) return;
      const epochMs = entry.timestamp === undefined ? Number.NaN : Date.parse(entry.timestamp);
      stream.write(formatLogLine(entry, { epochMs: Number.isNaN(epochMs) ? Date.now() : epochMs }));
    },
  };
}

/** Writes what a plugin prints: as it is to a file or a pipe, and so that it cannot drive a terminal. */
export function printer(stream: OutputStream): (chunk: Uint8Array) => void {
  if (stream.isTTY !== true) return (chunk) => void stream.write(chunk);
  const decoder = new TextDecoder();
  return (chunk) => void stream.write(visible(decoder.decode(chunk, { stream: true })));
}
