import { defer, EMPTY, finalize, from, merge, mergeMap, type Observable, of, switchMap, throwError } from 'rxjs';
import type { PluginSet } from '../protocols/contract.js';
import type { PluginState } from '../streams/lifecycle.js';
import type { PluginClient } from './plugin-client.js';
import { exitedUnexpectedly } from './start/start-errors.js';

/**
 * The declarative form of a client: one process per subscription. Emits the client once it is connected and then stays; completes
 * when somebody stops the client; errors when the start fails and when the plugin ends unasked (ClosedError ERR_PLUGIN_EXITED).
 * Unsubscribing stops the plugin. A subscription keeps the host alive, as any timer does.
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
  return throwError(() => exitedUnexpectedly(state.exit ?? { code: null, signal: null }, stderr));
}
