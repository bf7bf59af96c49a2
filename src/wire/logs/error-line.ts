import { createLogParser, type LogParser } from './parse-line.js';

/** A fatal report of Go, Node or Python: the line says what happened. */
const FATAL = /^(?:panic: |fatal error: |FATAL ERROR: |Fatal Python error: |terminate called )/;
/** The first line of a printed JavaScript error or Java exception, and the last one of a Python traceback. */
const ERROR = /^(?:Uncaught )?(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception|Exit|Interrupt)(?: \[[^\]]*\])?: ./;
/** A line of another log that calls itself an error. */
const SAYS_ERROR = /\b(?:error|fatal|cannot|failed|denied|not found|no such)\b/i;
/** What surrounds an error and says nothing by itself: a stack frame, a caret, a bracket, the version of the runtime. */
const AROUND =
  /^(?:\s+at |\s*[~^]+\s*$|\s*[{}\])]+,?\s*$|\s*$|Node\.js v\d|\s+File "|goroutine \d|exit status \d|Traceback )/;

/** Whether a line is the first of a report of a crash: the one that says what happened. */
export function beginsReport(line: string): boolean {
  return FATAL.test(line) || ERROR.test(line);
}

/** A log line at error in hclog's form, of which the end may be missing. */
const CUT_ENTRY = /^\{"@level":"error","@message":("(?:[^"\\]|\\.)*")/;

/**
 * The line of a program's output that says why it ended: of its last report of a crash the first line, else the last line that speaks
 * of an error, else the last one. Log lines in hclog's form count when their level is error. Undefined when there is none.
 */
export function errorLine(lines: readonly string[]): string | undefined {
  const parser = createLogParser();
  const telling = lines.flatMap((line) => tellingLines(line, parser));
  const last = (pattern: RegExp): string | undefined => telling.findLast(({ text }) => pattern.test(text))?.text;
  const logged = telling.findLast(({ isError, text }) => isError || SAYS_ERROR.test(text))?.text;
  return (withoutPanic(last(FATAL)) ?? last(ERROR) ?? logged ?? telling.at(-1)?.text)?.trim();
}

/** The same, of reports and of log lines at level error alone: a line that is certain to be an error. */
export function reportedError(lines: readonly string[]): string | undefined {
  const parser = createLogParser();
  const certain = (line: string): boolean =>
    beginsReport(line) || tellingLines(line, parser).some(({ isError }) => isError);
  return errorLine(lines.filter(certain));
}

interface TellingLine {
  readonly text: string;
  /** A log calls it an error. */
  readonly isError: boolean;
}

function tellingLines(line: string, parser: LogParser): TellingLine[] {
  const entry = parser.parse({ text: line, part: 'whole' });
  const cut = CUT_ENTRY.exec(line)?.[1];
  if (cut !== undefined && entry?.kind !== 'hclog') return [{ text: JSON.parse(cut) as string, isError: true }];
  if (entry?.kind !== 'hclog') return AROUND.test(line) ? [] : [{ text: line, isError: false }];
  if (entry.level !== 'error') return [];
  const { error } = entry.fields;
  return [{ text: typeof error === 'string' ? `${entry.message}: ${error}` : entry.message, isError: true }];
}

/** A plugin of rxplug writes `panic: ` before its exceptions, for Go hosts. */
function withoutPanic(line: string | undefined): string | undefined {
  const thrown = line?.slice('panic: '.length) ?? '';
  return ERROR.test(thrown) ? thrown : line;
}
