import { Observable, type SchedulerLike, take, timer } from 'rxjs';
import { HandshakeError, type PluginError, ProtocolError, StartError } from '../../errors.js';
import type { Exit } from '../../streams/lifecycle.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import type { Line } from '../../wire/lines.js';
import { quoteText, truncateText } from '../../wire/quote.js';

/** How long `firstLine` waits. */
export interface FirstLineOptions {
  /**
   * How long the second of stdout's end and the plugin's exit is waited for after the first: a line printed by a plugin that exits at
   * once may arrive after the exit, and an error can name both. @default 1000 ms
   */
  readonly settleMs?: number;
  /** The clock of that, for tests. @default the event loop's (`loopTimer`) */
  readonly scheduler?: SchedulerLike;
}

const DEFAULT_SETTLE_MS = 1000;

/**
 * The plugin's first line on stdout, unparsed: emits it, completes, and unsubscribes from both sources. The caller drains the rest of
 * stdout and limits the time. Cold. Errors with
 * - HandshakeError ERR_HANDSHAKE_LINE_TOO_LONG when the line is over the limit of `lines$`,
 * - StartError ERR_EXITED_EARLY when the plugin exited without a line,
 * - HandshakeError ERR_HANDSHAKE_NO_LINE when stdout ended without a line and the plugin has not exited,
 * - the error of `lines$` otherwise.
 */
export function firstLine(
  lines$: Observable<Line>,
  exit$: Observable<Exit>,
  { settleMs = DEFAULT_SETTLE_MS, scheduler }: FirstLineOptions = {},
): Observable<string> {
  const settled$: Observable<unknown> = scheduler === undefined ? loopTimer(settleMs) : timer(settleMs, scheduler);
  return new Observable((subscriber) => {
    let hasEnded = false;
    let exit: Exit | undefined;
    const fail = (): void => subscriber.error(exit === undefined ? noLine() : exitedEarly(exit));
    // Of stdout's end and the exit one is missing, for a moment.
    const settle = (): void => {
      if (hasEnded && exit !== undefined) fail();
      else subscriber.add(settled$.subscribe(fail));
    };
    const onLine = ({ text, part }: Line): void => {
      if (part !== 'whole') return subscriber.error(tooLong(text));
      subscriber.next(text);
      subscriber.complete();
    };
    const onError = (error: unknown): void =>
      subscriber.error(isLimitError(error) ? tooLong(error.details.text ?? '') : error);
    const onEnd = (): void => {
      hasEnded = true;
      settle();
    };
    const onExit = (value: Exit): void => {
      exit = value;
      settle();
    };
    subscriber.add(lines$.subscribe({ next: onLine, error: onError, complete: onEnd }));
    if (!subscriber.closed) subscriber.add(exit$.pipe(take(1)).subscribe({ next: onExit, error: onError }));
  });
}

function isLimitError(error: unknown): error is ProtocolError {
  return error instanceof ProtocolError && error.code === 'ERR_LIMIT_EXCEEDED';
}

const EXPECTED = 'Expected one line "CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE"';

function tooLong(text: string): PluginError {
  return new HandshakeError(
    'ERR_HANDSHAKE_LINE_TOO_LONG',
    `The plugin's first line on stdout is too long to be a handshake: ${quoteText(text)}. ${EXPECTED}. ` +
      'Check that the command is a plugin and that it prints nothing before it serves.',
    { details: { text: truncateText(text) } },
  );
}

function noLine(): PluginError {
  return new HandshakeError(
    'ERR_HANDSHAKE_NO_LINE',
    `The plugin closed its stdout without printing a handshake. ${EXPECTED}. Check that the command is a plugin.`,
  );
}

function exitedEarly({ code, signal }: Exit): PluginError {
  const how = signal !== null ? `by ${signal}` : code !== null ? `with code ${code}` : 'for an unknown reason';
  return new StartError('ERR_EXITED_EARLY', `The plugin exited ${how} before it printed a handshake.`, {
    details: { exitCode: code, signal },
  });
}

/** The error for a line that did not come in time; `unfinished` is the part of it that has come, `reason` why there is none, if known. */
export function handshakeTimeout(timeoutMs: number, unfinished: string, reason?: string): PluginError {
  const printed =
    unfinished === ''
      ? (reason ??
        'It printed nothing, or did not flush stdout, which many languages buffer when it is a pipe (Python: `flush=True`, C: `fflush(stdout)`)')
      : `It printed ${quoteText(unfinished)} and no line break`;
  return new StartError(
    'ERR_START_TIMEOUT',
    `The plugin printed no handshake within ${timeoutMs} ms. ${printed}. ${EXPECTED} on stdout, ended by a line break. ` +
      'Check that the command is a plugin, or raise `startTimeoutMs`.',
    unfinished === '' ? {} : { details: { text: truncateText(unfinished) } },
  );
}
