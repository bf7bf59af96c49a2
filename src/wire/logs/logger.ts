/** hclog's levels, lowest first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** One of hclog's levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Structured values beside a message. Values that JSON cannot carry are shown as text. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What a caller gave as fields. Without types anything can stand there: a value that has no keys of its own, such as an Error, gets
 * the key that hclog gives to a value without one (go-hclog logger.go MissingKey).
 */
export function toFields(value: unknown): LogFields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Error) return { EXTRA_VALUE_AT_END: value };
  return value as LogFields;
}

/** One thing said to a logger. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  /** Dot-joined names; empty for a logger without name. */
  readonly module: string;
}

/** Says what happens, in hclog's manner: a level, a message, fields. Never throws, never blocks. */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same logger under a further name: `plugin` named `stdio` is `plugin.stdio`. */
  named(name: string): Logger;
  /** The same logger with fields that every message carries. */
  with(fields: LogFields): Logger;
}

/** Where a logger writes, from which level on, under which name. */
export interface LoggerOptions {
  /** Receives every record of at least `level`. Must not throw. */
  readonly write: (record: LogRecord) => void;
  /** Lowest level that is written. @default 'trace' */
  readonly level?: LogLevel;
  /** Its name, dot-joined. @default '' */
  readonly module?: string;
  /** Said with every message. @default none */
  readonly fields?: LogFields;
}

/** A logger that hands its records to `write`. */
export function createLogger(options: LoggerOptions): Logger {
  const { write, level = 'trace', module = '', fields: base = {} } = options;
  const lowest = LOG_LEVELS.indexOf(level);
  const log = (at: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(at) < lowest) return;
    write({ level: at, message, fields: fields === undefined ? base : { ...base, ...toFields(fields) }, module });
  };
  return {
    trace: log('trace'),
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    named: (name) => createLogger({ ...options, module: module === '' ? name : `${module}.${name}` }),
    with: (fields) => createLogger({ ...options, fields: { ...base, ...fields } }),
  };
}

/** A logger that says nothing. */
export const SILENT_LOGGER: Logger = createLogger({ write: () => {} });
