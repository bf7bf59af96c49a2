/** A runtime's last words: whatever text follows on this stream belongs to them. */
const FATAL = /^(?:panic: |fatal error: |FATAL ERROR: |# Fatal error in |Uncaught\b|node:[\w/]+:\d+$)/;
/** Where Node says an uncaught exception was thrown; the source line and a caret follow. */
const THROWN_AT = /\.[cm]?[jt]sx?:\d{1,9}$/;
const THROWN_AT_CHARS = 16;
const CARETS = /^\s*\^+\s*$/;
/** The first line of a printed JavaScript error. */
const ERROR_LINE = /^(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception)(?: \[[^\]]*\])?(?::|$)/;
/** What may come below it: stack frames, properties, causes, and the runtime's name. */
const BELOW_ERROR_LINE = /^(?:\s|\}|$|Node\.js v\d)/;

/**
 * Tells which untagged text lines belong to a crash report, line after line. From a fatal line on, all of them (go-plugin client.go
 * logStderr: never reset). A printed JavaScript error counts as long as its stack goes on.
 */
export class CrashTrace {
  #fatal = false;
  #expected: 'nothing' | 'source' | 'carets' | 'frames' = 'nothing';

  /** True while no report has begun. */
  get idle(): boolean {
    return !this.#fatal && this.#expected === 'nothing';
  }

  /** Whether this line, the next one on the stream, belongs to a report. */
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

  /** A line came that is no plain text: an unfinished report ends. A fatal one does not. */
  interrupt(): void {
    this.#expected = 'nothing';
  }
}
