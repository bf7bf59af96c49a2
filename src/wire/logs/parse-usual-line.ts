import type { LogEntry } from './log-entry.js';
import { isLogDay, LOG_TIMESTAMP } from './log-timestamp.js';
import { LOG_LEVELS, type LogFields, type LogLevel } from './logger.js';

/** What hclog writes before a line's own fields: its keys in order, no spaces (go-hclog intlogger.go logJSON). Escapes are left out. */
const HEAD = new RegExp(
  String.raw`^\{"@level":"(\w+)","@message":"([^"\\\x00-\x1f]*)",(?:"@module":"([^"\\\x00-\x1f]*)",)?"@timestamp":"(${LOG_TIMESTAMP})"(,"|\}$)`,
);

const LEVELS: ReadonlyMap<string, LogLevel> = new Map(LOG_LEVELS.map((level) => [level, level]));
const NO_FIELDS: LogFields = Object.freeze({});

/**
 * A line as hclog usually writes it, or undefined for any other, JSON or not. Means the same as JSON.parse of all of it, which makes an
 * object whose properties have to be sorted out again: without fields a line takes 0.2 µs instead of 0.6, with two 0.6 instead of 0.8
 * (Node 20, cutting into lines included).
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

/** The fields from their first quote on; undefined where one may be called as hclog's own are, or where they are no JSON. */
function parseFields(text: string, start: number): LogFields | undefined {
  const json = `{${text.slice(start)}`;
  if (json.includes('@') || json.includes('\\')) return undefined;
  try {
    return JSON.parse(json) as LogFields;
  } catch {
    return undefined;
  }
}
