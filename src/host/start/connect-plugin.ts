import type { ResolvedLaunch } from '../launch-options.js';
import { connectSidecar } from './connect-sidecar.js';
import { reattachPlugin } from './reattach-plugin.js';
import type { ConnectedPlugin, StartContext } from './start-context.js';
import { startPlugin } from './start-plugin.js';

/** Comes to a connected plugin, in the way that the options say. */
export function connectPlugin(launch: ResolvedLaunch, context: StartContext): Promise<ConnectedPlugin> {
  switch (launch.kind) {
    case 'reattach':
      return reattachPlugin(launch, context);
    case 'sidecar':
      return connectSidecar(launch, context);
    default:
      return startPlugin(launch, context);
  }
}
