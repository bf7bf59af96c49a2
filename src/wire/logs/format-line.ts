import { errorMessage } from '../../errors.js';
import { encodeBase64 } from '../base64.js';
import { encodeUtf8 } from '../bytes.js';
import { DEFAULT_MAX_LINE_BYTES } from '../lines.js';
import { formatLogTimestamp } from './log-timestamp.js';
import { type LogFields, type LogRecord, toFields } from './logger.js';

/** What a log line says besides its record. */
export interface LogLineOptions {
  /** When it happened, in milliseconds since 1970; a fraction gives the microseconds. */
  readonly epochMs: number;
}

/** go-hclog intlogger.go, word for word: people search for it. */
const UNSUPPORTED = "logging contained values that don't serialize to json";
const SHORTENED = 'values were shortened: the line would have been too long';
/** Ours to write: a Go host panics when one of them is not a string (go-plugin log_entry.go parseJSON). */
const RESERVED = new Set(['@level', '@message', '@module', '@timestamp', '@warn']);
const MAX_FIELDS = 1024;
const MIN_CHARS = 16;

/**
 * One line of hclog JSON with its LF (go-hclog intlogger.go logJSON): keys sorted, no raw line break, at most 64 KiB, so that a host
 * takes it in one piece. Longer values are cut and values that JSON cannot carry are left out, both with a `@warn`; an Error is its
 * message. Fields named like hclog's own keys get a `_` behind. Never throws, whatever the record.
 */
export function formatLogLine(record: LogRecord, options: LogLineOptions): string {
  for (let maxChars = DEFAULT_MAX_LINE_BYTES, maxFields = MAX_FIELDS; ; maxChars >>= 1, maxFields >>= 1) {
    const line = renderLine(record, options, { maxChars, maxFields });
    if (fits(line) || maxChars <= MIN_CHARS) return line;
  }
}

/** UTF-8 has at most three bytes for a UTF-16 unit. */
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
  const { fields, warning } = renderFields(toFields(record.fields), limits);
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

/** JSON that is too long becomes a text with its beginning. */
function shorten(json: string, maxChars: number): string {
  return json.length > maxChars ? JSON.stringify(`${json.slice(0, maxChars)}…`) : json;
}

/** Undefined when JSON cannot carry the value: a cycle, a `toJSON` or a getter that throws. */
function renderField(fields: LogFields, name: string): string | undefined {
  try {
    const value = fields[name];
    if (typeof value === 'string') return renderText(value, DEFAULT_MAX_LINE_BYTES);
    if (value instanceof Uint8Array) return JSON.stringify(encodeBase64(value.subarray(0, DEFAULT_MAX_LINE_BYTES)));
    return JSON.stringify(value ?? null, plain);
  } catch {
    return undefined;
  }
}

/** What JSON would drop or garble, as a text. */
function plain(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  if (original instanceof Uint8Array) return encodeBase64(original);
  if (value instanceof Error) return value.message;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'function' ? `[function ${value.name}]` : value;
}

/** Without types, anything may stand where a text belongs. */
function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return errorMessage(value);
  } catch {
    return '';
  }
}
