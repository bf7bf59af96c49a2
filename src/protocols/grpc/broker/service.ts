import { catchError, defer, EMPTY, finalize, ignoreElements, merge, type Observable, take, tap } from 'rxjs';
import type { ConnInfo, GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import type { ServiceOf } from '../shared/service-definition.js';
import type { BrokerLink } from './link.js';

/**
 * The plugin's end of the broker's call. It serves one call in its life; a later one is taken but answered nothing, and ends well as
 * soon as the host says something on it (go-plugin grpc_broker.go gRPCBrokerServer.StartStream).
 */
export function createBrokerService(link: BrokerLink): ServiceOf<typeof GRPCBrokerDefinition> {
  let taken = false;
  return {
    startStream(request$) {
      // A host that is gone cancels the call: nothing to report, and nobody to report it to.
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
  return merge(link.outgoing$, begun$, received$).pipe(finalize(() => link.end('the host is gone')));
}
