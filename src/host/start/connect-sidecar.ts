import { SAME_ADDRESSES } from '../../wire/handshake/address.js';
import type { SidecarLaunch } from '../attached/sidecar.js';
import { SidecarRunner } from '../attached/sidecar-runner.js';
import { findPublished } from '../attached/sidecar-search.js';
import { reattachPlugin } from './reattach-plugin.js';
import type { ConnectedPlugin, StartContext } from './start-context.js';

/** Waits for the plugin that a sidecar publishes, and connects to it. Rejects with a PluginError, or with the reason of `abort`. */
export async function connectSidecar(launch: SidecarLaunch, context: StartContext): Promise<ConnectedPlugin> {
  const { options, parts, abort } = context;
  const network = parts.createNetwork(SAME_ADDRESSES, {});
  const plugin = await findPublished(
    launch,
    async (address) => void (await network.dialerTo(address).dial({ signal: abort.signal })).destroy(),
    abort.signal,
  );
  const dialer = network.dialerTo(plugin.reattach);
  const attach = (): SidecarRunner => new SidecarRunner(launch, plugin, () => dialer.dial());
  // What the plugin is to connect to must be where it sees it.
  const unixSocket = { tempDir: launch.directory, ...options.unixSocket };
  return await reattachPlugin(
    { kind: 'reattach', config: plugin.reattach, attach },
    { ...context, options: { ...options, unixSocket } },
  );
}
