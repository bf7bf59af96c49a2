import { firstValueFrom } from 'rxjs';
import type { GRPCControllerDefinition } from '../gen/internal/plugin/grpc_controller.js';
import type { ClientOf } from '../shared/service-definition.js';

/** What bounds a request to shut down. */
export interface RequestShutdownOptions {
  /** How long to wait for the answer. A Go plugin gives none: it closes the connection. */
  readonly timeoutMs: number;
  /** Ends the wait; aborted when the plugin's process has exited. */
  readonly signal?: AbortSignal;
}

/**
 * Asks a plugin to exit (go-plugin grpc_client.go Close). Resolves when it has answered, the call has failed or the time is up; never
 * rejects. The result is whether it has answered well; false says nothing: a Go plugin closes the connection, one without the service
 * answers UNIMPLEMENTED. The caller watches the process.
 */
export async function requestShutdown(
  client: ClientOf<typeof GRPCControllerDefinition>,
  { timeoutMs, signal }: RequestShutdownOptions,
): Promise<boolean> {
  const call$ = client.shutdown({}, signal === undefined ? { timeoutMs } : { timeoutMs, signal });
  return await firstValueFrom(call$).then(
    () => true,
    () => false,
  );
}
