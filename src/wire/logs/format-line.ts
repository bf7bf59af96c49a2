import { encodeBase64 } from '../base64.js';
import { encodeUtf8, isUint8Array } from '../bytes.js';
import { DEFAULT_MAX_LINE_BYTES } from '../lines.js';
import { formatLogTimestamp } from './log-timestamp.js';
import { asText, enumerableFields, type LogFields, type LogRecord } from './logger.js';

/** Options of `formatLogLine`. */
export interface LogLineOptions {
  /** The time, in milliseconds since 1970; a fraction gives the microseconds. */
  readonly epochMs: number;
}

/** The text of go-hclog intlogger.go, so that it can be searched for. */
const UNSUPPORTED = "logging contained values that don't serialize to json";
const SHORTENED = 'values were shortened: the line would have been too long';
/** Keys of hclog. A Go host panics when one of them is not a string (go-plugin log_entry.go parseJSON), so fields cannot have them. */
const RESERVED = new Set(['@level', '@message', '@module', '@timestamp', '@warn']);
const MAX_FIELDS = 1024;
const MIN_CHARS = 16;

/**
 * One line of hclog JSON with its LF (go-hclog intlogger.go logJSON): keys sorted, no raw line break, at most 64 KiB, which a host reads
 * as one line. Longer values are truncated and values that JSON cannot represent are left out, both with a `@warn`; an Error becomes its
 * message. A field that is named as a key of hclog gets a `_` appended. Never throws.
 *
 * @example
 * formatLogLine({ level: 'info', message: 'ready', fields: { port: 80 }, module: 'kv' }, { epochMs: Date.now() });
 * // {"@level":"info","@message":"ready","@module":"kv","@timestamp":"2026-01-02T03:04:05.157000Z","port":80}
 */
export function formatLogLine(record: LogRecord, options: LogLineOptions): string {
  for (let maxChars = DEFAULT_MAX_LINE_BYTES, maxFields = MAX_FIELDS; ; maxChars >>= 1, maxFields >>= 1) {
    const line = renderLine(record, options, { maxChars, maxFields });
    if (fits(line) || maxChars <= MIN_CHARS) return line;
  }
}

/** A UTF-16 unit takes at most three bytes in UTF-8. */
function fits(line: string): boolean {
  if (line.length * 3 <= DEFAULT_MAX_LINE_BYTES) return true;
  return line.length <= DEFAULT_MAX_LINE_BYTES && encodeUtf8(line).length <= DEFAULT_MAX_LINE_BYTES;
}

interface RenderedFields {
  readonly fields: readonly [key: string, json: string][];
  readonly warning: string | undefined;
}

interface Limits {
  readonly maxChars: number;
  readonly maxFields: number;
}

function renderLine(record: LogRecord, { epochMs }: LogLineOptions, limits: Limits): string {
  const message = asText(record.message);
  const module = asText(record.module);
  const entries: [key: string, json: string][] = [
    ['@level', JSON.stringify(asText(record.level))],
    ['@message', renderText(message, limits.maxChars)],
    ['@timestamp', JSON.stringify(formatLogTimestamp(epochMs))],
  ];
  if (module !== '') entries.push(['@module', renderText(module, limits.maxChars)]);
  const { fields, warning } = renderFields(enumerableFields(record.fields), limits);
  entries.push(...fields);
  const warn = warning ?? (Math.max(message.length, module.length) > limits.maxChars ? SHORTENED : undefined);
  if (warn !== undefined) entries.push(['@warn', JSON.stringify(warn)]);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}\n`;
}

function renderFields(fields: LogFields, { maxChars, maxFields }: Limits): RenderedFields {
  const names = Object.keys(fields);
  const rendered: [key: string, json: string][] = [];
  let warning = names.length > maxFields ? SHORTENED : undefined;
  for (const name of names.slice(0, maxFields)) {
    const key = RESERVED.has(name) ? `${name}_` : name;
    const json = renderField(fields, name);
    if (json === undefined) {
      warning = UNSUPPORTED;
      continue;
    }
    if (json.length > maxChars || key.length > maxChars) warning ??= SHORTENED;
    rendered.push([key.slice(0, maxChars), shorten(json, maxChars)]);
  }
  return { fields: rendered, warning };
}

function renderText(text: string, maxChars: number): string {
  return JSON.stringify(text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
}

/** JSON that is too long is replaced by a text with its beginning. */
function shorten(json: string, maxChars: number): string {
  return json.length > maxChars ? JSON.stringify(`${json.slice(0, maxChars)}…`) : json;
}

/** Undefined when JSON cannot represent the value: a cycle, a `toJSON` or a getter that throws. */
function renderField(fields: LogFields, name: string): string | undefined {
  try {
    const value = fields[name];
    if (typeof value === 'string') return renderText(value, DEFAULT_MAX_LINE_BYTES);
    if (isUint8Array(value)) return JSON.stringify(encodeBase64(value.subarray(0, DEFAULT_MAX_LINE_BYTES)));
    return JSON.stringify(value ?? null, plain);
  } catch {
    return undefined;
  }
}

/** A replacer that writes as text what JSON would drop or distort. */
function plain(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  if (isUint8Array(original)) return encodeBase64(original);
  if (value instanceof Error) return value.message;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'function' ? `[function ${value.name}]` : value;
}
