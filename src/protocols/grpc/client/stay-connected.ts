import {
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  type Observable,
  switchMap,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import { type PluginError, TransportError } from '../../../errors.js';
import { loopTimer } from '../../../streams/loop-timeout.js';
import { queueMicrotask } from '../../../streams/turns.js';
import type { ChannelState, GrpcChannel } from './channel.js';

/**
 * Keeps a channel connected: when the connection is lost another is made at once, without waiting for a call. Emits an error, once, when
 * that has not succeeded for `timeoutMs`. Cold: works while it is subscribed to. Completes with the channel.
 */
export function stayConnected(
  channel: Pick<GrpcChannel, 'state' | 'state$' | 'connect'>,
  { timeoutMs }: { readonly timeoutMs: number },
): Observable<PluginError> {
  return defer(() => {
    let failure: Error | undefined;
    const onState = (state: ChannelState): void => {
      if (state.status === 'transient-failure') failure = state.error;
      // On a later turn: other subscribers have not received this state yet.
      if (state.status === 'idle') queueMicrotask(reconnect);
    };
    const reconnect = (): void => {
      if (channel.state.status === 'idle') channel.connect().catch(() => {});
    };
    return channel.state$.pipe(
      tap(onState),
      map(({ status }) => status === 'ready'),
      distinctUntilChanged(),
      switchMap((isReady) => (isReady ? EMPTY : loopTimer(timeoutMs))),
      map(() => notRestored(timeoutMs, failure)),
      take(1),
      takeUntil(channel.state$.pipe(filter(({ status }) => status === 'shutdown'))),
    );
  });
}

function notRestored(timeoutMs: number, failure: Error | undefined): TransportError {
  const attempt = failure === undefined ? 'No attempt has ended' : `The last attempt failed: ${failure.message}`;
  const message = `No new connection could be made within ${timeoutMs} ms of the loss of the last one. ${attempt}`;
  return new TransportError('ERR_CONNECTION_LOST', message, failure === undefined ? {} : { cause: failure });
}
