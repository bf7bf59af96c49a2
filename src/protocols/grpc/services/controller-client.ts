import { firstValueFrom } from 'rxjs';
import type { GRPCControllerDefinition } from '../gen/internal/plugin/grpc_controller.js';
import type { ClientOf } from '../shared/service-definition.js';

/** How long a plugin is asked to end. */
export interface RequestShutdownOptions {
  /** Bounds the wait for an answer that a Go plugin does not give. */
  readonly timeoutMs: number;
  /** Aborted when the process is gone: then there is nothing to wait for. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a plugin to end itself. Resolves when it has answered, in whatever way, or its time is up; never rejects: a Go plugin cuts
 * the connection, one without the service says UNIMPLEMENTED, and in every case the caller watches the process (go-plugin
 * grpc_client.go Close).
 */
export async function requestShutdown(
  client: ClientOf<typeof GRPCControllerDefinition>,
  { timeoutMs, signal }: RequestShutdownOptions,
): Promise<void> {
  const call$ = client.shutdown({}, signal === undefined ? { timeoutMs } : { timeoutMs, signal });
  await firstValueFrom(call$).catch(() => {});
}
