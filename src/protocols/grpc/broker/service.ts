import { catchError, defer, EMPTY, finalize, ignoreElements, merge, type Observable, take, tap } from 'rxjs';
import type { ConnInfo, GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import type { ServiceOf } from '../shared/service-definition.js';
import type { BrokerLink } from './link.js';

/**
 * The service that a host's broker calls. It serves one call; a later one gets no messages, and completes with the host's first message
 * (go-plugin grpc_broker.go gRPCBrokerServer.StartStream).
 */
export function createBrokerService(link: BrokerLink): ServiceOf<typeof GRPCBrokerDefinition> {
  let taken = false;
  return {
    startStream(request$) {
      // A host that exits cancels the call, which is no failure of the service.
      const message$ = request$.pipe(catchError(() => EMPTY));
      if (taken) return message$.pipe(take(1), ignoreElements());
      taken = true;
      return serveLink(link, message$);
    },
  };
}

function serveLink(link: BrokerLink, message$: Observable<ConnInfo>): Observable<ConnInfo> {
  const received$ = message$.pipe(
    tap((message) => link.receive(message)),
    finalize(() => link.end('the host has ended it')),
    ignoreElements(),
  );
  const begun$ = defer(() => {
    link.opened();
    return EMPTY;
  });
  return merge(link.outgoing$, begun$, received$).pipe(finalize(() => link.end('the host has disconnected')));
}
