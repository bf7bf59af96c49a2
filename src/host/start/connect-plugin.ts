import type { ResolvedLaunch } from '../launch-options.js';
import { connectSidecar } from './connect-sidecar.js';
import { reattachPlugin } from './reattach-plugin.js';
import type { ConnectedPlugin, StartContext } from './start-context.js';
import { startPlugin } from './start-plugin.js';

/** Comes to a connected plugin, in the way that the options say. */
export async function connectPlugin(launch: ResolvedLaunch, context: StartContext): Promise<ConnectedPlugin> {
  switch (launch.kind) {
    case 'reattach':
      return await reattachPlugin(launch, context);
    case 'sidecar':
      return await connectSidecar(launch, context);
    case 'endpoint':
      return await (await import('./connect-endpoint.js')).connectEndpoint(launch, context);
    default:
      return await startPlugin(launch, context);
  }
}
