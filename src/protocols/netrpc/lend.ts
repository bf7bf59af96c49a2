import {
  catchError,
  defer,
  dematerialize,
  EMPTY,
  from,
  materialize,
  type Observable,
  type ObservableInput,
  switchMap,
  throwError,
} from 'rxjs';
import { PluginError } from '../../errors.js';
import { usingAsync } from '../../streams/using-async.js';
import {
  createTypedClient,
  handlersOf,
  type NetRpcClientOf,
  type NetRpcMethods,
  type NetRpcServiceOf,
} from './contract.js';
import type { MuxBroker } from './mux-broker.js';

/** The service that Go's side of a brokered stream calls: its MuxBroker registers every object by this name (mux_broker.go AcceptAndServe). */
export const BROKERED_SERVICE = 'Plugin';

/** `MuxBroker.lend` of any broker. */
export function lend<M extends NetRpcMethods, T>(
  broker: MuxBroker,
  methods: M,
  service: NetRpcServiceOf<M>,
  use: (id: number) => ObservableInput<T>,
): Observable<T> {
  return defer(() => {
    const services = new Map([[BROKERED_SERVICE, handlersOf(methods, service, broker)]]);
    const lent$ = broker.acceptAndServe(broker.nextId(), services).pipe(catchError(unlessNotDialed));
    // The call goes on when the peer has closed the stream, or has not dialed; its end ends the serving.
    return lent$.pipe(
      switchMap((id) => from(use(id)).pipe(materialize())),
      dematerialize(),
    );
  });
}

/** A peer that has no use for the service does not dial it. */
function unlessNotDialed(error: unknown): Observable<never> {
  return PluginError.is(error) && error.code === 'ERR_BROKER_TIMEOUT' ? EMPTY : throwError(() => error);
}

/** `MuxBroker.borrow` of any broker. */
export function borrow<M extends NetRpcMethods, T>(
  broker: MuxBroker,
  methods: M,
  id: number,
  use: (client: NetRpcClientOf<M>) => ObservableInput<T>,
): Observable<T> {
  return usingAsync({
    open: async (signal) => {
      // Hosts have `borrow` before they know whether a plugin speaks net/rpc.
      const { createNetRpcClient } = await import('./rpc-client.js');
      return createNetRpcClient(await broker.dial(id, { signal }));
    },
    use: (rpc) => use(createTypedClient(rpc, BROKERED_SERVICE, methods)),
    close: (rpc) => void rpc.close(),
  });
}
