import { firstValueFrom, map, merge } from 'rxjs';
import { errorMessage, PluginCallError } from '../../../errors.js';
import { loopTimer } from '../../../streams/loop-timeout.js';
import { HealthCheckResponse_ServingStatus as Code, type HealthDefinition } from '../gen/grpc/health/v1/health.js';
import type { ClientOf } from '../shared/service-definition.js';
import { GRPC_SERVICE_NAME } from './health.js';

/** What bounds a health check. */
export interface CheckHealthOptions {
  /** Bounds the call, connecting included. Time in which this process's event loop was blocked does not count. */
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
  const call$ = client.check({ service }, signal === undefined ? {} : { signal }).pipe(map(({ status }) => status));
  // Not the call's own deadline: after this process was blocked, who asks may kill a plugin that has answered.
  const late$ = loopTimer(timeoutMs, { ref: false }).pipe(map(() => 'late' as const));
  const answer = await firstValueFrom(merge(call$, late$)).catch((cause: unknown) => {
    throw noAnswer(service, `failed: ${errorMessage(cause)}`, cause);
  });
  if (answer !== 'late') return (Code[answer] as keyof typeof Code | undefined) ?? 'UNRECOGNIZED';
  throw noAnswer(service, `was not answered within ${timeoutMs} ms: the plugin hangs or is busy.`);
}

function noAnswer(service: string, how: string, cause?: unknown): PluginCallError {
  return new PluginCallError('ERR_PING', `The health check of "${service}" ${how}`, { cause });
}
