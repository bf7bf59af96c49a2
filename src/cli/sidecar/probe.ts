import { firstValueFrom } from 'rxjs';
import { createClient, grpcPlugin, netRpcPlugin, type PluginClient, PluginError } from 'rxplug';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../../protocols/grpc/gen/grpc/health/v1/health.js';
import { CommandFailure, ExitCode } from '../process/exit-code.js';

/** Where a plugin is published, and how long it may take to answer. */
export interface ProbeOptions {
  readonly directory: string;
  readonly name: string;
  readonly timeoutMs: number;
}

const plugins = { health: grpcPlugin(HealthDefinition), object: netRpcPlugin({}) };

/** As of grpc-health-probe: the plugin could not be connected to, the question failed, or the answer is not SERVING. */
const CONNECTION_FAILED = 2;
const QUESTION_FAILED = 3;
const NOT_SERVING = 4;

/** Asks the plugin that a sidecar has published whether it serves. Rejects with a CommandFailure whose exit code is one of grpc-health-probe. */
export async function probe({ directory, name, timeoutMs }: ProbeOptions): Promise<void> {
  await using client = createClient({
    sidecar: { directory, name },
    // Nobody asks for the cookie of a plugin that runs.
    handshake: { magicCookieKey: 'unused', magicCookieValue: 'unused' },
    plugins,
    // For the host that the plugin is run for.
    grpc: { broker: { enabled: false } },
    startTimeoutMs: timeoutMs,
    pingTimeoutMs: timeoutMs,
  });
  await client.start().catch((error: unknown) => fail(CONNECTION_FAILED, error));
  const answer = await ask(client, timeoutMs).catch((error: unknown) => fail(QUESTION_FAILED, error));
  if (answer !== 'SERVING') fail(NOT_SERVING, `The plugin answers that it is ${answer}.`);
}

/** net/rpc has no health service: a plugin that answers serves. */
async function ask(client: PluginClient<typeof plugins>, timeoutMs: number): Promise<string> {
  if (client.protocol === 'netrpc') {
    await client.ping();
    return 'SERVING';
  }
  const health = await client.dispense('health');
  const { status } = await firstValueFrom(health.check({ service: 'plugin' }, { timeoutMs }));
  return HealthCheckResponse_ServingStatus[status] ?? 'UNKNOWN';
}

function fail(exitCode: ExitCode, error: unknown): never {
  throw new CommandFailure(exitCode, PluginError.is(error) ? `${error.code}: ${error.message}` : String(error));
}
