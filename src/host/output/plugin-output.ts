import type { Observable } from 'rxjs';
import { OptionsError } from '../../errors.js';
import { LineDecoder } from '../../wire/lines.js';
import type { LogRecord } from '../../wire/logs/logger.js';
import { describeValue } from '../../wire/option-names.js';

/** What becomes of what a plugin prints, besides `syncStdout` and `syncStderr`. */
export type PluginOutputMode = 'inherit' | 'log' | 'ignore';

/** Throws OptionsError. */
export function resolveOutput(output: string = 'ignore'): PluginOutputMode {
  if (output === 'inherit' || output === 'log' || output === 'ignore') return output;
  throw new OptionsError(`Expected \`output\` to be 'inherit', 'log' or 'ignore', got ${describeValue(output)}.`);
}

/** One of the plugin's outputs. */
interface Output {
  readonly name: 'stdout' | 'stderr';
  readonly chunks$: Observable<Uint8Array>;
}

/**
 * Sends an output where the option `output` says: to the same stream of this process, which writes at once and is never ended, or line by
 * line to the log, at level info. Returns what logs the beginning of a line that never ended: to be called before the log ends.
 */
export function sendOutput(
  mode: PluginOutputMode,
  { name, chunks$ }: Output,
  log: (record: LogRecord) => void,
): () => void {
  if (mode === 'inherit') chunks$.subscribe((chunk) => process[name].write(chunk));
  if (mode !== 'log') return () => {};
  const decoder = new LineDecoder();
  const tell = (lines: readonly { readonly text: string }[]): void => {
    for (const { text } of lines) log({ level: 'info', message: text, fields: {}, module: name });
  };
  const listening = chunks$.subscribe((chunk) => tell(decoder.push(chunk)));
  return () => {
    listening.unsubscribe();
    tell(decoder.end());
  };
}
