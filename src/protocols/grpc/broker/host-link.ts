import {
  type BehaviorSubject,
  defer,
  EMPTY,
  filter,
  merge,
  type Observable,
  retry,
  type Subscription,
  take,
  throwError,
  throwIfEmpty,
} from 'rxjs';
import type { Logger } from '../../../wire/logs/logger.js';
import type { ConnInfo, GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import { toGrpcError } from '../shared/errors.js';
import { type Metadata, status as Status } from '../shared/grpc-js.js';
import type { CallOptions, ClientOf } from '../shared/service-definition.js';
import type { BrokerLink } from './link.js';
import { isResumable, namedBroker, newBrokerName } from './resumption.js';

/** How a host's broker outlives the loss of its connection, where that is possible. */
export interface Reconnection {
  /** Counts the connections, and completes when there will be no other. */
  readonly connections: BehaviorSubject<number>;
  /** Called when the broker has ended with a connection. */
  readonly onBrokerLost: () => void;
}

export interface HostLinkOptions {
  readonly logger: Logger;
  /** Undefined where the first connection is the only one. */
  readonly reconnection?: Reconnection | undefined;
}

type BrokerClient = Pick<ClientOf<typeof GRPCBrokerDefinition>, 'startStream'>;

/** What the call ends with when its connection does, which is told elsewhere. */
const LOSSES: ReadonlySet<number> = new Set([Status.UNAVAILABLE, Status.CANCELLED]);

/**
 * Begins the StartStream call of a host's broker; unsubscribing ends it. A plugin without the service works all the same: only its
 * broker is closed (go-plugin grpc_broker.go gRPCBrokerClientImpl.StartStream).
 */
export function openHostLink(
  link: BrokerLink,
  client: BrokerClient,
  { logger, reconnection }: HostLinkOptions,
): Subscription {
  const message$ =
    reconnection === undefined ? exchange(link, client) : resumedExchange(link, client, reconnection.connections);
  const subscription = message$.subscribe({
    next: (message) => link.receive(message),
    error: (thrown: unknown) => {
      const { status, message } = toGrpcError(thrown);
      if (status === Status.UNIMPLEMENTED) {
        logger.debug('the plugin has no broker');
        return link.end('the plugin does not offer one');
      }
      link.end(message);
      if (!LOSSES.has(status))
        logger.warn('the broker of the plugin is closed: its call has failed', { error: message });
      reconnection?.onBrokerLost();
    },
    complete: () => link.end('the plugin has ended it'),
  });
  subscription.add(() => link.end());
  return subscription;
}

/** One call. */
function exchange(link: BrokerLink, client: BrokerClient, options: CallOptions = {}): Observable<ConnInfo> {
  const begun$ = defer(() => {
    link.opened();
    return EMPTY;
  });
  return merge(client.startStream(link.outgoing$, { background: true, ...options }), begun$);
}

/**
 * A call that is made again on the next connection when it was lost with its own, where the plugin has said that it goes on; a plugin in Go
 * does not (go-plugin grpc_broker.go gRPCBrokerServer.StartStream).
 */
function resumedExchange(
  link: BrokerLink,
  client: BrokerClient,
  connections: BehaviorSubject<number>,
): Observable<ConnInfo> {
  const metadata = namedBroker(newBrokerName());
  let connection = 0;
  let mayResume = false;
  const onHeaders = (headers: Metadata): void => void (mayResume = isResumable(headers));
  const call$ = defer(() => {
    connection = connections.value;
    return exchange(link, client, { metadata, onHeaders });
  });
  const nextConnection = (thrown: unknown): Observable<number> => {
    if (!mayResume || toGrpcError(thrown).status !== Status.UNAVAILABLE) return throwError(() => thrown);
    link.lost();
    const next$ = connections.pipe(filter((count) => count > connection));
    return next$.pipe(
      take(1),
      throwIfEmpty(() => thrown),
    );
  };
  return call$.pipe(retry({ delay: nextConnection }));
}
