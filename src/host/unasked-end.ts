import { EMPTY, Observable } from 'rxjs';
import { PluginError } from '../errors.js';
import type { ClientProtocol } from '../protocols/protocol.js';
import type { Runner } from '../runners/runner.js';
import type { Exit } from '../streams/lifecycle.js';
import { loopTimer } from '../streams/loop-timeout.js';

/** How long an exit may come after the loss of the connection. `serve` closes its connections before the process has its last second. */
const EXIT_DELAY_MS = 2000;

/** How a plugin has ended that nobody had asked to: its process by itself, or its connection, with the exit that followed. */
export type UnaskedEnd =
  | { readonly kind: 'exited'; readonly exit: Exit }
  | { readonly kind: 'lost'; readonly loss: PluginError; readonly exit?: Exit };

/** A loss waits for the exit, which tells more, unless this host has ended the connection: then the plugin may have exited because of that. */
export function unaskedEnd(
  { exit$ }: Pick<Runner, 'exit$'>,
  { lost$ = EMPTY }: Pick<ClientProtocol, 'lost$'>,
): Observable<UnaskedEnd> {
  return new Observable((subscriber) => {
    let loss: PluginError | undefined;
    const onLost = (error: PluginError): void => {
      loss = error;
      subscriber.add(loopTimer(EXIT_DELAY_MS).subscribe(() => subscriber.next({ kind: 'lost', loss: error })));
    };
    const onExit = (exit: Exit): void =>
      subscriber.next(isUnanswered(loss) ? { kind: 'lost', loss, exit } : { kind: 'exited', exit });
    // The loss first: both may have come before.
    const error = (cause: unknown): void => subscriber.error(cause);
    subscriber.add(lost$.subscribe({ next: onLost, error }));
    subscriber.add(exit$.subscribe({ next: onExit, error }));
  });
}

const UNANSWERED: ReadonlySet<string> = new Set(['ERR_PING', 'ERR_TIMEOUT']);

/** Whether the connection was ended because the plugin did not answer. */
function isUnanswered(loss: PluginError | undefined): loss is PluginError {
  return PluginError.is(loss?.cause) && UNANSWERED.has(loss.cause.code);
}
