import {
  catchError,
  defer,
  EMPTY,
  finalize,
  ignoreElements,
  merge,
  type Observable,
  Subject,
  take,
  takeUntil,
  tap,
} from 'rxjs';
import type { ConnInfo, GRPCBrokerDefinition } from '../gen/internal/plugin/grpc_broker.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { CallContext, ServiceOf } from '../shared/service-definition.js';
import type { BrokerLink } from './link.js';
import { brokerNameOf, canResume, resumableBroker, wasLost } from './resumption.js';

/** How long the host may take to go on after a loss: as long as it tries to connect again by default. */
const RESUME_TIMEOUT_MS = 20_000;

/**
 * The service that a host's broker calls. It serves one host: the first one to call. When its connection was lost, it may go on in another
 * call, if it has given its name; a former call that is not known to be lost yet ends with that. Every other call gets no messages, and
 * completes with its first message (go-plugin grpc_broker.go gRPCBrokerServer.StartStream).
 */
export function createBrokerService(
  link: BrokerLink,
  { resumeTimeoutMs = RESUME_TIMEOUT_MS }: { readonly resumeTimeoutMs?: number } = {},
): ServiceOf<typeof GRPCBrokerDefinition> {
  let host: { readonly name: string | undefined } | undefined;
  const calls = new Subject<void>();

  const serve = (request$: Observable<ConnInfo>, call: CallContext): Observable<ConnInfo> => {
    let isReplaced = false;
    const replaced$ = calls.pipe(tap(() => (isReplaced = true)));
    const onEnd = (): void => {
      const mayResume = host?.name !== undefined && (isReplaced || wasLost(call));
      if (mayResume) link.lost({ timeoutMs: resumeTimeoutMs });
      else link.end('the host has disconnected');
    };
    return exchange(link, request$).pipe(takeUntil(replaced$), finalize(onEnd));
  };

  return {
    startStream(request$, call) {
      const name = canResume(call) ? brokerNameOf(call.metadata) : undefined;
      if (host !== undefined && (name === undefined || name !== host.name)) return toFirstMessage(request$);
      if (link.ended) throw new GrpcError(Status.FAILED_PRECONDITION, link.closedError().message);
      host = { name };
      if (name !== undefined) call.sendHeaders(resumableBroker());
      calls.next();
      return serve(request$, call);
    },
  };
}

/** A call with the host's messages for the link, and the link's for the host. */
function exchange(link: BrokerLink, request$: Observable<ConnInfo>): Observable<ConnInfo> {
  const received$ = request$.pipe(
    tap({ next: (message) => link.receive(message), complete: () => link.end('the host has ended it') }),
    // A host that exits cancels the call, which is no failure of the service.
    catchError(() => EMPTY),
    ignoreElements(),
  );
  const begun$ = defer(() => {
    link.opened();
    return EMPTY;
  });
  return merge(link.outgoing$, begun$, received$);
}

function toFirstMessage(request$: Observable<ConnInfo>): Observable<ConnInfo> {
  return request$.pipe(
    catchError(() => EMPTY),
    take(1),
    ignoreElements(),
  );
}
