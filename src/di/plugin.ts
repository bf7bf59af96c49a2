import { serve as serveCore } from '../plugin/serve.js';
import { assemblePlugin, type ServeOptions } from './assemble-plugin.js';

/**
 * Serves plugins to the host that started this process, and resolves when serving has ended: the host asked for it, the host is
 * gone, or the listener broke. Ends the process with status 1 when it was not started by a host. Rejects when the plugin cannot be
 * served. Service classes are made by the container, each with a `LOGGER` of its own name.
 */
export async function serve(options: ServeOptions): Promise<void> {
  await using plugin = assemblePlugin(options);
  await serveCore(plugin.options, plugin.parts);
}
