import type { AssembledPlugin } from '../plugin/assembled-plugin.js';
import { exitWithMessage } from '../plugin/magic-cookie.js';
import { selectPlugin } from '../plugin/select-plugin.js';
import { type PluginStart, serve as serveCore } from '../plugin/serve.js';
import { type ServeTestOptions, serveTest as serveTestCore, type TestServing } from '../plugin/test-serving.js';
import { checkOptions } from '../wire/option-names.js';
import { assemblePlugin } from './assemble-plugin.js';
import type { ServeOptions } from './serve-options.js';

/**
 * Serves plugins to the host that started this process. Resolves when serving has ended: at the host's request, with the host's exit,
 * on SIGTERM, or because the listener failed. Ends the process with status 1 if no host started it. Rejects when the plugin cannot be
 * served.
 *
 * @example
 * ```ts
 * await serve({ handshake, plugins: { greeter: Greeter } });
 * // What has to be ready first is made in a function, so that nothing that it prints can precede the handshake.
 * await serve(async ({ logger, host }) => ({ handshake, plugins: { store: implement(plugins.store, await openStore(logger, host)) } }));
 * ```
 */
export async function serve(options: LazyServeOptions): Promise<void> {
  let plugin: AssembledPlugin | undefined;
  const prepare = async (start: PluginStart): Promise<AssembledPlugin> => {
    plugin = assemblePlugin(typeof options === 'function' ? await options(start) : options);
    return plugin;
  };
  try {
    // What is no object is refused where the options are checked.
    const { handshake } = Object(options) as Partial<ServeOptions>;
    await serveCore({ handshake, prepare });
  } finally {
    await plugin?.[Symbol.asyncDispose]();
  }
}

/** The options of a plugin, or a function that prepares and makes them: what it prints is captured, and what it throws is logged. */
export type LazyServeOptions = ServeOptions | ((start: PluginStart) => ServeOptions | Promise<ServeOptions>);

/**
 * Serves the plugin that the program's only argument names. Ends the process with status 1 for another number of arguments and for an
 * unknown name (go-plugin server_mux.go ServeMux).
 *
 * @example
 * ```ts
 * await serveMux({
 *   greeter: { handshake, plugins: { greeter: Greeter } },
 *   // Called only if its name is given.
 *   store: async () => ({ handshake, plugins: { store: await loadStore() } }),
 * });
 * ```
 */
export async function serveMux(plugins: Readonly<Record<string, LazyServeOptions>>): Promise<void> {
  const selected = selectPlugin(Object.keys(plugins), process.argv.slice(2));
  if ('error' in selected) return await exitWithMessage(selected.error);
  await serve(plugins[selected.name] as LazyServeOptions);
}

/**
 * Serves plugins in test mode, in this process, for tests and debuggers: without magic cookie, handshake line and signal handlers, and
 * without ending the process. Hosts connect with the option `reattach`. Resolves when they can; rejects when the plugin cannot be served.
 *
 * @example
 * ```ts
 * await using serving = await serveTest({ handshake, plugins: { greeter: Greeter } });
 * await using client = createClient({ reattach: serving.reattach, handshake, plugins });
 * ```
 */
export async function serveTest(options: ServeOptions, test: ServeTestOptions = {}): Promise<TestServing> {
  checkOptions('serveTest', test, ['signal', 'syncStdio']);
  const plugin = assemblePlugin(options);
  const onEnded = async (): Promise<void> => plugin[Symbol.asyncDispose]();
  try {
    return await serveTestCore(plugin, { ...test, onEnded });
  } catch (error) {
    await onEnded();
    throw error;
  }
}
