/** The first line of a fatal crash report: all text after it belongs to it. */
const FATAL = /^(?:panic: |fatal error: |FATAL ERROR: |# Fatal error in |Uncaught\b|node:[\w/]+:\d+$)/;
/** The location that Node prints for an uncaught exception; the source line and a caret follow. */
const THROWN_AT = /\.[cm]?[jt]sx?:\d{1,9}$/;
const THROWN_AT_CHARS = 16;
const CARETS = /^\s*\^+\s*$/;
/** The first line of a printed JavaScript error. */
const ERROR_LINE = /^(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception)(?: \[[^\]]*\])?(?::|$)/;
/** Lines that may follow it: stack frames, properties, causes, and the runtime's version. */
const BELOW_ERROR_LINE = /^(?:\s|\}|$|Node\.js v\d)/;

/**
 * Recognises the lines of crash reports among untagged text. From the first line of a fatal report on, all lines belong to it (go-plugin
 * client.go logStderr never resets that). A printed JavaScript error ends with its stack.
 */
export class CrashTrace {
  #fatal = false;
  #expected: 'nothing' | 'source' | 'carets' | 'frames' = 'nothing';

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
    const expected = this.#expected;
    if (ERROR_LINE.test(text)) this.#expected = 'frames';
    else if (expected === 'source') this.#expected = 'carets';
    else if (expected === 'carets' && CARETS.test(text)) this.#fatal = true;
    else if (expected === 'frames' && BELOW_ERROR_LINE.test(text)) this.#expected = 'frames';
    else this.#expected = THROWN_AT.test(text.slice(-THROWN_AT_CHARS)) ? 'source' : 'nothing';
    return this.#fatal || this.#expected !== 'nothing';
  }

  /** A line came that is not plain text: it ends a report, unless that is fatal. */
  interrupt(): void {
    this.#expected = 'nothing';
  }
}
