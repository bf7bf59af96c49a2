/**
 * A time in a log line, as part of a regular expression: RFC 3339 with any number of fraction digits, with or without an offset or a colon
 * in it. hclog writes six digits and an offset, Java nine digits, JavaScript three, strftime no colon (go-plugin: with anything but hclog's
 * form the line is text).
 * `isLogDay` checks the day of the month.
 */
export const LOG_TIMESTAMP = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?`;

const SHAPE = new RegExp(`^${LOG_TIMESTAMP}$`);
/** What follows the seconds: the fraction, and the offset. */
const FRACTION_AND_OFFSET = /^(?:\.(\d+))?(.*)$/;
const SECONDS_END = '2026-01-02T03:04:05'.length;

/** Code of the digit 2: days below 20 exist in every month. */
const TWO = 50;

/** Shown for a log entry without timestamp: Go's zero time. */
const ZERO_TIME = '0001-01-01T00:00:00.000Z';

/** Whether a text is a time as `@timestamp` may have it: RFC 3339 with any number of fraction digits, or the same without an offset, or without its colon. */
export function isLogTimestamp(text: string): boolean {
  return SHAPE.test(text) && isLogDay(text);
}

/** Whether the day of a text in the form of LOG_TIMESTAMP exists. */
export function isLogDay(text: string): boolean {
  if (text.charCodeAt(8) < TWO) return true;
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  if (month !== 2) return day < 31 || ![4, 6, 9, 11].includes(month);
  if (day < 29) return true;
  return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/**
 * A plugin's timestamp as go-plugin hosts show it, with milliseconds and in the plugin's own offset: `2026-01-02T03:04:05.678+0100`;
 * without an offset if the plugin sent none. The first moment of year 1 for undefined (go-plugin client.go logStderr).
 */
export function displayLogTimestamp(timestamp: string | undefined): string {
  if (timestamp === undefined) return ZERO_TIME;
  const [, fraction = '', offset = ''] = FRACTION_AND_OFFSET.exec(timestamp.slice(SECONDS_END)) ?? [];
  const zone = offset.replace(':', '');
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  return `${timestamp.slice(0, SECONDS_END)}.${milliseconds}${zone === '+0000' || zone === '-0000' ? 'Z' : zone}`;
}

/**
 * A moment as hclog writes it: UTC, six fraction digits. The milliseconds may have a fraction.
 *
 * @example
 * formatLogTimestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 678)); // '2026-01-02T03:04:05.678000Z'
 */
export function formatLogTimestamp(epochMs: number): string {
  const epochMicroseconds = Math.round(epochMs * 1000);
  const wholeMs = Math.floor(epochMicroseconds / 1000);
  const microseconds = epochMicroseconds - wholeMs * 1000;
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`;
}
