import { catchError, EMPTY, filter, map, type Observable, throwError } from 'rxjs';
import type { GrpcChannel } from '../protocols/grpc/client/channel.js';
import { createGrpcClient } from '../protocols/grpc/client/client.js';
import {
  HealthCheckResponse_ServingStatus as Code,
  HealthDefinition,
} from '../protocols/grpc/gen/grpc/health/v1/health.js';
import { checkHealth } from '../protocols/grpc/services/health-client.js';
import { OWN_SERVICE_LIMITS } from '../protocols/grpc/services/limits.js';
import { GrpcError } from '../protocols/grpc/shared/errors.js';
import { status as Status } from '../protocols/grpc/shared/grpc-js.js';
import type { Answer, HealthSubject } from './health.js';
import type { HealthOptions } from './options.js';

const OPTIONS = { defaults: { ...OWN_SERVICE_LIMITS, background: true } };

/** The health service of a plugin over gRPC. One that has none, or does not know the service, is well when it says so. */
export function grpcHealth(
  channel: GrpcChannel,
  { service, timeoutMs }: Required<HealthOptions>,
): Pick<HealthSubject, 'check' | 'told$'> {
  const client = createGrpcClient(channel, HealthDefinition, OPTIONS);
  return {
    async check() {
      try {
        return answerOf(await checkHealth(client, { service, timeoutMs }));
      } catch (error) {
        if (error instanceof Error && answered(error.cause)) return 'serving';
        throw error;
      }
    },
    told$: client.watch({ service }).pipe(
      map(({ status }) => Code[status] ?? 'UNKNOWN'),
      filter((name) => name !== 'UNKNOWN'),
      map(answerOf),
      catchError((error: unknown): Observable<Answer> => (answered(error) ? EMPTY : throwError(() => error))),
    ),
  };
}

function answerOf(status: string): Answer {
  return status === 'NOT_SERVING' ? 'not-serving' : 'serving';
}

/** An error that the plugin sent, other than that it cannot at the moment. */
function answered(error: unknown): boolean {
  return GrpcError.is(error) && (error.status === Status.UNIMPLEMENTED || error.status === Status.NOT_FOUND);
}
