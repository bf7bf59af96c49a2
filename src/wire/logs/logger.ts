import { errorMessage, OptionsError } from '../../errors.js';
import { optionNames, requireOptions } from '../option-names.js';

/** hclog's levels, lowest first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** One of hclog's levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Structured values of a message. Values that JSON cannot represent are written as text. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The fields that a caller passed. JavaScript callers may pass anything: a value that is not a plain set of fields, such as an Error, gets
 * the key that hclog gives to a value without a key (go-hclog logger.go MissingKey).
 */
export function toFields(value: unknown): LogFields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Error) return { EXTRA_VALUE_AT_END: value };
  return value as LogFields;
}

/**
 * New fields from the ones of a logger and what a caller passed. Never throws: a getter that does becomes a text with its error, and an
 * object whose keys cannot be read becomes a text as a whole.
 */
export function mergeFields(base: LogFields, given: unknown): LogFields {
  try {
    return { ...base, ...toFields(given) };
  } catch {
    const fields = enumerableFields(given);
    return { ...base, ...Object.fromEntries(Object.keys(fields).map((key) => [key, readField(fields, key)])) };
  }
}

/** `toFields` for an object whose keys can be listed. Never throws: an object like a revoked Proxy becomes a text. */
export function enumerableFields(given: unknown): LogFields {
  try {
    const fields = toFields(given);
    Object.keys(fields);
    return fields;
  } catch (error) {
    return { EXTRA_VALUE_AT_END: unreadable(error) };
  }
}

function readField(fields: LogFields, key: string): unknown {
  try {
    return fields[key];
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): string {
  return `[unreadable: ${asText(error)}]`;
}

/** A value as a text. Never throws: JavaScript callers may pass anything, also where a text belongs. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(errorMessage(value));
  } catch {
    return '';
  }
}

/** One message of a logger. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  /** The logger's names, joined by dots; empty for a logger without a name. */
  readonly module: string;
}

/**
 * A structured logger, as hclog's: a level, a message, fields. It never throws and never blocks.
 *
 * @example
 * logger.named('store').info('opened', { path, entries: 3 });
 */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger with a name appended: `plugin` and `stdio` make `plugin.stdio`. */
  named(name: string): Logger;
  /** A logger that adds these fields to every message. */
  with(fields: LogFields): Logger;
}

/** Options of `createLogger`. */
export interface LoggerOptions {
  /** Receives every record of at least `level`. Must not throw. */
  readonly write: (record: LogRecord) => void;
  /** Lowest level that is written. @default 'trace' */
  readonly level?: LogLevel;
  /** The logger's name. @default '' */
  readonly module?: string;
  /** Fields of every message. @default none */
  readonly fields?: LogFields;
}

const NAMES = optionNames<LoggerOptions>()('write level module fields');

/**
 * A logger that passes its records to `write`.
 *
 * @example
 * const logger = createLogger({ level: 'info', write: ({ level, message, fields }) => console.error(level, message, fields) });
 */
export function createLogger(options: LoggerOptions): Logger {
  requireOptions('createLogger', options, NAMES);
  if (typeof options.write !== 'function')
    throw new OptionsError('Expected `write` of createLogger to be a function that takes the records.');
  checkLevel('createLogger', options.level);
  return makeLogger(options);
}

/** Throws OptionsError for what is none of hclog's levels. */
export function checkLevel(of: string, level: unknown): void {
  if (level === undefined || (LOG_LEVELS as readonly unknown[]).includes(level)) return;
  throw new OptionsError(
    `Expected the level of ${of} to be one of ${LOG_LEVELS.join(', ')}, got ${asText(level)} (${typeof level}).`,
  );
}

function makeLogger(options: LoggerOptions): Logger {
  const { write, level = 'trace', module = '', fields: base = {} } = options;
  const lowest = LOG_LEVELS.indexOf(level);
  const log = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(at) < lowest) return;
    write({ level: at, message, fields: fields === undefined ? base : mergeFields(base, fields), module });
  };
  return {
    trace: log('trace'),
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    named: (name) => makeLogger({ ...options, module: module === '' ? name : `${module}.${name}` }),
    with: (fields) => makeLogger({ ...options, fields: mergeFields(base, fields) }),
  };
}

/** A logger that discards everything. */
export const SILENT_LOGGER: Logger = createLogger({ write: () => {} });
