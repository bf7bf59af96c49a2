import { defer, distinctUntilChanged, EMPTY, map, type Observable, repeat, retry, switchMap } from 'rxjs';
import { loopTimer } from '../../../streams/loop-timeout.js';
import { HealthCheckResponse_ServingStatus as Code, type HealthDefinition } from '../gen/grpc/health/v1/health.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { ClientOf } from '../shared/service-definition.js';

/** How long after a watch has ended another is begun on the same connection. */
const AGAIN_MS = 1000;

/** What is watched. */
export interface WatchServingOptions {
  /** The service of gRPC's health protocol. */
  readonly service: string;
  /** Whether there is a connection. Completes when there will be no other. */
  readonly connected$: Observable<boolean>;
}

/**
 * Whether a service takes calls, as its server's health service tells: false for NOT_SERVING alone. Cold: watches while it is subscribed
 * to, on one connection after the other, and does not keep the process alive. Emits nothing for a server that does not offer `Watch`.
 * Completes with `connected$`, never errors.
 */
export function watchServing(
  client: Pick<ClientOf<typeof HealthDefinition>, 'watch'>,
  { service, connected$ }: WatchServingOptions,
): Observable<boolean> {
  const again = (): Observable<void> => loopTimer(AGAIN_MS, { ref: false });
  const watched$ = defer(() => client.watch({ service }, { background: true })).pipe(
    map(({ status }) => status !== Code.NOT_SERVING),
    repeat({ delay: again }),
    retry({ delay: (error) => (isUnimplemented(error) ? EMPTY : again()) }),
  );
  return connected$.pipe(
    distinctUntilChanged(),
    switchMap((isConnected) => (isConnected ? watched$ : EMPTY)),
    distinctUntilChanged(),
  );
}

function isUnimplemented(error: unknown): boolean {
  return GrpcError.is(error) && error.status === Status.UNIMPLEMENTED;
}
