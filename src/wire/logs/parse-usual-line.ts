import type { LogEntry } from './log-entry.js';
import { isLogDay, LOG_TIMESTAMP } from './log-timestamp.js';
import { LOG_LEVELS, type LogFields, type LogLevel } from './logger.js';

/** The keys that hclog writes before the fields: in order, without spaces (go-hclog intlogger.go logJSON). Texts with escapes do not match. */
const HEAD = new RegExp(
  String.raw`^\{"@level":"(\w+)","@message":"([^"\\\x00-\x1f]*)",(?:"@module":"([^"\\\x00-\x1f]*)",)?"@timestamp":"(${LOG_TIMESTAMP})"(,"|\}$)`,
);

const LEVELS: ReadonlyMap<string, LogLevel> = new Map(LOG_LEVELS.map((level) => [level, level]));
const NO_FIELDS: LogFields = Object.freeze({});

/**
 * Parses a line in the form in which hclog usually writes it; undefined for any other line, JSON or not. The result is that of JSON.parse,
 * without the object whose members have to be sorted: a line without fields takes 0.2 µs instead of 0.6, with two fields 0.6 instead of
 * 0.8 (Node 20, splitting into lines included).
 */
export function parseUsualLogLine(text: string): LogEntry | undefined {
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const level = LEVELS.get(head[1]!);
  const timestamp = head[4]!;
  const fields = head[5] === '}' ? NO_FIELDS : parseFields(text, head[0].length - 1);
  if (level === undefined || fields === undefined || !isLogDay(timestamp)) return undefined;
  return { kind: 'hclog', level, message: head[2]!, fields, module: head[3] ?? '', timestamp, raw: text };
}

/** The fields, from their first quote on; undefined if they are not JSON or may contain a key of hclog. */
function parseFields(text: string, start: number): LogFields | undefined {
  const json = `{${text.slice(start)}`;
  if (json.includes('@') || json.includes('\\')) return undefined;
  try {
    return JSON.parse(json) as LogFields;
  } catch {
    return undefined;
  }
}
