import { type BehaviorSubject, filter, firstValueFrom } from 'rxjs';
import type { GRPCStdioDefinition } from '../gen/internal/plugin/grpc_stdio.js';
import type { ClientOf } from '../shared/service-definition.js';
import { type ReceiveStdioOptions, receiveStdio } from './stdio-client.js';

/**
 * Receives what the plugin's program writes on one connection after the other: a call that ends with its connection is made again on the
 * next one, where it goes on with what was not sent yet (so do Go plugins). `connections` counts the connections, and completes when there
 * will be no other. Resolves when no more output can come. Never rejects.
 */
export async function receiveLastingStdio(
  client: ClientOf<typeof GRPCStdioDefinition>,
  connections: BehaviorSubject<number>,
  options: ReceiveStdioOptions,
): Promise<void> {
  for (;;) {
    const connection = connections.value;
    const end = await receiveStdio(client, options);
    // Not on the same connection: a plugin that answers UNAVAILABLE would be asked for ever.
    if (end !== 'disconnected' || !(await hasNext(connections, connection))) return;
    options.logger.warn('stdout and stderr of the plugin are received over a new connection; output may be missing');
  }
}

async function hasNext(connections: BehaviorSubject<number>, connection: number): Promise<boolean> {
  const next$ = connections.pipe(filter((count) => count > connection));
  return (await firstValueFrom(next$, { defaultValue: 0 })) > 0;
}
