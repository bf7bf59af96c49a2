import { catchError, firstValueFrom, from, type Observable, ReplaySubject, type Subscription, throwError } from 'rxjs';
import { PluginError, type ServiceOf } from 'rxplug';
import { createGrpcClient, type GrpcBroker, GrpcError, status } from 'rxplug/grpc';
import { type DeepPartial, type Payload, ProbeDefinition } from '../gen/probe.js';

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
    callBack: ({ brokerId, payload = {}, times, hang }) => {
      if (hang !== '') return from(leaveOpen(present(), brokerId, hang, payload)).pipe(catchError(asUnavailable));
      const echoed$ = present().borrow(ProbeDefinition, brokerId, async (caller) => {
        let echo = await firstValueFrom(caller.echo(payload));
        for (let i = 1; i < times; i++) echo = await firstValueFrom(caller.echo(payload));
        return echo;
      });
      return echoed$.pipe(catchError(asUnavailable));
    },
    offer: async ({ count, brokerId }) => {
      const brokerIds: number[] = [];
      for (let i = 0; i < Math.max(count, 1); i++) {
        const id = brokerId === 0 ? present().nextId() : brokerId;
        const offered$ = new ReplaySubject<number>(1);
        const serving$ = present().acceptAndServe(id, (server) => server.addService(ProbeDefinition, create()));
        const serving = serving$.subscribe(offered$);
        brokerIds.push(await firstValueFrom(offered$));
        offers.set(id, serving);
      }
      return { brokerIds };
    },
    withdraw: ({ brokerIds }) => {
      for (const id of brokerIds.length === 0 ? [...offers.keys()] : brokerIds) {
        offers.get(id)?.unsubscribe();
        if (!offers.delete(id)) throw new GrpcError(status.NOT_FOUND, `no offer ${id}`);
      }
      return {};
    },
  };
}

/** Calls back over a connection, and begins a call on it, that nobody will end. */
async function leaveOpen(
  broker: GrpcBroker,
  id: number,
  token: string,
  payload: DeepPartial<Payload>,
): Promise<Payload> {
  const caller = createGrpcClient(await broker.dial(id), ProbeDefinition);
  caller.hangStream({ token }).subscribe({ error: () => {} });
  await firstValueFrom(caller.observe({ token }));
  return await firstValueFrom(caller.echo(payload));
}

/** What the broker failed with, as the Go plugin reports it. */
function asUnavailable(error: unknown): Observable<never> {
  const isOurs = PluginError.is(error) && !GrpcError.is(error);
  return throwError(() => (isOurs ? new GrpcError(status.UNAVAILABLE, error.message) : error));
}
