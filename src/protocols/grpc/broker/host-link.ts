import type { Subscription } from 'rxjs';
import type { Logger } from '../../../wire/logs/logger.js';
import type { GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import { toGrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { ClientOf } from '../shared/service-definition.js';
import type { BrokerLink } from './link.js';

export interface HostLinkOptions {
  readonly logger: Logger;
  /** Called when the call has ended with its connection. */
  readonly onDisconnected?: (() => void) | undefined;
}

/**
 * Begins the StartStream call of a host's broker; unsubscribing ends it. A plugin without the service works all the same: only its
 * broker is closed (go-plugin grpc_broker.go gRPCBrokerClientImpl.StartStream).
 */
export function openHostLink(
  link: BrokerLink,
  client: Pick<ClientOf<typeof GRPCBrokerDefinition>, 'startStream'>,
  { logger, onDisconnected }: HostLinkOptions,
): Subscription {
  const call$ = client.startStream(link.outgoing$, { background: true });
  const subscription = call$.subscribe({
    next: (message) => link.receive(message),
    error: (thrown: unknown) => {
      const { status, message } = toGrpcError(thrown);
      if (status === Status.UNIMPLEMENTED) logger.debug('the plugin has no broker');
      link.end(status === Status.UNIMPLEMENTED ? 'the plugin does not offer one' : message);
      if (status === Status.UNAVAILABLE) onDisconnected?.();
    },
    complete: () => link.end('the plugin has ended it'),
  });
  subscription.add(() => link.end());
  link.opened();
  return subscription;
}
