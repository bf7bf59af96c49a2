import type { Line } from '../lines.js';
import { CrashTrace } from './crash-trace.js';
import type { LogEntry } from './log-entry.js';
import { isLogTimestamp } from './log-timestamp.js';
import { LOG_LEVELS, type LogFields, type LogLevel } from './logger.js';
import { parseUsualLogLine } from './parse-usual-line.js';

/** Options of `createLogParser`. */
export interface LogParserOptions {
  /** Lowest level of the entries that are returned; most lines below it are not even parsed. @default 'trace' */
  readonly level?: LogLevel;
}

/** Parses the lines of one plugin's stderr in order: whether a line belongs to a crash report depends on the lines before it. */
export interface LogParser {
  /** The entry of a line; undefined below the parser's level. Never throws. */
  parse(line: Line): LogEntry | undefined;
}

const NO_FIELDS: LogFields = Object.freeze({});
const LEVELS: ReadonlyMap<string, LogLevel> = new Map(LOG_LEVELS.map((level) => [level, level]));
const AT_SIGN = 64;
const OPENING_BRACE = 123;

/**
 * A parser for one plugin's stderr (go-plugin client.go logStderr). JSON numbers are doubles, so integers beyond 2^53 lose digits, as in
 * Go. A `@message`, `@level` or `@timestamp` that is not a string is accepted (go-plugin: it crashes a Go host).
 *
 * @example
 * const parser = createLogParser();
 * parser.parse({ text: '[WARN] disk is full', part: 'whole' })?.level; // 'warn'
 */
export function createLogParser(options: LogParserOptions = {}): LogParser {
  const unwanted = new Set(LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(options.level ?? 'trace')));
  const prefixes = unwanted.has('debug') ? [...unwanted].map((level) => `{"@level":"${level}"`) : [];
  const trace = new CrashTrace();
  return {
    parse: ({ text, part }) => {
      // If the JSON is malformed, the line is text at debug, which is unwanted too.
      if (prefixes.length > 0 && trace.idle && prefixes.some((prefix) => text.startsWith(prefix))) return undefined;
      const entry = part === 'whole' ? parseLine(text, trace) : verbatim('piece', 'debug', text);
      return unwanted.size > 0 && unwanted.has(entry.level) ? undefined : entry;
    },
  };
}

function parseLine(text: string, trace: CrashTrace): LogEntry {
  const entry = parseUsualLogLine(text) ?? parseJsonLine(text);
  if (entry === undefined) return parseTextLine(text, trace);
  trace.interrupt();
  return entry;
}

/** Undefined when the line is not a JSON object, or has a `@timestamp` that is not a time. */
function parseJsonLine(text: string): LogEntry | undefined {
  const object = parseObject(text);
  if (object === undefined) return undefined;
  if (object === null) return verbatim('json', 'debug', text);
  const { '@message': message, '@timestamp': timestamp, '@module': module } = object;
  if (timestamp !== undefined && (typeof timestamp !== 'string' || !isLogTimestamp(timestamp))) return undefined;
  const level = parseLevel(object['@level']);
  if (level === undefined) return verbatim('json', 'debug', text);
  return {
    kind: 'hclog',
    level,
    message: typeof message === 'string' ? message : message === undefined ? '' : JSON.stringify(message),
    fields: fieldsOf(object),
    module: typeof module === 'string' ? module : '',
    timestamp,
    raw: text,
  };
}

/** The JSON object of a line; null for `null`, which Go decodes into an empty one; undefined for anything else. */
function parseObject(text: string): Readonly<Record<string, unknown>> | null | undefined {
  if (text.charCodeAt(0) !== OPENING_BRACE) {
    const inner = text.trim();
    if (inner === 'null') return null;
    if (inner.charCodeAt(0) !== OPENING_BRACE) return undefined;
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function parseLevel(value: unknown): LogLevel | undefined {
  if (typeof value !== 'string') return undefined;
  return LEVELS.get(value) ?? LEVELS.get(value.trim().toLowerCase());
}

/** The members that an entry has no property for. A quarter faster than deleting the others from the object. */
function fieldsOf(object: Readonly<Record<string, unknown>>): LogFields {
  const fields: Record<string, unknown> = {};
  for (const key in object) {
    const value = object[key];
    if (key.charCodeAt(0) === AT_SIGN && isOwnProperty(key, value)) continue;
    if (key === '__proto__') Object.defineProperty(fields, key, { value, enumerable: true });
    else fields[key] = value;
  }
  return fields;
}

function isOwnProperty(key: string, value: unknown): boolean {
  if (key === '@module') return typeof value === 'string';
  return key === '@level' || key === '@message' || key === '@timestamp';
}

const TAGS: readonly (readonly [string, LogLevel])[] = LOG_LEVELS.map((level) => [`[${level.toUpperCase()}]`, level]);

function parseTextLine(text: string, trace: CrashTrace): LogEntry {
  const tag = TAGS.find(([prefix]) => text.startsWith(prefix));
  if (tag !== undefined) {
    trace.interrupt();
    return verbatim('text', tag[1], text);
  }
  return trace.includes(text) ? verbatim('trace', 'error', text) : verbatim('text', 'debug', text);
}

function verbatim(kind: LogEntry['kind'], level: LogLevel, text: string): LogEntry {
  return { kind, level, message: text, fields: NO_FIELDS, module: '', timestamp: undefined, raw: text };
}
