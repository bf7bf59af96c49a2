import { defer, EMPTY, finalize, from, merge, mergeMap, type Observable, of, switchMap, throwError } from 'rxjs';
import type { PluginSet } from '../protocols/contract.js';
import type { PluginState } from '../streams/lifecycle.js';
import type { PluginClient } from './plugin-client.js';
import { exitedUnexpectedly } from './start/start-errors.js';

/**
 * A client as an Observable. Cold: each subscription creates and starts a client; unsubscribing stops it. Emits the client when it is
 * connected. Completes when the client is stopped; errors when the start fails, with ClosedError ERR_PLUGIN_EXITED when the
 * plugin exits unasked, and with TransportError ERR_CONNECTION_LOST when it cannot be reached any more. While subscribed it keeps the host's process alive.
 */
export function launchWith<P extends PluginSet>(create: () => PluginClient<P>): Observable<PluginClient<P>> {
  return defer(() => {
    const client = create();
    client.ref();
    const end$ = client.state$.pipe(mergeMap((state) => endOf(state, client.lastStderr)));
    const running$ = from(client.start()).pipe(switchMap(() => merge(of(client), end$)));
    return running$.pipe(finalize(() => void client.stop()));
  });
}

function endOf(state: PluginState, stderr: readonly string[]): Observable<never> {
  if (state.status !== 'exited' || state.reason.kind === 'stopped') return EMPTY;
  if (state.reason.kind === 'disconnected') {
    const { error } = state.reason;
    return throwError(() => error);
  }
  const exit = state.exit ?? { code: null, signal: null };
  return throwError(() => exitedUnexpectedly(state.name, exit, stderr));
}
