import { firstValueFrom } from 'rxjs';
import { errorMessage, PluginCallError } from '../../../errors.js';
import { HealthCheckResponse_ServingStatus as Code, type HealthDefinition } from '../gen/grpc/health/v1/health.js';
import { GrpcError } from '../shared/errors.js';
import type { ClientOf } from '../shared/service-definition.js';
import { GRPC_SERVICE_NAME } from './health.js';

/** What bounds a health check. */
export interface CheckHealthOptions {
  /** Bounds the call, connecting included. */
  readonly timeoutMs: number;
  /** @default 'plugin' */
  readonly service?: string;
  readonly signal?: AbortSignal;
}

/** What a peer answered: a name of the protocol's enum, or `UNRECOGNIZED` for a number that it does not have. */
export type ReportedStatus = keyof typeof Code | 'UNRECOGNIZED';

/**
 * Asks a peer for its health. Resolves with any answer: NOT_SERVING is no error either, as in a Go host's ping (go-plugin grpc_client.go
 * Ping). Rejects with PluginCallError ERR_PING when there is no answer within `timeoutMs`.
 */
export async function checkHealth(
  client: Pick<ClientOf<typeof HealthDefinition>, 'check'>,
  options: CheckHealthOptions,
): Promise<ReportedStatus> {
  const { timeoutMs, service = GRPC_SERVICE_NAME, signal } = options;
  try {
    const call$ = client.check({ service }, signal === undefined ? { timeoutMs } : { timeoutMs, signal });
    const { status } = await firstValueFrom(call$);
    return (Code[status] as keyof typeof Code | undefined) ?? 'UNRECOGNIZED';
  } catch (cause) {
    throw noAnswer(cause, service, timeoutMs);
  }
}

function noAnswer(cause: unknown, service: string, timeoutMs: number): PluginCallError {
  const late = GrpcError.is(cause) && cause.statusName === 'DEADLINE_EXCEEDED';
  const how = late
    ? `was not answered within ${timeoutMs} ms: the plugin hangs or is busy.`
    : `failed: ${errorMessage(cause)}`;
  return new PluginCallError('ERR_PING', `The health check of "${service}" ${how}`, { cause });
}
