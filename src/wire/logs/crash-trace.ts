/** The first line of a fatal crash report of Go, Node, Python or C++: all text after it belongs to it. */
const FATAL =
  /^(?:panic: |fatal error: |FATAL ERROR: |# Fatal error in |Uncaught\b|node:[\w/]+:\d+$|Fatal Python error: |terminate called )/;
/** The location that Node prints for an uncaught exception; the source line and a caret follow. */
const THROWN_AT = /\.[cm]?[jt]sx?:\d{1,9}$/;
const THROWN_AT_CHARS = 16;
const CARETS = /^\s*\^+\s*$/;
/** The first line of a printed JavaScript error, or of a Java exception. */
const ERROR_LINE = /^(?:Exception in thread "|(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception)(?: \[[^\]]*\])?(?::|$))/;
/** Lines that may follow it: stack frames, properties, causes, and the runtime's version. */
const BELOW_ERROR_LINE = /^(?:\s|\}|$|Node\.js v\d|Caused by: )/;
/** The first line of a Python traceback. Indented lines follow, then one with the exception. */
const TRACEBACK = /^Traceback \(most recent call last\):$/;
const INDENTED = /^[ \t]/;
/** Between the tracebacks of an exception and of its cause or context; blank lines surround it. */
const BETWEEN_TRACEBACKS = /^(?:During handling of the above exception|The above exception was the direct cause)/;
/** The first line of an exception group's traceback. Lines with a `|` or `+` in the margin follow. */
const GROUP_TRACEBACK = /^ {2}\+ Exception Group Traceback \(most recent call last\):$/;
const GROUP_LINE = /^ {2,}[|+]/;

type Expected = 'nothing' | 'source' | 'carets' | 'frames' | 'python frames' | 'python cause' | 'python group';

/**
 * Recognises the lines of crash reports among untagged text. From the first line of a fatal report on, all lines belong to it (go-plugin
 * client.go logStderr never resets that). A printed error of JavaScript, Java or Python ends with its stack.
 */
export class CrashTrace {
  #fatal = false;
  #expected: Expected = 'nothing';

  /** True outside of a report. */
  get idle(): boolean {
    return !this.#fatal && this.#expected === 'nothing';
  }

  /** Whether the next line of the stream belongs to a report. */
  includes(text: string): boolean {
    if (this.#fatal || FATAL.test(text)) {
      this.#fatal = true;
      return true;
    }
    if (this.#endsTraceback(text)) return true;
    this.#expected = this.#next(text);
    return this.#fatal || this.#expected !== 'nothing';
  }

  /** A line came that is not plain text: it ends a report, unless that is fatal. */
  interrupt(): void {
    this.#expected = 'nothing';
  }

  /** The exception itself, which can be any text: a cause may follow. */
  #endsTraceback(text: string): boolean {
    if (this.#expected !== 'python frames' || INDENTED.test(text)) return false;
    this.#expected = 'python cause';
    return true;
  }

  /** What follows this line, if it belongs to a report. */
  #next(text: string): Expected {
    const expected = this.#expected;
    if (TRACEBACK.test(text)) return 'python frames';
    if (GROUP_TRACEBACK.test(text)) return 'python group';
    if (expected === 'python frames') return 'python frames';
    if (expected === 'python cause' && (text === '' || BETWEEN_TRACEBACKS.test(text))) return 'python cause';
    if (expected === 'python group' && GROUP_LINE.test(text)) return 'python group';
    if (ERROR_LINE.test(text)) return 'frames';
    if (expected === 'source') return 'carets';
    if (expected === 'carets' && CARETS.test(text)) this.#fatal = true;
    else if (expected === 'frames' && BELOW_ERROR_LINE.test(text)) return 'frames';
    return THROWN_AT.test(text.slice(-THROWN_AT_CHARS)) ? 'source' : 'nothing';
  }
}
