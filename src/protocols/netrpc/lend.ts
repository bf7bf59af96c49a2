import type { Duplex } from 'node:stream';
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
import type { DialOptions } from '../../transports/transport.js';
import type { BrokerKnock } from '../broker-request.js';
import {
  createTypedClient,
  handlersOf,
  type NetRpcClientOf,
  type NetRpcMethods,
  type NetRpcServiceOf,
} from './contract.js';
import type { MuxBroker } from './mux-broker.js';
import type { NetRpcServerOptions } from './rpc-server.js';
import type { NetRpcServices } from './rpc-service.js';

/** The service that Go's side of a brokered stream calls: its MuxBroker registers every object by this name (mux_broker.go AcceptAndServe). */
export const BROKERED_SERVICE = 'Plugin';

/** What any broker makes of its own accepting and dialing: passing services as arguments. */
export abstract class LendingBroker implements MuxBroker {
  abstract readonly requests$: Observable<BrokerKnock>;
  abstract nextId(): number;
  abstract accept(id: number): Observable<Duplex>;
  abstract acceptAndServe(id: number, services: NetRpcServices, options?: NetRpcServerOptions): Observable<number>;
  abstract dial(id: number, options?: DialOptions): Promise<Duplex>;

  lend<M extends NetRpcMethods, T>(
    methods: M,
    service: NetRpcServiceOf<M>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T> {
    return defer(() => {
      const services = new Map([[BROKERED_SERVICE, handlersOf(methods, service, this)]]);
      const lent$ = this.acceptAndServe(this.nextId(), services).pipe(catchError(unlessNotDialed));
      // The call goes on when the peer has closed the stream, or has not dialed; its end ends the serving.
      return lent$.pipe(
        switchMap((id) => from(use(id)).pipe(materialize())),
        dematerialize(),
      );
    });
  }

  borrow<M extends NetRpcMethods, T>(
    methods: M,
    id: number,
    use: (client: NetRpcClientOf<M>) => ObservableInput<T>,
  ): Observable<T> {
    return usingAsync({
      open: async (signal) => {
        // Hosts have `borrow` before they know whether a plugin speaks net/rpc.
        const { createNetRpcClient } = await import('./rpc-client.js');
        return createNetRpcClient(await this.dial(id, { signal }));
      },
      use: (rpc) => use(createTypedClient(rpc, BROKERED_SERVICE, methods)),
      close: (rpc) => void rpc.close(),
    });
  }
}

/** A peer that has no use for the service does not dial it. */
function unlessNotDialed(error: unknown): Observable<never> {
  return PluginError.is(error) && error.code === 'ERR_BROKER_TIMEOUT' ? EMPTY : throwError(() => error);
}
