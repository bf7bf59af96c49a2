import { type LogFields, type LogLevel } from '../../wire/logs/logger.js';
import { escapeInvisible } from '../../wire/quote.js';

/** One entry as a line for a person. */
export interface TerminalLine {
  readonly time: Date;
  /** The plugin's. */
  readonly name: string;
  readonly level: LogLevel;
  readonly module: string;
  readonly message: string;
  readonly fields: LogFields;
}

const DIM = 2;
const COLOURS: Readonly<Record<LogLevel, number>> = { trace: DIM, debug: 36, info: 32, warn: 33, error: 31 };

/**
 * `12:34:56.789 info  kv: stored key=a bytes=3`, without the line ending: what a plugin writes cannot move the cursor, nor begin a line.
 * With `colour` the level has that of its severity.
 */
export function formatTerminalLine(line: TerminalLine, { colour }: { readonly colour: boolean }): string {
  const paint = (text: string, code: number): string => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  const { level, name, module, message, fields } = line;
  const source = module === '' || module === name ? name : `${name} ${module}`;
  const values = Object.entries(fields).map(([key, value]) => paint(`${escapeInvisible(key)}=${shown(value)}`, DIM));
  const text = escapeInvisible(message, { lineBreaks: '\n  ' });
  const time = paint(timeOf(line.time), DIM);
  return [time, paint(level.padEnd(5), COLOURS[level]), `${escapeInvisible(source)}:`, text, ...values].join(' ');
}

function timeOf(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  return `${hours}:${minutes}:${seconds}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** A word as it is, anything else as JSON. */
function shown(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : escapeInvisible(JSON.stringify(value));
  if (value instanceof Error) return escapeInvisible(JSON.stringify(value.message));
  if (typeof value !== 'object' || value === null) return escapeInvisible(String(value));
  try {
    return escapeInvisible(
      JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)),
    );
  } catch {
    return '[object]';
  }
}
