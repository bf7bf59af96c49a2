import type { PluginSet } from '../protocols/contract.js';
import { type SupervisedOptions, SupervisedPlugin } from '../supervision/supervised-plugin.js';
import { requireOptions } from '../wire/option-names.js';
import { HOST_OPTION_NAMES, type HostAssemblyOptions, partsSource } from './host.js';
import { checkSupervisionNames } from './supervision-names.js';

const NAMES = [...HOST_OPTION_NAMES, 'supervision'];

/**
 * Keeps a plugin running: starts it, starts it again when it ends or hangs, and replaces it without a failed call. Its clients stay the
 * same over all processes. Throws OptionsError.
 *
 * @example
 * ```ts
 * await using plugin = supervise({ command: ['./kv-plugin'], handshake, plugins });
 * const kv = await plugin.dispense('kv'); // once; works for ever
 * await firstValueFrom(kv.put({ key: 'a', value }));
 * plugin.state$.subscribe(({ status }) => console.log(status));
 * await plugin.reload();
 * ```
 */
export function supervise<P extends PluginSet>(
  options: SupervisedOptions<P> & HostAssemblyOptions,
): SupervisedPlugin<P> {
  requireOptions('supervise', options, NAMES);
  checkSupervisionNames(options.supervision);
  return new SupervisedPlugin<P>(options, partsSource(options));
}
