import { defer, EMPTY, finalize, from, merge, mergeMap, type Observable, of, switchMap, throwError } from 'rxjs';
import type { PluginSet } from '../protocols/contract.js';
import type { PluginState } from '../streams/lifecycle.js';
import { onAbort } from '../streams/on-abort.js';
import type { NegotiatedPlugins } from './negotiated.js';
import type { PluginClient } from './plugin-client.js';
import { exitedUnexpectedly } from './start/start-errors.js';

/** What a launch does besides starting the plugin. */
export interface LaunchWatch<P extends PluginSet, Negotiated = NegotiatedPlugins<number, P>> {
  /**
   * Called with each client before it is started, and so with one more for each `retry`: what is subscribed here to `state$`, `logs$` or
   * `handshake$` misses nothing of the start. What it throws is an error of the Observable.
   */
  readonly onClient?: (client: PluginClient<P, Negotiated>) => void;
  /** Stops the plugin when it is aborted: the Observable completes, or during the start errors with StartError ERR_START_ABORTED. */
  readonly signal?: AbortSignal;
}

/**
 * A client as an Observable. Cold: each subscription creates and starts a client; unsubscribing stops it. Emits the client when it is
 * connected. Completes when the client is stopped; errors when the start fails, with ClosedError ERR_PLUGIN_EXITED when the
 * plugin exits unasked, and with TransportError ERR_CONNECTION_LOST when it cannot be reached any more. While subscribed it keeps the host's process alive.
 */
export function launchWith<P extends PluginSet, Negotiated>(
  create: () => PluginClient<P, Negotiated>,
  { onClient, signal }: LaunchWatch<P, Negotiated> = {},
): Observable<PluginClient<P, Negotiated>> {
  return defer(() => {
    const client = create();
    onClient?.(client);
    client.ref();
    const end$ = client.state$.pipe(mergeMap((state) => endOf(state, client.lastStderr)));
    const started = client.start(signal === undefined ? {} : { signal });
    const unwatch = signal === undefined ? undefined : onAbort(signal, () => void client.stop());
    const running$ = from(started).pipe(switchMap(() => merge(of(client), end$)));
    return running$.pipe(
      finalize(() => {
        unwatch?.();
        void client.stop();
      }),
    );
  });
}

function endOf(state: PluginState, stderr: readonly string[]): Observable<never> {
  if (state.status !== 'exited' || state.reason.kind === 'stopped') return EMPTY;
  if (state.reason.kind === 'disconnected') {
    const { error } = state.reason;
    return throwError(() => error);
  }
  const exit = state.exit ?? { code: null, signal: null };
  return throwError(() => exitedUnexpectedly(state, exit, stderr));
}
