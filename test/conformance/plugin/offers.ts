import { catchError, firstValueFrom, type Observable, ReplaySubject, type Subscription, throwError } from 'rxjs';
import { type GrpcBroker, GrpcError, PluginError, type ServiceOf, status } from '../../../src/index.js';
import { ProbeDefinition } from '../gen/probe.js';

type Probe = ServiceOf<typeof ProbeDefinition>;

/** What a probe does with its broker: calls back, and offers probes of its own, made by `create`. */
export function brokerCalls(
  broker: GrpcBroker | undefined,
  create: () => Probe,
): Pick<Probe, 'callBack' | 'offer' | 'withdraw'> {
  const offers = new Map<number, Subscription>();
  const present = (): GrpcBroker => {
    if (broker !== undefined) return broker;
    throw new GrpcError(status.FAILED_PRECONDITION, 'this server has no broker');
  };
  return {
    callBack: ({ brokerId, payload = {}, times }) => {
      const echoed$ = present().borrow(ProbeDefinition, brokerId, async (caller) => {
        let echo = await firstValueFrom(caller.echo(payload));
        for (let i = 1; i < times; i++) echo = await firstValueFrom(caller.echo(payload));
        return echo;
      });
      return echoed$.pipe(catchError(asUnavailable));
    },
    offer: async ({ count }) => {
      const brokerIds: number[] = [];
      for (let i = 0; i < Math.max(count, 1); i++) {
        const id = present().nextId();
        const offered$ = new ReplaySubject<number>(1);
        const serving$ = present().acceptAndServe(id, (server) => server.addService(ProbeDefinition, create()));
        offers.set(id, serving$.subscribe(offered$));
        brokerIds.push(await firstValueFrom(offered$));
      }
      return { brokerIds };
    },
    withdraw: ({ brokerIds }) => {
      for (const id of brokerIds) {
        offers.get(id)?.unsubscribe();
        if (!offers.delete(id)) throw new GrpcError(status.NOT_FOUND, `no offer ${id}`);
      }
      return {};
    },
  };
}

/** What the broker failed with, as the Go plugin reports it. */
function asUnavailable(error: unknown): Observable<never> {
  const isOurs = PluginError.is(error) && !GrpcError.is(error);
  return throwError(() => (isOurs ? new GrpcError(status.UNAVAILABLE, error.message) : error));
}
