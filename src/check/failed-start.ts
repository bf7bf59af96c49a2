import { hostParts } from '../assembly/host-parts.js';
import { StartError } from '../errors.js';
import type { ClientOptions } from '../host/options.js';
import { PluginClient } from '../host/plugin-client.js';
import type { PluginSet } from '../protocols/contract.js';
import { dualPlugin } from '../protocols/dual/contract.js';
import { grpcPlugin } from '../protocols/grpc/contract.js';
import { netRpcPlugin } from '../protocols/netrpc/contract.js';
import type { ResolvedCheckOptions } from './options.js';

/** Why a program is not checked at all: what a host says of it, which starts it once more. `cause` is what was seen before. */
export async function explainFailedStart(options: ResolvedCheckOptions, cause: unknown): Promise<unknown> {
  const client = new PluginClient<PluginSet>(clientOptions(options), hostParts({}));
  try {
    await client.start();
    return new StartError('ERR_EXITED_EARLY', 'The plugin did not start, and did when it was tried again.', { cause });
  } catch (error) {
    return error;
  } finally {
    await client.stop();
  }
}

const ANYTHING: PluginSet = {
  anything: dualPlugin({
    grpc: grpcPlugin<unknown, never>({ client: () => undefined, serve: () => {} }),
    netrpc: netRpcPlugin<unknown, never>({ client: () => undefined, serve: () => new Map() }),
  }),
};

function clientOptions(options: ResolvedCheckOptions): ClientOptions<PluginSet> {
  const { command, cwd, env, handshake, protocolVersions, startTimeoutMs } = options;
  const { magicCookieKey, magicCookieValue } = handshake;
  return {
    command,
    handshake: { magicCookieKey, magicCookieValue },
    versionedPlugins: Object.fromEntries(protocolVersions.map((version) => [version, ANYTHING])),
    allowedProtocols: ['grpc', 'netrpc'],
    startTimeoutMs,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  };
}
