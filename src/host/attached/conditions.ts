import { combineLatest, distinctUntilChanged, EMPTY, map, type Observable, skip, startWith } from 'rxjs';
import type { ClientProtocol } from '../../protocols/protocol.js';
import type { RunningPlugin } from '../../streams/lifecycle.js';

/** What may change of a plugin while it runs. */
export type Conditions = Pick<RunningPlugin, 'reconnecting' | 'notServing' | 'brokerLost'>;

/** What a host has to watch of its plugin. */
export interface WatchedPlugin {
  /** The host has not started the plugin: nothing but the connection, and what it tells, shows that it lives. */
  readonly isAttached: boolean;
  /** The service of gRPC's health protocol that tells whether it serves. @default 'plugin' */
  readonly healthService?: string;
}

/** The conditions of a running plugin whenever one of them changes; none of them counts as the beginning. Cold, never errors. */
export function conditionsOf(
  protocol: ClientProtocol,
  { isAttached, healthService }: WatchedPlugin,
): Observable<Conditions> {
  const { brokerLost$ = EMPTY } = protocol;
  const brokerLostAt$ = brokerLost$.pipe(map((): Conditions => ({ brokerLost: true })));
  return isAttached ? attachedConditions(protocol, healthService, brokerLostAt$) : brokerLostAt$;
}

function attachedConditions(
  protocol: ClientProtocol,
  healthService: string | undefined,
  brokerLostAt$: Observable<Conditions>,
): Observable<Conditions> {
  const { connected$ = EMPTY } = protocol;
  const serving$ = protocol.watchServing?.(healthService === undefined ? {} : { service: healthService }) ?? EMPTY;
  const none: Conditions = {};
  const reconnecting$ = connected$.pipe(
    map((isConnected): Conditions => (isConnected ? none : { reconnecting: true })),
  );
  const notServing$ = serving$.pipe(map((isServing): Conditions => (isServing ? none : { notServing: true })));
  return combineLatest(
    [reconnecting$, notServing$, brokerLostAt$].map((condition$) => condition$.pipe(startWith(none))),
  ).pipe(
    map((conditions) => Object.assign({}, ...conditions) as Conditions),
    distinctUntilChanged((before, now) => Object.keys(before).join() === Object.keys(now).join()),
    skip(1),
  );
}
